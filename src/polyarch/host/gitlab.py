"""What GitLab CI says of its pipeline, in the words of GitHub Actions.

Source: docs.gitlab.com, "Predefined CI/CD variables reference" and "CI_PIPELINE_SOURCE predefined
variable".
"""

from collections.abc import Mapping
from types import MappingProxyType

from polyarch.host.ci_event import BRANCH, TAG, CiEvent, Provider, printable
from polyarch.host.git import GitFacts
from polyarch.host.moment import read_time

_NAMES: Mapping[str, str] = {
    "push": "push",
    "schedule": "schedule",
    "web": "workflow_dispatch",
    "webide": "workflow_dispatch",
    "chat": "workflow_dispatch",
    "api": "repository_dispatch",
    "trigger": "repository_dispatch",
    "pipeline": "repository_dispatch",
    # A child does the work of its parent, for the same branch, tag or merge request.
    "parent_pipeline": "push",
    "merge_request_event": "pull_request",
    "external_pull_request_event": "pull_request",
}
"""By CI_PIPELINE_SOURCE; any other keeps its own name, which `[publish] on` never lists."""

_REQUEST = "CI_MERGE_REQUEST_"
_EXTERNAL = "CI_EXTERNAL_PULL_REQUEST_"


def read_gitlab(environment: Mapping[str, str], git: GitFacts | None) -> CiEvent:
    """The event of a GitLab job."""
    said = {name: printable(text) for name, text in environment.items() if name.startswith("CI_")}
    actor = printable(environment.get("GITLAB_USER_LOGIN", ""))
    request = _request(said)
    sha = said.get("CI_COMMIT_SHA", "")
    return CiEvent(
        provider=Provider.GITLAB,
        name=_name(said, request),
        ref=_ref(said, request),
        sha=sha,
        repository=said.get("CI_PROJECT_PATH", ""),
        default_branch=said.get("CI_DEFAULT_BRANCH") or None,
        base_ref=said.get(f"{request}TARGET_BRANCH_NAME") or None if request else None,
        payload=_payload(said, request),
        commit_time=read_time(said.get("CI_COMMIT_TIMESTAMP"))
        or (git.commit_time if git and git.sha == sha else None),
        run_id=said.get("CI_PIPELINE_ID") or None,
        run_url=said.get("CI_PIPELINE_URL") or None,
        dirty=git is not None and git.dirty,
        is_fork=_is_fork(said, request),
        actor=actor,
    )


def _request(said: Mapping[str, str]) -> str:
    """What the variables of the merge or pull request begin with; empty where there is none."""
    return next((each for each in (_REQUEST, _EXTERNAL) if said.get(f"{each}IID")), "")


def _name(said: Mapping[str, str], request: str) -> str:
    source = said.get("CI_PIPELINE_SOURCE", "")
    if said.get(f"{_REQUEST}EVENT_TYPE") == "merge_train":
        return "merge_group"
    if source == "parent_pipeline" and not (
        said.get("CI_COMMIT_BRANCH") or said.get("CI_COMMIT_TAG")
    ):
        # Only a merge request's pipeline has neither, and some versions tell its child no more.
        return "pull_request"
    return "pull_request" if request else _NAMES.get(source, source)


def _ref(said: Mapping[str, str], request: str) -> str:
    if request:
        return f"refs/pull/{said[f'{request}IID']}/merge"
    if tag := said.get("CI_COMMIT_TAG"):
        return f"{TAG}{tag}"
    # CI_COMMIT_REF_NAME will not do: for a merge request it is the source branch, which may be a
    # fork's `main`.
    branch = said.get("CI_COMMIT_BRANCH")
    return f"{BRANCH}{branch}" if branch else ""


def _is_fork(said: Mapping[str, str], request: str) -> bool:
    one, other = (
        ("SOURCE_REPOSITORY", "TARGET_REPOSITORY")
        if request == _EXTERNAL
        else ("SOURCE_PROJECT_ID", "PROJECT_ID")
    )
    return bool(request) and said.get(f"{request}{one}", "") != said.get(f"{request}{other}", "")


def _payload(said: Mapping[str, str], request: str) -> Mapping[str, object]:
    """What expressions and labels read of GitHub's own description of an event."""
    repository = {
        "name": said.get("CI_PROJECT_NAME"),
        "full_name": said.get("CI_PROJECT_PATH"),
        "html_url": said.get("CI_PROJECT_URL"),
        "description": said.get("CI_PROJECT_DESCRIPTION"),
        "default_branch": said.get("CI_DEFAULT_BRANCH"),
    }
    pull = {
        "base": {"ref": said.get(f"{request}TARGET_BRANCH_NAME")},
        "head": {"sha": said.get(f"{request}SOURCE_BRANCH_SHA")},
    }
    known: dict[str, object] = {"repository": repository}
    return MappingProxyType(known | ({"pull_request": pull} if request else {}))
