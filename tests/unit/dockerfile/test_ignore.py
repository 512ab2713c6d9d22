"""`.dockerignore` as BuildKit reads it, and against a slow and obvious model."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.ignore import IgnoreRules, find_ignore
from polyarch.dockerfile.pattern import clean
from polyarch.errors import BuildContextError, IgnoreFileError


def ignored(patterns: str, path: str) -> bool:
    return IgnoreRules.parse(patterns).ignores(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        # patterns stand from the root
        ("foo", "foo", True),
        ("foo", "foo/bar", True),
        ("foo", "a/foo", False),
        ("/foo", "foo", True),
        ("/foo/", "foo/bar", True),
        ("./foo//bar/../baz", "foo/baz", True),
        ("../foo", "foo", False),
        (".", "foo", False),
        ("/", "foo", False),
        # one star stays inside a name
        ("*", "a", True),
        ("*.txt", "a.txt", True),
        ("*.txt", "d/a.txt", False),
        ("*/a", "d/a", True),
        ("*/a", "a", False),
        ("abc?def", "abcZdef", True),
        ("abc?def", "abc/def", False),
        (".*", ".foo", True),
        (".*", "foo", False),
        # two stars
        ("**", "a/b", True),
        ("**/foo", "foo", True),
        ("**/foo", "a/b/foo/c", True),
        ("**/foo", "a/barfoo", False),
        ("**foo", "a/barfoo", True),
        ("**/*.txt", "a.txt", True),
        ("**/**/*.txt", "d/d/a.txt", True),
        ("dir/**", "dir", False),
        ("dir/**", "dir/a/b", True),
        ("a**/*.txt", "a/d/d/f.txt", True),
        ("a**", "abc/d", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/xb", False),
        ("**/**", "a", True),
        ("a/*.txt**", "a/f.txt", True),
        # classes and escapes
        ("a[b-d]e", "ace", True),
        ("a[b-d]e", "aae", False),
        ("a[^b-d]e", "aze", True),
        ("a[!b]e", "a!e", True),
        ("a[]]", "a]", None),
        ("a[\\]]", "a]", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("a\\\\b", "a\\b", True),
        # a backslash before a letter is what it is in Go's expressions: no separator of folders
        ("bin\\debug", "bin/debug", False),
        ("bin\\debug", "bin7ebug", True),
        ("\\a", "a", False),
        ("\\a", "\x07", True),
        ("a]b", "a]b", True),
        ("abc.def", "abcZdef", False),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", True),
        ("a(b)c/d", "a(b)c/d", True),
    ],
)
def test_single_patterns(pattern: str, path: str, expected: bool | None):
    if expected is None:
        with pytest.raises(IgnoreFileError):
            ignored(pattern, path)
    else:
        assert ignored(pattern, path) is expected


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        ("*.md\n!README.md", "README.md", False),
        ("!README.md\n*.md", "README.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("docs\n!docs/README.md", "docs/other", True),
        ("**\n!util/web", "util/web/foo", False),
        ("**\n!util/web\nutil/web/foo", "util/web/foo", True),
        ("*\n!/src/", "src/deep/file", False),
        ("*\n!**/*.go", "a/b/c.go", False),
        ("! docs\ndocs", "docs", True),
        # an exception is tried on a folder only when something had ignored it
        ("*/x\n!a", "a/x", True),
        # `!` counts after cleaning as well
        ("*\n./!foo", "foo", False),
        ("*\n/!foo", "foo", False),
        ("*\n!!foo", "foo", True),
        ("a\n!a", "a/x", False),
        # comments begin in the first column; blanks around patterns do not count
        ("#foo", "#foo", False),
        (" #foo", "#foo", True),
        ("\\#foo", "#foo", True),
        ("  foo  \r\n\n", "foo", True),
        ("\ufefffoo", "foo", True),
        ("", "foo", False),
    ],
)
def test_several_lines(patterns: str, path: str, expected: bool):
    assert ignored(patterns, path) is expected


MALFORMED = (
    "[", "a[]b", "[b-a]", "a\\", "[a", "[a-", "[-a]", "[\\", "!", "!  ", "!/", "./!", "[*]", "[?]",
    "[[:alpha:]]", "[\\d]", "a\\m", "a\\\u00e9", "\\Qa", "\\1",
)  # fmt: skip


@pytest.mark.parametrize("pattern", MALFORMED)
def test_malformed_patterns_are_refused_with_their_line(pattern: str):
    with pytest.raises(IgnoreFileError) as caught:
        IgnoreRules.parse(f"a\n\n{pattern}\n", path="x/.dockerignore")
    assert caught.value.where == "x/.dockerignore, line 3"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a//b/./c/", "a/b/c"), ("/a/..", "/"), ("a/../..", ".."), ("//a", "/a"), ("a/..", ".")],
)
def test_clean(path: str, expected: str):
    assert clean(path) == expected


# --- a model -----------------------------------------------------------------------------------
# Straight from the documentation: each pattern is one expression, each path is tried with all the
# folders above it, the last pattern that matches decides.

names = st.text(alphabet="ab", min_size=1, max_size=2)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
parts = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "[ab]", "[^a]", "**"])
bodies = st.lists(parts, min_size=1, max_size=3).map("/".join)
exceptions = st.booleans()


def expression(pattern: str) -> str:
    regular = re.escape(pattern).replace(r"\[", "[").replace(r"\]", "]").replace(r"\^", "^")
    regular = regular.replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*")
    return regular.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")


def model(lines: list[tuple[bool, str]], path: str) -> bool:
    folders = path.split("/")
    above = ["/".join(folders[: i + 1]) for i in range(len(folders))]
    outcome = False
    for is_exception, pattern in lines:
        if any(re.fullmatch(expression(pattern), one) for one in above):
            outcome = not is_exception
    return outcome


@given(st.lists(bodies, max_size=4), paths)
def test_without_exceptions_the_matcher_is_the_model(patterns: list[str], path: str):
    assert ignored("\n".join(patterns), path) is model([(False, one) for one in patterns], path)


@given(st.lists(st.tuples(exceptions, bodies), max_size=5), paths)
def test_with_exceptions_it_is_the_reference(lines: list[tuple[bool, str]], path: str):
    """The one difference: an exception is not tried on a folder that nothing had ignored before."""
    text = "\n".join(f"{'!' if is_exception else ''}{one}" for is_exception, one in lines)
    assert ignored(text, path) is reference(lines, path)


def reference(lines: list[tuple[bool, str]], path: str) -> bool:
    folders = path.split("/")
    matched = [False] * len(lines)
    outcome = False
    for depth in range(1, len(folders) + 1):
        outcome = False
        for i, (is_exception, pattern) in enumerate(lines):
            tried = is_exception == outcome
            here = re.fullmatch(expression(pattern), "/".join(folders[:depth])) is not None
            matched[i] = matched[i] or (tried and here)
            if matched[i]:
                outcome = not is_exception
    return outcome


@given(st.lists(st.tuples(exceptions, bodies), max_size=5), paths, names)
def test_a_folder_is_passed_over_only_if_all_below_it_is_ignored(
    lines: list[tuple[bool, str]], folder: str, name: str
):
    text = "\n".join(f"{'!' if is_exception else ''}{one}" for is_exception, one in lines)
    rules = IgnoreRules.parse(text)
    if rules.ignores(folder) and not rules.may_return_below(folder):
        assert rules.ignores(f"{folder}/{name}")
        assert rules.ignores(f"{folder}/{name}/{name}")


@given(st.text(alphabet="ab*?[]^!-\\/#. \n", max_size=30), paths)
def test_any_text_is_read_or_refused(text: str, path: str):
    try:
        rules = IgnoreRules.parse(text)
    except IgnoreFileError as error:
        assert error.where
    else:
        assert rules.ignores(path) in {True, False}


@given(st.text(alphabet="ab*?!-\\/#. \t\u00a0\ufeff\n", max_size=20))
def test_patterns_are_written_as_they_are_read(text: str):
    try:
        rules = IgnoreRules.parse(text)
    except IgnoreFileError:
        return
    written = "".join(f"{pattern}\n" for pattern in rules.patterns)
    assert IgnoreRules.parse(written).patterns == rules.patterns


# --- which file ----------------------------------------------------------------------------------


def test_the_file_beside_the_dockerfile_comes_first(tmp_path):
    context = tmp_path / "context"
    context.mkdir()
    dockerfile = tmp_path / "Dockerfile.web"
    assert find_ignore(context, dockerfile).patterns == ()
    (context / ".dockerignore").write_text("general")
    assert find_ignore(context, dockerfile).ignores("general")
    (tmp_path / "Dockerfile.web.dockerignore").write_text("special")
    rules = find_ignore(context, dockerfile)
    assert (rules.ignores("general"), rules.ignores("special")) == (False, True)
    assert rules.path == str(tmp_path / "Dockerfile.web.dockerignore")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / ".dockerignore").mkdir()
    with pytest.raises(BuildContextError):
        find_ignore(tmp_path, tmp_path / "Dockerfile")
