"""Which branches and tags a project has, asked of its remote: a clone may know only a few."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.errors import HostError, PolyarchError, WorkError
from polyarch.host.git import GitTree
from polyarch.host.process import run

_HEADS, _TAGS, _REMOTES = "refs/heads/", "refs/tags/", "refs/remotes/"
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingRefs:
    """Names without their prefix; `unknown` says why they are not all, empty where they are."""

    branches: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    unknown: str = ""


def living_refs(folder: Path, environment: Mapping[str, str]) -> LivingRefs:
    """The refs of the work tree around `folder`, and those of its `origin` or only remote.

    Nothing is fetched. Never raises: who cannot be asked leaves it unknown.
    """
    try:
        tree = GitTree.begun(folder, environment)
        if tree is None:
            return LivingRefs(unknown="there is no git work tree here")
        here = _Asker(root=tree.root, environment=tree.environment)
        known = here.lines("for-each-ref", "--format=%(refname)")
        remotes = here.lines("remote")
    except (HostError, WorkError) as error:
        return LivingRefs(unknown=_told(error))
    local = _refs(known, remotes)
    if not remotes:
        return local
    name = "origin" if "origin" in remotes else remotes[0]
    if name != "origin" and len(remotes) > 1:
        return _with(local, "there are several remotes, and none is `origin`")
    try:
        told = here.lines("ls-remote", "--heads", "--tags", "--refs", "--", name)
    except (HostError, WorkError) as error:
        return _with(local, f"the remote `{name}` could not be asked: {_told(error)}")
    there = _refs([line.partition("\t")[2] for line in told], ())
    return LivingRefs(branches=local.branches | there.branches, tags=local.tags | there.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asker:
    root: Path
    environment: Mapping[str, str]

    def lines(self, *words: str) -> list[str]:
        """What git says.

        Raises:
            ProgramNotFoundError, ProcessFailedError: it does not.
        """
        batch = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **self.environment}
        options = ("-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never", "--no-pager")
        done = run(
            ["git", *options, *words], environment=batch, folder=self.root, timeout_s=_TIMEOUT_S
        )
        return [line for line in done.stdout.split("\n") if line]


def _refs(names: list[str], remotes: list[str] | tuple[str, ...]) -> LivingRefs:
    """Branches of remotes count as if they were here."""
    branches = {name.removeprefix(_HEADS) for name in names if name.startswith(_HEADS)}
    for remote in remotes:
        front = f"{_REMOTES}{remote}/"
        branches |= {name.removeprefix(front) for name in names if name.startswith(front)}
    tags = {name.removeprefix(_TAGS) for name in names if name.startswith(_TAGS)}
    return LivingRefs(branches=frozenset(branches - {"HEAD"}), tags=frozenset(tags))


def _with(refs: LivingRefs, unknown: str) -> LivingRefs:
    return LivingRefs(branches=refs.branches, tags=refs.tags, unknown=unknown)


def _told(error: PolyarchError) -> str:
    return error.message.partition("\n")[0]
