"""`context: git` on real repositories."""

from pathlib import Path

import pytest

from polyarch.errors import DetachedHeadError
from polyarch.host.checkout import with_git_context
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.git import GitTree
from tests.support.git_project import GitProject

EVENT = CiEvent(
    provider=Provider.GITHUB,
    name="pull_request_target",
    ref="refs/heads/of-the-runner",
    sha="b" * 40,
    payload={"number": 15},
)


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    return GitProject.make(tmp_path / "project", {"file": "1"})


def ref_of(project: GitProject) -> str:
    tree = GitTree.find(project.root, {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"})
    assert tree is not None
    event = with_git_context(EVENT, tree)
    assert (event.name, event.payload) == (EVENT.name, EVENT.payload)
    assert event.sha == project.head
    assert event.commit_time == tree.commit_time("HEAD")
    return event.ref


def detach(project: GitProject) -> None:
    project.git("checkout", "--quiet", "--detach", "HEAD")


def test_a_branch(project: GitProject) -> None:
    project.git("checkout", "--quiet", "-b", "a/b")
    project.git("tag", "v1")
    assert ref_of(project) == "refs/heads/a/b"


@pytest.mark.parametrize(
    ("refs", "expected"),
    [
        (["refs/tags/v1", "refs/tags/v2"], "refs/tags/v2"),
        (["refs/tags/v1", "refs/remotes/origin/main"], "refs/tags/v1"),
        (["refs/tags/v1,with/comma"], "refs/tags/v1,with/comma"),
        (["refs/remotes/pull/7/merge"], "refs/pull/7/merge"),
        (["refs/pull/7/head"], "refs/pull/7/head"),
        (["refs/pull/7/head", "refs/heads/a"], "refs/heads/a"),
        (["refs/remotes/pull/7/merge", "refs/tags/v1"], "refs/tags/v1"),
        (["refs/remotes/pull/7/head", "refs/heads/a"], "refs/pull/7/head"),
        (["refs/remotes/upstream/x", "refs/remotes/origin/y"], "refs/heads/x"),
        (["refs/remotes/origin/a/b"], "refs/heads/a/b"),
        (["refs/remotes/origin/main", "refs/heads/main"], "refs/heads/main"),
        (["refs/remotes/origin/main", "refs/remotes/origin/HEAD"], "refs/heads/main"),
        (["refs/heads/feature/x"], "refs/heads/feature/x"),
    ],
)
def test_a_detached_head(project: GitProject, refs: list[str], expected: str) -> None:
    detach(project)
    project.git("branch", "--quiet", "-D", "main")
    for ref in refs:
        project.git("update-ref", ref, "HEAD")
    assert ref_of(project) == expected


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/main", "refs/heads/main"),
        ("refs/remotes/origin/a/b", "refs/heads/a/b"),
        ("refs/tags/v1", "refs/tags/v1"),
    ],
)
def test_a_commit_without_a_name_of_its_own(project: GitProject, ref: str, expected: str) -> None:
    first = project.head
    project.write({"file": "2"})
    project.commit("Second")
    project.git("update-ref", ref, "HEAD")
    project.git("checkout", "--quiet", "--detach", first)
    if ref != "refs/heads/main":
        project.git("branch", "--quiet", "-D", "main")
    assert ref_of(project) == expected


def test_a_commit_that_nothing_leads_to(project: GitProject) -> None:
    detach(project)
    project.git("branch", "--quiet", "-D", "main")
    with pytest.raises(DetachedHeadError) as caught:
        ref_of(project)
    assert str(project.root) in (caught.value.where or "")
