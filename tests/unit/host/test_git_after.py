"""How a branch went on after a commit, asked of real git."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polyarch.host.git import GitTree
from polyarch.host.git_after import times_after
from tests.support.tiny_project import TinyProject

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WHO = {
    f"GIT_{role}_{key}": "a@example.com"
    for role in ("AUTHOR", "COMMITTER")
    for key in ("NAME", "EMAIL")
}


class Line:
    """A repository whose commits are made on given days."""

    def __init__(self, root: Path) -> None:
        self.project = TinyProject.make(root, git=False)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, day: int = 0) -> str:
        when = (BEGIN + timedelta(days=day)).isoformat()
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        done = subprocess.run(
            ["git", *words],
            cwd=self.project.root,
            env={**self.project.environment, **WHO, **dates},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, day: int) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--message", f"{day}", day=day)
        return self.git("rev-parse", "HEAD")

    def after(self, revision: str, head: str) -> list[int] | None:
        tree = GitTree.find(self.project.root, self.project.environment)
        assert tree
        found = times_after(tree, revision, head)
        return None if found is None else [(each - BEGIN).days for each in found]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "project")


def test_the_commits_that_came_since(line: Line):
    first, second, third = line.commit(1), line.commit(2), line.commit(5)
    assert line.after(first, third) == [2, 5]
    assert line.after(second, third) == [5]
    assert line.after(third, third) == []
    assert line.after(third, first) == []


def test_a_merge_counts_when_it_was_made(line: Line):
    first = line.commit(10)
    line.git("checkout", "--quiet", "-b", "topic")
    line.commit(11)
    line.git("checkout", "--quiet", "main")
    line.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic", day=90)
    assert line.after(first, line.git("rev-parse", "HEAD")) == [90]


def test_what_this_clone_does_not_know(line: Line, tmp_path: Path):
    first = line.commit(1)
    head = line.commit(2)
    assert line.after("f" * 40, head) is None
    assert line.after("main", head) is None
    assert line.after("--all", head) is None
    line.git("clone", "--quiet", "--depth=1", f"file://{line.project.root}", str(tmp_path / "thin"))
    thin = GitTree.find(tmp_path / "thin", line.project.environment)
    assert thin
    assert times_after(thin, first, head) is None
