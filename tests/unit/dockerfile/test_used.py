"""What of a context counts: only what stages can read, and all of it where that cannot be told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.context import context_digest
from polyarch.dockerfile.ignore import IgnoreRules
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.stages import resolve
from polyarch.dockerfile.used import UsedFiles, used_files
from polyarch.oci.platform import Platform

AMD = Platform.parse("amd64")
FILES = ["a.c", "b.c", "src/one.c", "src/deep/two.c", "docs/x.md", "srcs/x", "[odd]/f"]


def used(text: str, target: str | None = None) -> UsedFiles | None:
    tree = parse(text)
    return used_files(resolve(tree, target=target, platform=AMD, build_platform=AMD))


def read(text: str, target: str | None = None) -> list[str]:
    found = used(text, target)
    return FILES if found is None else [each for each in FILES if found.below.fullmatch(each)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("COPY a.c /", ["a.c"]),
        ("COPY ./a.c b.c /x/", ["a.c", "b.c"]),
        ("COPY *.c /", ["a.c", "b.c"]),
        ("COPY ?.c /", ["a.c", "b.c"]),
        ("COPY src /src", ["src/one.c", "src/deep/two.c"]),
        ("COPY /src/ /src", ["src/one.c", "src/deep/two.c"]),
        ("COPY ../src/*.c /src", ["src/one.c"]),
        ("COPY [abc].c /", ["a.c", "b.c"]),
        ("COPY --parents **/two.c /", ["src/deep/two.c"]),
        ("COPY --parents **/*.c /", ["a.c", "b.c", "src/one.c", "src/deep/two.c"]),
        ("COPY --parents src/**/*.c /", ["src/one.c", "src/deep/two.c"]),
        ("COPY --parents src/**/deep/** /", ["src/deep/two.c"]),
        ("COPY [a/b].c /", FILES),
        ('COPY ["docs/x.md", "/"]', ["docs/x.md"]),
        ("ADD https://example.com/a.c /", []),
        ("RUN make", []),
        ("RUN --mount=source=docs,target=/d make", ["docs/x.md"]),
        ("RUN --mount=target=. make", FILES),
        ("COPY . /", FILES),
        ("COPY src/.. /", FILES),
        ("COPY * /", FILES),
    ],
)
def test_what_an_instruction_reads(line: str, wanted: list[str]) -> None:
    assert read(f"FROM scratch\n{line}\n") == wanted


def test_a_variable_that_only_the_base_knows_is_everything() -> None:
    assert used("FROM debian\nCOPY $UNKNOWN /\n") is None
    assert used("FROM scratch\nARG A=docs\nCOPY $A /\n") is not None


def test_stages_that_the_target_does_not_need_do_not_count() -> None:
    text = "FROM scratch AS one\nCOPY a.c /\nFROM scratch AS two\nCOPY . /\n"
    assert read(text, "one") == ["a.c"]
    assert read(text, "two") == FILES


@given(st.lists(st.sampled_from(["a.c", "src", "*.md", "x?y", "d/e/f"]), min_size=1))
def test_order_and_repeats_do_not_count(names: list[str]) -> None:
    one = used(f"FROM scratch\nCOPY {' '.join(names)} /x/\n")
    two = used(f"FROM scratch\nCOPY {' '.join(sorted(set(names)))} /x/\n")
    assert one == two


class TestDigest:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        for name in FILES:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        return tmp_path

    def digest(self, root: Path, line: str, ignore: str = "") -> str:
        rules = IgnoreRules.parse(ignore)
        return str(context_digest(root, None, rules, used(f"FROM scratch\n{line}\n")))

    def test_only_what_is_read_counts(self, root: Path) -> None:
        before = self.digest(root, "COPY src /")
        (root / "a.c").write_text("other")
        assert self.digest(root, "COPY src /") == before
        (root / "src" / "new").write_text("other")
        assert self.digest(root, "COPY src /") != before

    def test_ignored_files_do_not(self, root: Path) -> None:
        before = self.digest(root, "COPY src /", "src/deep")
        (root / "src" / "deep" / "two.c").write_text("other")
        assert self.digest(root, "COPY src /", "src/deep") == before

    @pytest.mark.parametrize("line", ["COPY link/one.c /", "COPY link /", "COPY *nk/one.c /"])
    def test_behind_a_link_everything_does(self, root: Path, line: str) -> None:
        (root / "link").symlink_to("src")
        before = self.digest(root, line)
        (root / "src" / "one.c").write_text("other")
        assert self.digest(root, line) != before

    def test_a_link_inside_of_what_is_read_is_its_own_content(self, root: Path) -> None:
        (root / "src" / "link").symlink_to("../a.c")
        before = self.digest(root, "COPY src /")
        (root / "a.c").write_text("other")
        assert self.digest(root, "COPY src /") == before
