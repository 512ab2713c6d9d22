"""Which branches and tags there are, by a clone and by its remote."""

from pathlib import Path

from polyarch.host.git_refs import LivingRefs, living_refs
from tests.support.tiny_project import TinyProject


def refs(project: TinyProject) -> LivingRefs:
    return living_refs(project.root, project.environment)


def test_branches_that_only_the_remote_has(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project")
    project.push()
    for name in ("team/feature", "other"):
        project.git("branch", name)
        project.git("push", "--quiet", "origin", name)
        project.git("branch", "-D", name)
        project.git("branch", "-rD", f"origin/{name}")
    project.git("tag", "v1.2.3")
    found = refs(project)
    assert found == LivingRefs(
        branches=frozenset({"main", "team/feature", "other"}), tags=frozenset({"v1.2.3"})
    )


def test_those_of_remotes_that_were_fetched_count(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project")
    project.push()
    project.git("update-ref", "refs/remotes/origin/known", "HEAD")
    assert "known" in refs(project).branches


def test_a_project_without_a_remote_has_its_own(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project")
    assert refs(project) == LivingRefs(branches=frozenset({"main"}))


def test_a_remote_that_cannot_be_asked_leaves_it_unknown(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project")
    project.git("remote", "add", "origin", str(tmp_path / "nowhere"))
    found = refs(project)
    assert found.branches == {"main"}
    assert "the remote `origin` could not be asked" in found.unknown


def test_of_several_remotes_origin_is_asked(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project")
    for name in ("one", "two"):
        project.git("remote", "add", name, str(tmp_path / "nowhere"))
    assert refs(project).unknown == "there are several remotes, and none is `origin`"
    project.push()
    assert not refs(project).unknown


def test_without_git_nothing_is_known(tmp_path: Path):
    project = TinyProject.make(tmp_path / "project", git=False)
    assert refs(project).unknown == "there is no git work tree here"
