"""The reading rules of BuildKit's parser, one after the other."""

import contextlib
import time

import pytest

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.tree import Comment, Dockerfile, Instruction
from polyarch.errors import DockerfileSyntaxError


def lines(text: str) -> list[tuple[str, int, int]]:
    return [(one.name, one.first_line, one.last_line) for one in read(text).instructions]


def read(text: str) -> Dockerfile:
    dockerfile = parse(text)
    assert str(dockerfile) == text
    return dockerfile


def only(text: str) -> Instruction:
    (instruction,) = read(text).instructions
    return instruction


def refused(text: str) -> tuple[int, str]:
    with pytest.raises(DockerfileSyntaxError) as caught:
        parse(text, path="deploy/Dockerfile")
    assert caught.value.where == f"deploy/Dockerfile, line {caught.value.line}"
    return caught.value.line, caught.value.reason


# --- directives ------------------------------------------------------------------------------


def test_directives_of_the_first_lines_count():
    dockerfile = read("#check=skip=all;error=true\n# SYNTAX = docker/dockerfile:1 x \nFROM a\n")
    assert [(one.name, one.value, one.line) for one in dockerfile.directives] == [
        ("check", "skip=all;error=true", 1),
        ("syntax", "docker/dockerfile:1 x", 2),
    ]
    assert dockerfile.syntax == "docker/dockerfile:1"
    syntax = dockerfile.directive("syntax")
    assert syntax
    assert syntax.value_span.of(dockerfile.text) == syntax.value


@pytest.mark.parametrize("above", ["# a comment\n", "\n", "#\n", "# unknown=x\n", "ARG a\n"])
def test_anything_else_ends_the_directives(above: str):
    dockerfile = read(f"{above}# escape=`\nFROM a\nRUN x \\\n y\n")
    assert dockerfile.escape == "\\"
    assert not dockerfile.directives
    assert dockerfile.instructions[-1].arguments.text == "x  y"


def test_the_escape_directive_works_behind_a_byte_order_mark():
    text = "\ufeff# escape=`\nFROM a\nCOPY x C:\\\nRUN dir `\n  C:\\\n"
    assert lines(text) == [("FROM", 2, 2), ("COPY", 3, 3), ("RUN", 4, 5)]


def test_a_directive_is_given_once():
    assert refused("# escape=`\n# Escape=\\\nFROM a\n") == (
        2,
        "the directive `escape` is given twice",
    )


def test_other_escape_characters_are_refused():
    assert refused("# escape=^\nFROM a\n")[0] == 1
    assert refused("# escape=  \nFROM a\n")[0] == 1


# --- continuations ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "joined"),
    [
        ("x \\\n y", "x  y"),
        ("x \\  \t\n y", "x  y"),
        ("x\\\n\\\ny", "xy"),
        ("x\\\n  \\\n  y", "x    y"),
        ("x\\\n# gone \\\n y", "x y"),
        ("x\\\n   # gone\n y", "x y"),
        ("x\\\n\n\t\n y", "x y"),
        ("x\\\n # one\n\n # two \\\n y", "x y"),
        ("x\\", "x"),
        ("x\\\r\n y\r", "x y"),
        ("C:\\\\", "C:\\\\"),
        ("x # no comment", "x # no comment"),
    ],
)
def test_continuations(body: str, joined: str):
    instruction = only(f"RUN {body}\n")
    assert instruction.arguments.text == joined


def test_two_escape_characters_do_not_continue():
    assert lines("FROM a\nRUN echo foo\\\\\nUSER x\n") == [
        ("FROM", 1, 1),
        ("RUN", 2, 2),
        ("USER", 3, 3),
    ]


def test_a_windows_path_swallows_the_next_line():
    assert lines("FROM a\nCOPY testfile.txt C:\\\nRUN dir\nUSER x\n") == [
        ("FROM", 1, 1),
        ("COPY", 2, 3),
        ("USER", 4, 4),
    ]


