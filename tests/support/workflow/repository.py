"""A project whose bare repository stands where a forge would have it."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.tiny_project import TinyProject
from tests.support.workflow.events import Event, pull_request

NUMBER = 7
"""Of the one pull request."""


def hosted(folder: Path, files: Mapping[str, str]) -> TinyProject:
    """Make a project and push it; its bare repository is `origin`."""
    project = TinyProject.make(folder / "project", files)
    project.push()
    return project


def origin(project: TinyProject) -> Path:
    """The bare repository that a project was pushed to."""
    return project.root.parent / "origin.git"


def tagged(project: TinyProject, name: str) -> str:
    """Push a tag of what is there, and give the commit's id."""
    project.git("tag", "--annotate", "--message", name, name)
    project.git("push", "--quiet", "origin", f"refs/tags/{name}")
    return project.git("rev-parse", "HEAD")


def asked_to_pull(project: TinyProject, files: Mapping[str, str], *, fork: bool) -> Event:
    """Ask for a change of files to be taken; the forge's merge commit is made here."""
    project.git("checkout", "--quiet", "-b", "patch")
    project.write(files)
    head = project.commit("Change it")
    project.git("checkout", "--quiet", "--detach", "main")
    project.git("merge", "--quiet", "--no-ff", "--message", "Merge", "patch")
    merge = project.git("rev-parse", "HEAD")
    project.git("push", "--quiet", "origin", f"{merge}:refs/pull/{NUMBER}/merge")
    project.git("checkout", "--quiet", "main")
    return pull_request(NUMBER, merge, head, fork=fork)
