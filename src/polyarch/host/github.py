"""What GitHub Actions says of its event; Gitea's and Forgejo's Actions speak the same.

Source: docs.github.com, "Default environment variables" and "Events that trigger workflows";
docker/metadata-action's `context: workflow`.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from polyarch.errors import EventFileError
from polyarch.host.ci_event import CiEvent, Provider, printable
from polyarch.host.git import GitFacts
from polyarch.host.moment import read_time

_LARGEST_EVENT = 64 << 20
"""Bytes. GitHub cuts its payloads at 25 MiB."""


def read_github(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event of a GitHub Actions job.

    Raises:
        EventFileError: the event file is there and is no JSON object.
    """
    path = environment.get("GITHUB_EVENT_PATH", "")
    payload, warnings = _read_payload(path)
    said = {name: printable(environment.get(f"GITHUB_{name}", "")) for name in _VARIABLES}
    event = CiEvent(
        provider=_provider(environment),
        name=said["EVENT_NAME"],
        ref=_ref(said["EVENT_NAME"], said["REF"], payload),
        sha=said["SHA"],
        repository=said["REPOSITORY"],
        payload=MappingProxyType(payload),
        run_id=said["RUN_ID"] or None,
        run_url=_run_url(said, _provider(environment)),
        dirty=git is not None and git.dirty,
        actor=said["ACTOR"],
        warnings=warnings,
    )
    return replace(
        event,
        default_branch=event.text("repository", "default_branch"),
        base_ref=said["BASE_REF"] or event.text("pull_request", "base", "ref"),
        is_fork=_is_fork(event),
        commit_time=_commit_time(event, git),
    )


_VARIABLES = (
    "EVENT_NAME", "REF", "SHA", "REPOSITORY", "RUN_ID", "RUN_NUMBER", "BASE_REF", "SERVER_URL",
    "ACTOR",
)  # fmt: skip


def _provider(environment: Mapping[str, str]) -> Provider:
    # Forgejo sets Gitea's variable, too.
    for variable, provider in (
        ("FORGEJO_ACTIONS", Provider.FORGEJO),
        ("GITEA_ACTIONS", Provider.GITEA),
    ):
        if environment.get(variable) == "true":
            return provider
    return Provider.GITHUB


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


def _run_url(said: Mapping[str, str], provider: Provider) -> str | None:
    # Forgejo has the number within the repository in its addresses, and so had Gitea before 1.26
    # (go-gitea/gitea#36842). An old Gitea does not find the id; a new one would take the number
    # for the id of another run.
    run = said["RUN_NUMBER" if provider is Provider.FORGEJO else "RUN_ID"]
    if not (said["SERVER_URL"] and said["REPOSITORY"] and run):
        return None
    return f"{said['SERVER_URL'].rstrip('/')}/{said['REPOSITORY']}/actions/runs/{run}"


def _is_fork(event: CiEvent) -> bool:
    """Whether the change is of another repository; one that was deleted is another, too."""
    run = event.payload.get("workflow_run")
    if isinstance(run, Mapping) and "head_repository" in run:
        head = event.text("workflow_run", "head_repository", "full_name")
        return head != (event.text("repository", "full_name") or event.repository)
    pull = event.payload.get("pull_request")
    side = pull.get("head") if isinstance(pull, Mapping) else None
    if not isinstance(side, Mapping) or "repo" not in side:
        return False
    base = event.text("pull_request", "base", "repo", "full_name") or event.repository
    return event.text("pull_request", "head", "repo", "full_name") != base


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
            time = read_time(commit.get("timestamp"))
            if time:
                return time
    return git.commit_time if git and git.sha == event.sha else None
