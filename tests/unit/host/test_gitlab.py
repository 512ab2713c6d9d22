"""GitLab's pipelines in the words of GitHub Actions."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.ci import detect, is_ci
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.repository import known_repository
from polyarch.metadata.expressions import base_ref
from polyarch.metadata.policy import may_publish
from polyarch.metadata.version import compute

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"
JOB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_TIMESTAMP": "2026-01-02T04:04:05+01:00",
    "CI_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_ID": "42",
    "CI_PIPELINE_URL": "https://gitlab.example/group/team/app/-/pipelines/42",
    "CI_PROJECT_PATH": "group/team/app",
    "CI_PROJECT_NAME": "app",
    "CI_PROJECT_URL": "https://gitlab.example/group/team/app",
    "CI_PROJECT_DESCRIPTION": "What it is",
}
BRANCH = {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}
TAG = {"CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_REF_NAME": "v1.2.3"}
REQUEST = {
    "CI_COMMIT_REF_NAME": "feature",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}
ALLOWED = ("branch:main", "tag:v*", "release", "schedule", "dispatch")


def pipeline(source: str, *tables: Mapping[str, str], **more: str) -> CiEvent:
    environment = {**JOB, "CI_PIPELINE_SOURCE": source}
    for table in tables:
        environment |= table
    return detect(environment | more, None)


def test_the_facts() -> None:
    event = pipeline("push", BRANCH)
    assert (event.provider, event.sha, event.repository) == (Provider.GITLAB, SHA, "group/team/app")
    assert event.commit_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert event.ci_run == JOB["CI_PIPELINE_URL"]
    facts = known_repository(event, None)
    assert (facts.name, facts.description, facts.default_branch) == ("app", "What it is", "main")
    assert facts.html_url == JOB["CI_PROJECT_URL"]
    assert is_ci({"GITLAB_CI": "true"})


@pytest.mark.parametrize(
    ("source", "table", "name", "ref", "publishes"),
    [
        ("push", BRANCH, "push", "refs/heads/main", True),
        ("push", TAG, "push", "refs/tags/v1.2.3", True),
        ("schedule", BRANCH, "schedule", "refs/heads/main", True),
        ("web", BRANCH, "workflow_dispatch", "refs/heads/main", True),
        ("chat", BRANCH, "workflow_dispatch", "refs/heads/main", True),
        ("trigger", BRANCH, "repository_dispatch", "refs/heads/main", True),
        ("api", TAG, "repository_dispatch", "refs/tags/v1.2.3", True),
        ("pipeline", BRANCH, "repository_dispatch", "refs/heads/main", True),
        ("parent_pipeline", BRANCH, "push", "refs/heads/main", True),
        ("parent_pipeline", REQUEST, "pull_request", "refs/pull/7/merge", False),
        ("merge_request_event", REQUEST, "pull_request", "refs/pull/7/merge", False),
        ("security_orchestration_policy", BRANCH, "security_orchestration_policy",
         "refs/heads/main", False),
        ("", {}, "", "", False),
    ],
)  # fmt: skip
def test_what_starts_a_pipeline(
    source: str, table: Mapping[str, str], name: str, ref: str, publishes: bool
) -> None:
    event = pipeline(source, table)
    assert (event.name, event.ref) == (name, ref)
    assert may_publish(event, ALLOWED).publish is publishes


def test_a_merge_request() -> None:
    event = pipeline("merge_request_event", REQUEST)
    assert (event.is_fork, event.base_ref, base_ref(event)) == (False, "main", "main")
    assert compute(["type=ref,event=pr"], event, now=NOW).tag_names == ("pr-7",)


def test_a_merge_request_of_a_fork() -> None:
    fork = pipeline("merge_request_event", REQUEST, CI_MERGE_REQUEST_SOURCE_PROJECT_ID="2")
    gone = pipeline("merge_request_event", REQUEST, CI_MERGE_REQUEST_SOURCE_PROJECT_ID="")
    assert fork.is_fork
    assert gone.is_fork


def test_the_branch_of_a_merge_request_is_no_branch_of_ours() -> None:
    event = pipeline("parent_pipeline", CI_COMMIT_REF_NAME="main")
    assert (event.ref, event.is_pull_request) == ("", True)
    assert not may_publish(event, ALLOWED).publish


def test_a_merge_train() -> None:
    event = pipeline("merge_request_event", REQUEST, CI_MERGE_REQUEST_EVENT_TYPE="merge_train")
    assert event.name == "merge_group"
    assert not may_publish(event, ALLOWED).publish


def test_a_pull_request_of_github() -> None:
    event = pipeline(
        "external_pull_request_event",
        {
            "CI_EXTERNAL_PULL_REQUEST_IID": "9",
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "somebody/app",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "team/app",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME": "main",
        },
    )
    assert (event.name, event.ref, event.is_fork) == ("pull_request", "refs/pull/9/merge", True)


@given(
    st.dictionaries(
        st.sampled_from([*JOB, *BRANCH, *TAG, *REQUEST, "CI_PIPELINE_SOURCE"]),
        st.text(st.characters(exclude_characters="\0"), max_size=20),
    )
)
def test_any_environment_is_an_event(environment: dict[str, str]) -> None:
    event = detect({**environment, "GITLAB_CI": "true"}, None)
    assert may_publish(event, ALLOWED).publish in {True, False}
    event.ref.encode()
