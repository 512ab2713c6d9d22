"""What GitHub Actions says of its event.

Source: docs.github.com, "Default environment variables" and "Events that trigger workflows";
docker/metadata-action's `context: workflow`.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from polyarch.errors import EventFileError
from polyarch.host.ci_event import CiEvent, Provider, printable
from polyarch.host.git import GitFacts

_LARGEST_EVENT = 64 << 20
"""Bytes. GitHub cuts its payloads at 25 MiB."""

_EARLIEST, _LATEST = 1970, 9000
"""Years of a believable commit; what lies outside cannot be shifted between time zones."""


def read_github(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event of a GitHub Actions job.

    Raises:
        EventFileError: the event file is there and is no JSON object.
    """
    path = environment.get("GITHUB_EVENT_PATH", "")
    payload, warnings = _read_payload(path)
    said = {name: printable(environment.get(f"GITHUB_{name}", "")) for name in _VARIABLES}
    event = CiEvent(
        provider=Provider.GITHUB,
        name=said["EVENT_NAME"],
        ref=_ref(said["EVENT_NAME"], said["REF"], payload),
        sha=said["SHA"],
        repository=said["REPOSITORY"],
        payload=MappingProxyType(payload),
        run_id=said["RUN_ID"] or None,
        run_url=_run_url(said),
        dirty=git is not None and git.dirty,
        warnings=warnings,
    )
    return replace(
        event,
        default_branch=event.text("repository", "default_branch"),
        base_ref=said["BASE_REF"] or event.text("pull_request", "base", "ref"),
        commit_time=_commit_time(event, git),
    )


_VARIABLES = ("EVENT_NAME", "REF", "SHA", "REPOSITORY", "RUN_ID", "BASE_REF", "SERVER_URL")


def with_head_of_pull_request(event: CiEvent, git: GitFacts | None = None) -> CiEvent:
    """The same event with the pull request's own commit in place of the merge commit.

    It is what `DOCKER_METADATA_PR_HEAD_SHA` asks for; other events stay as they are.
    """
    head = event.text("pull_request", "head", "sha")
    if "pull_request" not in event.name or head is None:
        return event
    changed = replace(event, sha=head)
    return replace(changed, commit_time=_commit_time(changed, git))


def _ref(name: str, ref: str, payload: Mapping[str, object]) -> str:
    # The runner's ref is the branch that the change would go to.
    number = payload.get("number")
    if "pull_request_target" in name and isinstance(number, int) and number is not True:
        return f"refs/pull/{number}/merge"
    return ref


def _run_url(said: Mapping[str, str]) -> str | None:
    if not (said["SERVER_URL"] and said["REPOSITORY"] and said["RUN_ID"]):
        return None
    return f"{said['SERVER_URL']}/{said['REPOSITORY']}/actions/runs/{said['RUN_ID']}"


def _read_payload(path: str) -> tuple[dict[str, object], tuple[str, ...]]:
    if not path:
        return {}, ()
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_EVENT + 1)
    except FileNotFoundError:
        return {}, ("the CI's event file is not there: what only it knows is missing",)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise EventFileError(path, reason or "it has no possible name") from error
    if len(data) > _LARGEST_EVENT:
        raise EventFileError(path, f"it is larger than {_LARGEST_EVENT >> 20} MiB")
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EventFileError(path, "it is not JSON") from error
    if not isinstance(payload, dict):
        raise EventFileError(path, "it is not a JSON object")
    return payload, ()


def _commit_time(event: CiEvent, git: GitFacts | None) -> datetime | None:
    commits = event.payload.get("commits")
    listed = commits if isinstance(commits, list) else []
    for commit in (*listed, event.payload.get("head_commit")):
        if isinstance(commit, Mapping) and event.sha and commit.get("id") == event.sha:
            time = _time(commit.get("timestamp"))
            if time:
                return time
    return git.commit_time if git and git.sha == event.sha else None


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC) if _EARLIEST < aware.year < _LATEST else None