def test_the_escape_character_as_last_byte():
    assert lines("FROM a\nRUN x \\") == [("FROM", 1, 1), ("RUN", 2, 2)]
    assert lines("FROM a\nRUN x \\\n y") == [("FROM", 1, 1), ("RUN", 2, 3)]


def test_a_line_of_the_escape_character_alone_begins_an_instruction():
    assert lines("\\\nFROM a\n") == [("FROM", 1, 2)]
    assert refused("FROM a\n\\\n\n")[0] == 2


def test_comments_and_blank_lines_inside_are_kept_by_the_tree():
    dockerfile = read("# top \\\nFROM a\nRUN x \\\n  # in\n\n  y\n# end")
    assert [(one.text, one.line) for one in dockerfile.comments] == [
        ("top \\", 1),
        ("in", 4),
        ("end", 7),
    ]
    assert dockerfile.comments[1].span.of(dockerfile.text) == "# in"
    assert dockerfile.instructions[1].blank_lines == (5,)
    assert isinstance(dockerfile.nodes[-1], Comment)


def test_carriage_returns_stay_and_mean_nothing():
    text = "FROM a\r\nRUN <<E\r\nz\r\nE\r\nUSER q\r\n"
    assert lines(text) == [("FROM", 1, 1), ("RUN", 2, 4), ("USER", 5, 5)]
    dockerfile = read(text)
    assert dockerfile.newline == "\r\n"
    assert dockerfile.instructions[1].heredocs[0].body == "z\r\n"


def test_a_form_feed_or_line_separator_ends_no_line():
    assert lines("FROM a\nRUN x\x0cy\u2028z\x85\n") == [("FROM", 1, 1), ("RUN", 2, 2)]


# --- keyword, flags, arguments -----------------------------------------------------------------


def test_keywords_in_any_case_and_indented():
    dockerfile = read("  from a\n\tRun x\n")
    assert [(one.keyword.text, one.name) for one in dockerfile.instructions] == [
        ("from", "FROM"),
        ("Run", "RUN"),
    ]
    run = dockerfile.instructions[1]
    assert run.keyword.span.of(dockerfile.text) == "Run"
    assert run.span.of(dockerfile.text) == "Run x"
    assert run.extent.of(dockerfile.text) == "\tRun x\n"


def test_even_a_keyword_can_be_continued():
    text = "FR\\\n# comment\nOM a\n"
    instruction = only(text)
    assert (instruction.name, instruction.arguments.text) == ("FROM", "a")
    assert instruction.keyword.span.of(text) == "FR\\\n# comment\nOM"


def test_flags_end_where_a_word_does_not_begin_with_dashes():
    text = (
        "RUN --mount=type=bind,target=. \\\n    # note\n    --network=none "
        "--weird='a b\\'c'\"d\" x --no=flag\n"
    )
    run = only(text)
    assert [(flag.name, flag.value) for flag in run.flags] == [
        ("mount", "type=bind,target=."),
        ("network", "none"),
        ("weird", "a b'cd"),
    ]
    assert run.arguments.text == "x --no=flag"
    assert run.flags[1].span.of(text) == "--network=none"
    assert run.flags[2].value_span
    assert run.flags[2].value_span.of(text) == "'a b\\'c'\"d\""


def test_a_bare_pair_of_dashes_ends_the_flags():
    run = only("COPY --link -- --odd /x\n")
    assert [(flag.name, flag.value) for flag in run.flags] == [("link", None)]
    assert run.arguments.text == "--odd /x"


def test_flags_of_healthcheck_stand_before_its_cmd():
    check = only('HEALTHCHECK --interval=5s CMD ["curl", "-f", "http://localhost/"]\n')
    assert check.flag("interval")
    assert check.json == ("curl", "-f", "http://localhost/")
    assert only("HEALTHCHECK NONE\n").json is None


