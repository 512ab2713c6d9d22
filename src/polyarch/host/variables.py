"""An event told by variables of our own, so that any CI can say what it runs for.

`POLYARCH_EVENT` says that they count; what they leave out is the checked-out commit's.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from polyarch.errors import InvalidEventError
from polyarch.host.ci_event import CiEvent, Provider, printable
from polyarch.host.event_forms import checked_name, checked_ref, checked_sha
from polyarch.host.git import GitFacts
from polyarch.host.local import local_event
from polyarch.host.moment import read_time

EVENT = "POLYARCH_EVENT"

_PREFIX = "POLYARCH_"
_NAMES = (
    "EVENT", "REF", "SHA", "PR_NUMBER", "BASE_REF", "DEFAULT_BRANCH", "FORK", "COMMIT_TIME",
    "REPOSITORY", "REPOSITORY_URL", "DESCRIPTION", "LICENSE", "RUN_ID", "RUN_URL", "ACTOR",
)  # fmt: skip
_TELLING = ("REF", "SHA", "PR_NUMBER")
"""Those that speak of an event, and of nothing without one."""

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def tells_event(environment: Mapping[str, str]) -> bool:
    """Whether one of the variables that speak of an event is set."""
    return any(environment.get(_PREFIX + name) for name in ("EVENT", *_TELLING))


def read_variables(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event that the variables tell.

    Raises:
        InvalidEventError: a name that no event has, a short ref, no commit's id, no number, time or
            yes and no.
    """
    said = {name: printable(environment.get(_PREFIX + name, "")) for name in _NAMES}
    if not said["EVENT"]:
        raise InvalidEventError(
            "a ref or commit is told, and not what happened to it",
            hint=f"set {EVENT}, to `push` or what else happened",
            where=", ".join(f"`{_PREFIX}{name}`" for name in _TELLING if said[name]),
        )
    here = local_event(git)
    name = checked_name(said["EVENT"], where=f"`{EVENT}`")
    sha = checked_sha(said["SHA"], where="`POLYARCH_SHA`") if said["SHA"] else here.sha
    same = here.sha.startswith(sha) if sha else False
    return CiEvent(
        provider=Provider.VARIABLES,
        name=name,
        ref=_ref(said, name) or here.ref,
        sha=here.sha if same else sha,
        repository=said["REPOSITORY"] or here.repository,
        default_branch=said["DEFAULT_BRANCH"] or here.default_branch,
        base_ref=said["BASE_REF"] or None,
        payload=_payload(said, git),
        commit_time=_time(said["COMMIT_TIME"]) or (here.commit_time if same else None),
        run_id=said["RUN_ID"] or None,
        run_url=said["RUN_URL"] or None,
        dirty=here.dirty,
        is_fork=_is_yes(said["FORK"]),
        actor=said["ACTOR"],
    )


def _ref(said: Mapping[str, str], name: str) -> str:
    number = said["PR_NUMBER"]
    if number and not (number.isascii() and number.isdigit()):
        raise InvalidEventError(
            f"`{number}` is no number of a pull request",
            hint="write digits alone",
            where="`POLYARCH_PR_NUMBER`",
        )
    if said["REF"]:
        return checked_ref(said["REF"], where="`POLYARCH_REF`")
    if number:
        return f"refs/pull/{number}/merge"
    if "pull_request" in name:
        raise InvalidEventError(
            f"which pull request `{name}` is about is not said",
            hint="set POLYARCH_PR_NUMBER, or POLYARCH_REF to `refs/pull/NUMBER/merge`",
            where=f"`{EVENT}`",
        )
    return ""


def _time(text: str) -> datetime | None:
    time = read_time(text)
    if text and time is None:
        raise InvalidEventError(
            f"`{text}` is no time",
            hint="write ISO 8601, as `2026-01-02T03:04:05Z`",
            where="`POLYARCH_COMMIT_TIME`",
        )
    return time


def _is_yes(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise InvalidEventError(
            f"`{text}` is neither yes nor no", hint="write true or false", where="`POLYARCH_FORK`"
        )
    return text.lower() in _YES


def _payload(said: Mapping[str, str], git: GitFacts | None) -> Mapping[str, object]:
    """What expressions and labels read of GitHub's own description of an event."""
    return MappingProxyType(
        {
            "repository": {
                "full_name": said["REPOSITORY"] or None,
                "html_url": said["REPOSITORY_URL"] or None,
                "description": said["DESCRIPTION"] or None,
                "license": {"spdx_id": said["LICENSE"] or None},
                "default_branch": said["DEFAULT_BRANCH"] or (git.default_branch if git else None),
            },
            "pull_request": {"base": {"ref": said["BASE_REF"] or None}},
            "base_ref": said["BASE_REF"] or None,
        }
    )
