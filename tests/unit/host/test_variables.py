"""Events that are told by variables of our own."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidEventError, PolyarchError
from polyarch.host.ci import detect, is_ci
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.git import GitFacts
from polyarch.host.repository import known_repository
from polyarch.metadata.policy import may_publish

SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"
OTHER = "b" * 40
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TREE = GitFacts(
    root=Path("/src/app"),
    sha=SHA,
    branch="main",
    tags=(),
    commit_time=NOON,
    dirty=False,
    remote="https://example.org/team/app",
    default_branch="trunk",
    pushed=True,
)


def told(**variables: str) -> CiEvent:
    return detect({f"POLYARCH_{name}": text for name, text in variables.items()}, TREE)


def test_the_rest_comes_from_git() -> None:
    event = told(EVENT="push")
    assert (event.provider, event.name, event.ref) == (
        Provider.VARIABLES,
        "push",
        "refs/heads/main",
    )
    assert (event.sha, event.commit_time, event.default_branch) == (SHA, NOON, "trunk")
    assert (event.repository, event.simulated, event.is_fork) == ("team/app", False, False)
    assert may_publish(event, ("branch:main",)).publish
    assert is_ci({"POLYARCH_EVENT": "push"})


def test_everything_can_be_told() -> None:
    event = told(
        EVENT="release",
        REF="refs/tags/v1.2.3",
        SHA=OTHER,
        REPOSITORY="group/app",
        DEFAULT_BRANCH="main",
        COMMIT_TIME="2025-01-01T00:00:00Z",
        REPOSITORY_URL="https://forge.example/group/app",
        DESCRIPTION="What it is",
        LICENSE="MIT",
        RUN_ID="5",
        RUN_URL="https://ci.example/5",
    )
    assert (event.tag, event.sha, event.default_branch) == ("v1.2.3", OTHER, "main")
    assert event.commit_time == datetime(2025, 1, 1, tzinfo=UTC)
    assert (event.run_id, event.ci_run) == ("5", "https://ci.example/5")
    facts = known_repository(event, TREE)
    assert (facts.name, facts.license, facts.description) == ("app", "MIT", "What it is")
    assert facts.html_url == "https://forge.example/group/app"


def test_the_time_of_another_commit_is_not_known() -> None:
    assert told(EVENT="push", SHA=OTHER).commit_time is None
    assert told(EVENT="push", SHA=SHA[:7]).sha == SHA


def test_a_pull_request() -> None:
    event = told(EVENT="pull_request", PR_NUMBER="7", BASE_REF="main", FORK="true")
    assert (event.ref, event.base_ref, event.is_fork) == ("refs/pull/7/merge", "main", True)
    assert not may_publish(event, ("branch:main",)).publish


def test_they_come_before_the_ci() -> None:
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}
    event = detect({**environment, "POLYARCH_EVENT": "schedule"}, TREE)
    assert (event.provider, event.name) == (Provider.VARIABLES, "schedule")


@pytest.mark.parametrize(
    ("variables", "where", "words"),
    [
        ({"EVENT": "pushed"}, "POLYARCH_EVENT", "did you mean `push`"),
        ({"EVENT": "push", "REF": "main"}, "POLYARCH_REF", "refs/heads/main"),
        ({"EVENT": "push", "SHA": "HEAD"}, "POLYARCH_SHA", "rev-parse"),
        ({"EVENT": "push", "COMMIT_TIME": "noon"}, "POLYARCH_COMMIT_TIME", "2026-01-02T"),
        ({"EVENT": "push", "FORK": "perhaps"}, "POLYARCH_FORK", "true or false"),
        ({"EVENT": "pull_request", "PR_NUMBER": "x"}, "POLYARCH_PR_NUMBER", "digits"),
        ({"EVENT": "pull_request"}, "POLYARCH_EVENT", "POLYARCH_PR_NUMBER"),
        ({"REF": "refs/heads/main"}, "POLYARCH_REF", "POLYARCH_EVENT"),
    ],
)
def test_what_cannot_be(variables: dict[str, str], where: str, words: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        told(**variables)
    assert where in (caught.value.where or "")
    assert words in (caught.value.hint or "")


NAMES = ("EVENT", "REF", "SHA", "PR_NUMBER", "FORK", "COMMIT_TIME", "REPOSITORY", "BASE_REF")


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30)))
def test_any_variables_are_an_event_or_an_error(variables: dict[str, str]) -> None:
    try:
        event = told(**variables)
    except PolyarchError as error:
        assert re.match(r"`POLYARCH_\w+`", error.where or "")
        assert error.message.isprintable()
    else:
        event.ref.encode()