def test_onbuild_wraps_a_whole_instruction():
    text = "ONBUILD RUN --mount=type=cache,target=/x echo hi \\\n  there <<E\nbody\nE\n"
    onbuild = only(text)
    trigger = onbuild.trigger
    assert trigger
    assert (onbuild.flags, onbuild.heredocs) == ((), ())
    assert (trigger.name, trigger.arguments.text) == ("RUN", "echo hi   there <<E")
    assert trigger.flags[0].span.of(text) == "--mount=type=cache,target=/x"
    assert trigger.heredocs[0].body == "body\n"
    assert trigger.span.of(text) == text[8:-1]


@pytest.mark.parametrize("inner", ["ONBUILD RUN x", "FROM a", "maintainer me"])
def test_onbuild_does_not_hold_everything(inner: str):
    assert refused(f"FROM a\nONBUILD {inner}\n")[0] == 2


def test_instructions_that_nobody_knows_stay_in_the_tree():
    include, _ = read("INCLUDE+ x\nFROM a\n").instructions
    assert not include.is_known


# --- JSON form ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instruction", "value"),
    [
        ('RUN ["sh", "-c", "a b"]', ("sh", "-c", "a b")),
        ("RUN ['sh', \"bad\"]", None),
        ('CMD [ "a", \\\n "b" ]', ("a", "b")),
        ('COPY --from=x ["/a b", "/c"]', ("/a b", "/c")),
        ("VOLUME []", ()),
        ('SHELL ["a"] b', None),
        ("RUN [NaN]", None),
        ('EXPOSE ["80"]', None),
        ('RUN ["\\ud800"]', ("\ufffd",)),
        ('RUN ["unclosed', None),
    ],
)
def test_json_form_or_silently_the_shell_form(instruction: str, value: tuple[str, ...] | None):
    assert only(instruction + "\n").json == value


@pytest.mark.parametrize("value", ["[1]", '["a", null]', "[[]]", "[" + "9" * 5000 + "]"])
def test_json_of_other_things_than_strings_is_refused(value: str):
    assert refused(f"FROM a\nRUN {value}\n") == (2, "the JSON form must hold strings only")


# --- ENV, LABEL, ARG -----------------------------------------------------------------------------


def test_assignments_keep_their_quotes_and_places():
    text = "ENV A=1 \\\n    B=\"two # three\" C=d\\ e 'f g'=h\n"
    env = only(text)
    assert [(one.name, one.value) for one in env.assignments] == [
        ("A", "1"),
        ("B", '"two # three"'),
        ("C", "d\\ e"),
        ("'f g'", "h"),
    ]
    value = env.assignments[1].value_span
    assert value
    assert value.of(text) == '"two # three"'


def test_the_old_form_takes_the_rest_of_the_line():
    (one,) = only("ENV LEGACY  some value # = no comment\n").assignments
    assert (one.name, one.value, one.legacy) == ("LEGACY", "some value # = no comment", True)


def test_arg_needs_no_value():
    arg = only('ARG A B=2 C="" D=\n')
    assert [(one.name, one.value) for one in arg.assignments] == [
        ("A", None),
        ("B", "2"),
        ("C", '""'),
        ("D", ""),
    ]


@pytest.mark.parametrize("instruction", ["ENV A", "LABEL a", "ENV A=1 B"])
def test_env_and_label_need_values(instruction: str):
    assert refused(f"FROM a\n\n{instruction}\n")[0] == 3


# --- here-documents --------------------------------------------------------------------------


def test_several_heredocs_are_read_in_order():
    text = "COPY <<\"A\" <<-'B C' <<D /dst/\none $X\nA\n\ttwo\n\tB C\nFROM no\nD\nUSER x\n"
    copy, user = read(text).instructions
    assert [(one.name, one.expands, one.drops_tabs, one.content) for one in copy.heredocs] == [
        ("A", False, False, "one $X\n"),
        ("B C", False, True, "two\n"),
        ("D", True, False, "FROM no\n"),
    ]
    assert user.first_line == 8
    assert [one.word_span.of(text) for one in copy.heredocs] == ['<<"A"', "<<-'B C'", "<<D"]
    assert [one.terminator_span.of(text) for one in copy.heredocs] == ["A", "B C", "D"]
    assert copy.span.of(text) == text[: text.index("\nUSER")]


