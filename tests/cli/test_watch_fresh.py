"""`polyarch watch` and nightlies of a quiet branch: when they were published nobody knows."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.tiny_project import TinyProject
from tests.support.watched import codes, findings, published_as, published_in, ruled, watched

WHO = {
    f"GIT_{role}_{key}": "a@example.com"
    for role in ("AUTHOR", "COMMITTER")
    for key in ("NAME", "EMAIL")
}


@pytest.fixture
def nightly(tmp_path: Path) -> Iterator[TinyProject]:
    """The commit is months old, its nightly was published just now by another machine."""
    registry = SandboxRegistry()
    with running(registry):
        project = ruled(published_in(tmp_path / "project", [registry]))
        published_as(project, "refs/heads/main", "schedule")
        shutil.rmtree(project.root / ".polyarch")
        yield project


def commit(project: TinyProject, age: timedelta) -> None:
    when = (datetime.now(UTC) - age).isoformat()
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    subprocess.run(
        ["git", "commit", "--quiet", "--allow-empty", "--message", "More"],
        cwd=project.root,
        env={**project.environment, **WHO, **dates},
        check=True,
    )


def test_a_new_commit_makes_no_old_nightly(nightly: TinyProject):
    commit(nightly, timedelta(minutes=5))
    assert codes(watched(nightly, "--sample", "0")) == set()


def test_one_that_it_should_have_had_does(nightly: TinyProject):
    commit(nightly, timedelta(days=3, hours=1))
    [told] = findings(watched(nightly, "--sample", "0", code=1))
    assert told["code"] == "W112"
    assert told["message"].startswith("the branch went on from its commit 3 days ago (")


def test_without_git_it_is_told_what_is_known(nightly: TinyProject):
    shutil.rmtree(nightly.root / ".git")
    [told] = findings(watched(nightly, "--sample", "0", code=1))
    assert told["code"] == "W112"
    assert told["message"].startswith("its commit is of ")
    assert "no record of a run says when it was published" in told["message"]
