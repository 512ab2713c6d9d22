import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.dockerfile.context import FileKind, context_digest, context_files
from polyarch.dockerfile.ignore import IgnoreRules
from polyarch.errors import BuildContextError

ALL = IgnoreRules()


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def paths(root: Path, patterns: str = "") -> list[str]:
    return [one.path for one in context_files(root, IgnoreRules.parse(patterns))]


def digest(root: Path, patterns: str = "", dockerfile: str = "Dockerfile") -> str:
    return str(context_digest(root, root / dockerfile, IgnoreRules.parse(patterns)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tree(
        tmp_path / "project",
        {
            "Dockerfile": "FROM scratch\n",
            ".dockerignore": "",
            "src/main.c": "int main;",
            "src/deep/er.c": "1",
            "b/x.log": "log",
            "b.txt": "b",
            "a": "a",
        },
    )


def test_folders_come_before_their_entries_in_order_of_bytes(project: Path):
    (project / "empty").mkdir()
    (project / "Z").write_text("")
    assert paths(project) == [
        ".dockerignore", "Dockerfile", "Z", "a", "b", "b/x.log", "b.txt", "empty", "src",
        "src/deep", "src/deep/er.c", "src/main.c",
    ]  # fmt: skip


def test_ignored_files_are_left_out_and_folders_above_exceptions_are_told(project: Path):
    assert paths(project, "*\n!src/deep/*.c\n") == ["src", "src/deep", "src/deep/er.c"]
    assert paths(project, "**/*.c\n*ocker*") == ["a", "b", "b/x.log", "b.txt", "src", "src/deep"]
    assert paths(project, "*") == []


def test_kinds_are_told_and_links_are_never_followed(project: Path):
    (project / "link").symlink_to("../../etc//passwd")
    (project / "loop").symlink_to(".")
    (project / "run").write_text("#!")
    (project / "run").chmod(0o750)
    os.mkfifo(project / "pipe")
    found = {one.path: one for one in context_files(project, ALL)}
    assert (found["link"].kind, found["link"].target) == (FileKind.LINK, "../../etc//passwd")
    assert found["loop"].kind is FileKind.LINK
    assert not any(path.startswith("loop/") for path in found)
    assert (found["pipe"].kind, found["b"].kind) == (FileKind.SPECIAL, FileKind.FOLDER)
    assert (found["run"].mode, found["run"].is_executable) == (0o750, True)


def test_the_digest_stands_on_what_a_build_can_see(project: Path, tmp_path: Path):
    before = digest(project)
    copy = tmp_path / "elsewhere"
    project.rename(copy)
    os.utime(copy / "a", (1, 1))
    (copy / "a").chmod(0o600)
    assert digest(copy) == before


CHANGES = {
    "content": lambda root: (root / "a").write_text("other"),
    "execute bit": lambda root: (root / "a").chmod(0o755),
    "name": lambda root: (root / "a").rename(root / "c"),
    "empty folder": lambda root: (root / "new").mkdir(),
    "link": lambda root: (root / "new").symlink_to("a"),
    "dockerfile": lambda root: (root / "Dockerfile").write_text("FROM b\n"),
    "removed": lambda root: (root / "b.txt").unlink(),
    "special": lambda root: os.mkfifo(root / "new"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_gives_another_digest(project: Path, change):
    before = digest(project)
    change(project)
    assert digest(project) != before


def test_where_a_link_points_counts_and_not_what_is_there(project: Path):
    (project / "link").symlink_to("a")
    before = digest(project, "a")
    (project / "a").write_text("other")
    assert digest(project, "a") == before
    (project / "link").unlink()
    (project / "link").symlink_to("./a")
    assert digest(project, "a") != before


def test_ignored_files_do_not_count(project: Path):
    before = digest(project, "b\n*.txt")
    (project / "b.txt").write_text("other")
    (project / "b" / "new").write_text("other")
    assert digest(project, "b\n*.txt") == before


def test_the_dockerfile_counts_though_it_is_ignored_or_outside(project: Path, tmp_path: Path):
    before = digest(project, "Dockerfile")
    (project / "Dockerfile").write_text("FROM b\n")
    assert digest(project, "Dockerfile") != before
    (tmp_path / "Other").write_text("FROM b\n")
    assert digest(project, "Dockerfile", "../Other") == digest(project, "Dockerfile")


def test_patterns_count_by_what_they_select(project: Path):
    ignored = ".dockerignore\n"
    before = digest(project, f"{ignored}b")
    assert digest(project, f"# comment\n{ignored}b/") == before
    (project / ".dockerignore").write_text("anything")
    assert digest(project, f"{ignored}b") == before
    assert digest(project, f"{ignored}src") != before


def test_a_root_that_is_a_link_is_followed(project: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(project)
    assert digest(tmp_path / "link") == digest(project)


def test_names_that_are_no_text_count_by_their_bytes(project: Path):
    before = digest(project)
    (project / os.fsdecode(b"\xff")).write_text("x")
    one = digest(project)
    (project / os.fsdecode(b"\xff")).rename(project / os.fsdecode(b"\xfe"))
    assert len({before, one, digest(project)}) == 3


def test_sockets_are_told_and_never_opened(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert [one.kind for one in context_files(tmp_path, ALL)] == [FileKind.SPECIAL]


def test_an_absent_context_is_told(tmp_path: Path):
    with pytest.raises(BuildContextError, match="no such file") as raised:
        paths(tmp_path / "absent")
    assert "mend the key" in (raised.value.hint or "")
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildContextError, match="not a directory"):
        paths(tmp_path / "file")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BuildContextError):
        paths(tmp_path / "loop")


def test_a_pipe_in_place_of_the_dockerfile_does_not_hang(project: Path):
    (project / "Dockerfile").unlink()
    os.mkfifo(project / "Dockerfile")
    with pytest.raises(BuildContextError, match="no regular file"):
        digest(project)


def test_deep_folders_are_walked(tmp_path: Path):
    chain = [tmp_path.joinpath(*["d"] * depth) for depth in range(1, 1201)]
    for folder in chain:
        folder.mkdir()
    try:
        assert len(paths(tmp_path)) == len(chain)
    finally:
        # Removed from below: what removes temporary folders goes down by recursion.
        for folder in reversed(chain):
            folder.rmdir()


names = st.text(alphabet="ab", min_size=1, max_size=2)
patterns = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "!"]),
        st.lists(st.sampled_from(["a", "b", "ab", "*", "**", "a*"]), min_size=1, max_size=3).map(
            "/".join
        ),
    ),
    max_size=4,
).map("\n".join)
files = st.sets(st.lists(names, min_size=1, max_size=4).map("/".join), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(files, patterns)
def test_the_walk_tells_what_the_rules_say(tmp_path_factory, names: set[str], patterns: str):
    root = tmp_path_factory.mktemp("context")
    for name in sorted(names, key=len):
        path = root / name
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    rules = IgnoreRules.parse(patterns)
    every = {str(path.relative_to(root)) for path in root.rglob("*")}
    kept = {path for path in every if not rules.ignores(path)}
    above = {str(parent) for path in kept for parent in Path(path).parents} - {"."}
    assert set(paths(root, patterns)) == kept | above