@pytest.mark.parametrize(
    ("words", "name", "expands"),
    [
        ("<<EOF", "EOF", True),
        ("<<eo'f'", "eof", False),
        ("<<eo\\'f", "eo'f", True),
        ("<<$EOF", "$EOF", True),
        ("3<<EOF cat", "EOF", True),
        ("python3 <<EOF && echo done", "EOF", True),
        ("cat <<EOF > /etc/x", "EOF", True),
        ("cat <<  EOF  > /etc/x", "EOF", True),
        ("${VAR%/} <<EOF", "EOF", True),
    ],
)
def test_words_that_begin_heredocs(words: str, name: str, expands: bool):
    (heredoc,) = only(f"RUN {words}\nRUN nope\n{name}\n").heredocs
    assert (heredoc.name, heredoc.expands, heredoc.body) == (name, expands, "RUN nope\n")


@pytest.mark.parametrize(
    "instruction",
    [
        "RUN echo $((1<<2))",
        "RUN echo $((1 << 2))",
        'RUN cat <<< "word"',
        'RUN x=y"<<EOF"',
        "RUN echo it's <<EOF",
        'RUN ["cat", "<<EOF"]',
        "ENV A=<<EOF",
        'CMD <<""',
        "RUN a<<EOF",
        'RUN <<""',
    ],
)
def test_words_that_begin_none(instruction: str):
    assert only(f"{instruction}\n").heredocs == ()


def test_heredoc_words_know_the_backslash_only():
    text = "# escape=`\nRUN <<a\\'b\nx\na'b\n"
    assert only(text).heredocs[0].name == "a'b"


def test_a_heredoc_must_end():
    assert refused("FROM a\nRUN x\nRUN <<EOF\nbody\nEOF \n") == (
        3,
        "the here-document `EOF` does not end",
    )


# --- the whole file --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n\n", "# comment\n", "\ufeff", "# syntax=x"])
def test_a_file_without_instructions_is_refused(text: str):
    assert refused(text)[1] == "the file has no instructions"


@pytest.mark.parametrize("line", ["x" * 65536, "\u00e9" * 33000])
def test_a_line_longer_than_buildkits_buffer_is_refused(line: str):
    assert refused(f"FROM a\nRUN y\nRUN {line}\n") == (3, "the line is longer than 65535 bytes")


def test_positions_count_from_one():
    dockerfile = read("FROM a\r\n  RUN x\n")
    run = dockerfile.instructions[1]
    position = dockerfile.position(run.keyword.span.start)
    assert (position.line, position.column) == (2, 3)


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        ("", "RUN echo hello && make all\n"),
        ("", "# comment\n"),
        ("", "RUN 1 << 2\n"),
        ("", "RUN <<E\nx\nE\n"),
        ("RUN ", "x \\\n"),
        ("RUN x \\\n", "\n"),
        ("RUN x \\\n", "# comment \\\n"),
        ("RUN ", "--mount=type=cache \\\n"),
        ("RUN ", "<<E \\\n"),
        ("RUN <<E ", "${a:-\\\n"),
        ("RUN <<E ", "'\\\n"),
        ("ENV ", "a=b \\\n"),
        ("RUN [", '"a",\\\n'),
    ],
)
def test_time_grows_with_the_text_and_no_faster(start: str, unit: str):
    def seconds(size: int) -> float:
        text = "FROM a\n" + start + unit * (size // len(unit))
        begin = time.process_time()
        with contextlib.suppress(DockerfileSyntaxError):
            parse(text)
        return time.process_time() - begin

    # A quadratic reader needs a hundred times as long for ten times the text.
    small, large = min(seconds(20_000) for _ in range(3)), seconds(200_000)
    assert large < 40 * small + 0.2
