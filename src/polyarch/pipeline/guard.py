"""Whether a tag may move from what it has to what this run makes: `tag-policy`. Pure.

A version's tag stays with its commit; `latest`, `1` and `1.2` never go back to an older version;
the tag of a branch never goes back to an older commit, whichever of two runs ends last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from polyarch.errors import shorten
from polyarch.host.ci_event import CiEvent
from polyarch.metadata.kind import TagKind
from polyarch.metadata.precedence import compare_versions
from polyarch.oci import annotation
from polyarch.pipeline.naming import Names
from polyarch.pipeline.plan import Action, Current, State
from polyarch.transaction.hold import Hold

FREE = "free"

Descends = Callable[[str], bool | None]

_SILENT = "what stands there does not say of which commit it is"
_SHOWN = 60
"""Characters of what a registry says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What happens to a tag; `reason` is empty where that speaks for itself."""

    action: Action
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What this run would put under its tags; `committed` is None where nobody has said it."""

    version: str | None
    revision: str
    committed: datetime | None


def ours(names: Names, event: CiEvent) -> Ours:
    """What stands in the annotations of the index that this run makes."""
    stands = names.at("index")
    return Ours(
        version=stands.get(annotation.VERSION, names.version.main),
        revision=stands.get(annotation.REVISION, event.sha),
        committed=event.commit_time,
    )


def judge(
    kind: TagKind, ours: Ours, current: Current, *, policy: str, descends: Descends
) -> Judgement:
    """Decide for one tag at one destination.

    `descends`: whether a commit comes after ours, None where nobody can tell. What was put back is
    held under every policy.
    """
    if current.state is not State.PRESENT:
        unknown = current.state is State.UNKNOWN
        return Judgement(action=Action.UNKNOWN if unknown else Action.CREATE)
    for hold in current.holds:
        if _holds_back(kind, ours, hold, descends):
            return _keep(f"it {hold.told}")
    if policy == FREE or (current.revision and current.revision == ours.revision):
        return _move("")
    if kind is TagKind.FIXED:
        return _fixed(current)
    return _newest(kind, ours, current, descends)


def _newest(kind: TagKind, ours: Ours, current: Current, descends: Descends) -> Judgement:
    """For a tag that goes to the newest version or commit."""
    if kind is TagKind.VERSIONS and ours.version and current.version:
        order = compare_versions(current.version, ours.version)
        if order:
            return _by_version(current, order)
    if not current.revision:
        return _move(_SILENT)
    after = descends(current.revision)
    if after is None:
        return _by_time(ours, current, _short(current.revision))
    kept = f"commit {_short(current.revision)} stands there, which comes after this one"
    return _keep(kept) if after else _move("")


def _holds_back(kind: TagKind, ours: Ours, hold: Hold, descends: Descends) -> bool:
    """Whether what was taken away is as new as ours, or newer; where nobody knows it is."""
    if kind is not TagKind.COMMITS and ours.version and hold.version:
        order = compare_versions(hold.version, ours.version)
        if order is not None:
            return order >= 0
    if not hold.revision or hold.revision == ours.revision:
        return True
    after = descends(hold.revision)
    if after is not None:
        return after
    if hold.committed is None or ours.committed is None:
        return True
    return hold.committed >= ours.committed


def _fixed(current: Current) -> Judgement:
    if not current.revision:
        return _move(_SILENT)
    commit = _short(current.revision)
    reason = f"it was published from commit {commit}, and a version stays with its commit"
    return Judgement(action=Action.REFUSE, reason=reason)


def _by_version(current: Current, order: int) -> Judgement:
    if order < 0:
        return _move("")
    version = shorten(current.version or "", _SHOWN)
    return _keep(f"version {version} stands there, which is newer")


def _by_time(ours: Ours, current: Current, commit: str) -> Judgement:
    unknown = f"whether commit {commit}, which stands there, comes after this one is not known here"
    if current.created is None or ours.committed is None:
        return _move(f"{unknown}, nor are the times of both")
    newer = current.created > ours.committed
    told = f"{unknown}; by the time of commit it is {'newer' if newer else 'not newer'}"
    return _keep(told) if newer else _move(told)


def _move(reason: str) -> Judgement:
    return Judgement(action=Action.MOVE, reason=reason)


def _keep(reason: str) -> Judgement:
    return Judgement(action=Action.KEEP, reason=reason)


def _short(revision: str) -> str:
    return shorten(revision, _SHOWN)[:12]
