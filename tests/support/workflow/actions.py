"""Stand-ins for the actions that generated workflows use: `uses` cannot be fetched in a test.

An action, an input or a version that is not known here fails the test: each was read in the
action's own README before it was added.
"""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.workflow.artifacts import Artifacts, StepFailed, chosen
from tests.support.workflow.events import TAG, Event
from tests.support.workflow.machine import Machine
from tests.support.workflow.values import WorkflowError

_PINNED = re.compile(r"(?P<name>[\w.-]+/[\w./-]+)@[0-9a-f]{40}")
_YES = frozenset({"true", "True", "TRUE"})


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of an action; `origin` is the bare repository of the project."""

    inputs: Mapping[str, str]
    machine: Machine
    event: Event
    origin: Path
    artifacts: Artifacts
    outputs: dict[str, str] = field(default_factory=dict)

    def is_on(self, name: str, *, default: bool = False) -> bool:
        """Whether an input says yes."""
        return self.inputs[name] in _YES if name in self.inputs else default

    def git(self, *words: str) -> None:
        """Run git in the workspace."""
        env = {
            "PATH": self.machine.path,
            "HOME": str(self.machine.home),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        folder = self.machine.workspace
        done = subprocess.run(
            ["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StepFailed(done.stderr)


def use(uses: str, what: Use) -> None:
    """Do what an action does.

    Raises:
        WorkflowError: nothing stands in for it, it is not pinned, or an input is not known.
        StepFailed: it failed as the action itself would.
    """
    found = _PINNED.fullmatch(uses)
    if found is None:
        raise WorkflowError(f"`uses: {uses}` is not pinned by a commit")
    if found["name"].lower() not in _ACTIONS:
        raise WorkflowError(f"`uses: {uses}`: nothing stands in for it")
    known, act = _ACTIONS[found["name"].lower()]
    if unknown := set(what.inputs) - set(known):
        raise WorkflowError(f"`uses: {uses}` has no input {sorted(unknown)}")
    act(what)


def _checkout(what: Use) -> None:
    """One commit alone unless all of history is asked for; a tag becomes a plain one."""
    event, everything = what.event, what.inputs.get("fetch-depth", "1") == "0"
    fetch = ["fetch", "--quiet", *(() if everything else ("--depth=1", "--no-tags")), "origin"]
    what.git("init", "--quiet", "--initial-branch=main")
    what.git("remote", "add", "origin", what.origin.as_uri())
    if everything:
        what.git(*fetch, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    if wanted := what.inputs.get("ref", ""):
        what.git(*fetch, wanted)
        what.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    elif event.ref.startswith(TAG):
        what.git(*fetch, f"+{event.sha}:{event.ref}")
        what.git("checkout", "--quiet", event.ref)
    else:
        _, kind, name = event.ref.split("/", 2)
        there = f"refs/remotes/{'origin' if kind == 'heads' else kind}/{name}"
        what.git(*fetch, f"+{event.sha}:{there}")
        what.git("checkout", "--quiet", *(("-B", name, there) if kind == "heads" else (there,)))
    what.git("remote", "set-url", "origin", "https://github.com/team/project")
    if what.is_on("persist-credentials", default=True):
        raise WorkflowError("checkout leaves the job's token in .git/config")


def _upload(what: Use) -> None:
    hidden = what.is_on("include-hidden-files")
    files = chosen(what.inputs["path"], what.machine.workspace, hidden=hidden)
    if not files:
        if what.inputs.get("if-no-files-found", "warn") == "error":
            raise StepFailed(f"no files were found at {what.inputs['path']}")
        return
    name = what.inputs.get("name", "artifact")
    what.artifacts.keep(name, files, overwrite=what.is_on("overwrite"))


def _download(what: Use) -> None:
    into = what.machine.workspace / what.inputs.get("path", ".")
    if "name" in what.inputs:
        what.artifacts.fetch(what.inputs["name"], into)
        return
    pattern, merged = what.inputs.get("pattern", ""), what.is_on("merge-multiple")
    what.artifacts.fetch_all(pattern, into, merged=merged)


def _nothing(what: Use) -> None:
    """What it would install is on the machine."""


_ACTIONS: Mapping[str, tuple[tuple[str, ...], Callable[[Use], None]]] = {
    "actions/checkout": (("persist-credentials", "fetch-depth", "ref"), _checkout),
    "actions/setup-python": (("python-version",), _nothing),
    "docker/setup-qemu-action": (("platforms", "image", "cache-image"), _nothing),
    "docker/setup-buildx-action": (("driver-opts", "version", "cache-binary"), _nothing),
    "actions/upload-artifact": (
        (
            "name", "path", "if-no-files-found", "retention-days", "include-hidden-files",
            "overwrite", "compression-level",
        ),
        _upload,
    ),
    "actions/download-artifact": (("name", "path", "pattern", "merge-multiple"), _download),
}  # fmt: skip
