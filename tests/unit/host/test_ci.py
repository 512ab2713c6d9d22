"""Events, from GitHub Actions' environment and from a local tree."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.errors import EventFileError, InvalidEventError, LocalPublishRefusedError
from polyarch.host.ci import detect, is_ci
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.git import GitFacts
from polyarch.host.github import with_head_of_pull_request
from polyarch.host.local import local_as_event, local_event, simulated
from polyarch.host.repository import known_repository

SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"
OTHER = "3370e228f2209994d57af2427fe64e71bb79ac96"
TREE = GitFacts(
    root=Path("/src/app"),
    sha=SHA,
    branch="main",
    tags=("v2", "v1"),
    commit_time=datetime(2020, 1, 10, tzinfo=UTC),
    dirty=False,
    remote="https://example.org/team/app",
    default_branch="main",
    pushed=True,
)


def github(tmp_path: Path, payload: Any = None, **more: str) -> Mapping[str, str]:
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": SHA,
        "GITHUB_REPOSITORY": "team/app",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SERVER_URL": "https://github.example",
    }
    if payload is not None:
        file = tmp_path / "event.json"
        file.write_text(payload if isinstance(payload, str) else json.dumps(payload))
        environment["GITHUB_EVENT_PATH"] = str(file)
    return environment | more


def test_a_push_on_github(tmp_path: Path) -> None:
    payload = {
        "repository": {"default_branch": "trunk"},
        "commits": [{"id": SHA, "timestamp": "2020-01-02T03:04:05+09:00"}],
    }
    event = detect(github(tmp_path, payload), None)
    assert (event.provider, event.name, event.ref) == (Provider.GITHUB, "push", "refs/heads/main")
    assert (event.branch, event.tag, event.is_pull_request) == ("main", None, False)
    assert (event.sha, event.repository, event.default_branch) == (SHA, "team/app", "trunk")
    assert event.commit_time == datetime(2020, 1, 1, 18, 4, 5, tzinfo=UTC)
    assert event.ci_run == "https://github.example/team/app/actions/runs/7"
    assert event.warnings == ()


def test_a_pull_request_target_is_about_the_pull_request(tmp_path: Path) -> None:
    environment = github(tmp_path, {"number": 15}, GITHUB_EVENT_NAME="pull_request_target")
    event = detect(environment, None)
    assert (event.ref, event.sha, event.is_pull_request) == ("refs/pull/15/merge", SHA, True)


@pytest.mark.parametrize("number", [None, "15", True, [], {"x": 1}])
def test_a_wrong_number_leaves_the_ref_and_the_kind(tmp_path: Path, number: object) -> None:
    environment = github(tmp_path, {"number": number}, GITHUB_EVENT_NAME="pull_request_target")
    event = detect(environment, None)
    assert (event.ref, event.is_pull_request) == ("refs/heads/main", True)


def test_the_head_of_a_pull_request_when_asked(tmp_path: Path) -> None:
    payload = {"pull_request": {"head": {"sha": OTHER}, "base": {"ref": "main"}}}
    event = detect(github(tmp_path, payload, GITHUB_EVENT_NAME="pull_request"), TREE)
    assert (event.sha, event.base_ref) == (SHA, "main")
    assert event.commit_time == TREE.commit_time
    changed = with_head_of_pull_request(event, TREE)
    assert (changed.sha, changed.commit_time) == (OTHER, None)
    push = replace(event, name="push")
    assert with_head_of_pull_request(push) == push


def test_the_head_commit_of_a_tag_tells_the_time(tmp_path: Path) -> None:
    head = {"id": SHA, "timestamp": "2021-01-02T03:04:05Z"}
    assert detect(github(tmp_path, {"head_commit": head}), None).commit_time == datetime(
        2021, 1, 2, 3, 4, 5, tzinfo=UTC
    )
    head["id"] = OTHER
    assert detect(github(tmp_path, {"head_commit": head}), None).commit_time is None


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 5]
)
def test_an_impossible_time_is_none(tmp_path: Path, text: object) -> None:
    payload = {"head_commit": {"id": SHA, "timestamp": text}}
    assert detect(github(tmp_path, payload), None).commit_time is None


def test_an_absent_event_file_is_told(tmp_path: Path) -> None:
    event = detect(github(tmp_path, GITHUB_EVENT_PATH=str(tmp_path / "absent")), None)
    assert (dict(event.payload), len(event.warnings)) == ({}, 1)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "null", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"]
)
def test_a_broken_event_file_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(EventFileError) as caught:
        detect(github(tmp_path, text), None)
    assert "GITHUB_EVENT_PATH" in (caught.value.where or "")


@pytest.mark.parametrize("path", [".", "a\0b", "x" * 5000])
def test_an_impossible_event_file_is_an_error(tmp_path: Path, path: str) -> None:
    with pytest.raises(EventFileError):
        detect(github(tmp_path, GITHUB_EVENT_PATH=path), None)


def test_texts_of_the_payload_can_be_printed(tmp_path: Path) -> None:
    event = detect(github(tmp_path, '{"a": {"b": "x\\ud800y"}, "c": 5}'), None)
    assert event.text("a", "b") == "x\N{REPLACEMENT CHARACTER}y"
    assert event.text("a") is None
    assert event.text("c") is None
    assert event.text("a", "b", "c") is None
    assert event.text("no", "thing") is None


NAMES = st.sampled_from(
    [
        "number",
        "pull_request",
        "head",
        "sha",
        "commits",
        "head_commit",
        "id",
        "timestamp",
        "repository",
        "base",
        "repo",
        "full_name",
        "workflow_run",
        "head_repository",
        "license",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=st.dictionaries(NAMES, JSON, max_size=4),
    name=st.sampled_from(["push", "pull_request_target", "pull_request"]),
)
def test_any_payload_is_an_event(tmp_path: Path, payload: Any, name: str) -> None:
    event = detect(github(tmp_path, payload, GITHUB_EVENT_NAME=name), TREE)
    assert isinstance(with_head_of_pull_request(event, TREE), CiEvent)
    known_repository(event, TREE)


def test_without_a_ci_it_is_local() -> None:
    event = detect({"GITHUB_ACTIONS": "false", "CI": "true"}, TREE)
    assert (event.provider, event.name, event.ref) == (Provider.LOCAL, "local", "refs/heads/main")
    assert (event.repository, event.default_branch, event.ci_run) == ("team/app", "main", None)
    assert not event.simulated


def test_a_detached_head_is_its_tag_or_nothing() -> None:
    assert local_event(replace(TREE, branch=None)).ref == "refs/tags/v2"
    assert local_event(replace(TREE, branch=None, tags=())).ref == ""
    assert (local_event(None).ref, local_event(None).sha) == ("", "")


def test_a_local_tree_as_a_push() -> None:
    event = local_as_event(TREE)
    assert (event.name, event.ref, event.simulated) == ("push", "refs/heads/main", False)
    assert local_as_event(replace(TREE, branch=None)).ref == "refs/tags/v2"


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "work tree"),
        (replace(TREE, dirty=True), "not committed"),
        (replace(TREE, pushed=False), "no branch of a remote"),
        (replace(TREE, branch=None, tags=()), "without a branch or tag"),
    ],
)
def test_what_nobody_else_can_have_is_not_published(tree: GitFacts | None, words: str) -> None:
    with pytest.raises(LocalPublishRefusedError, match=words) as caught:
        local_as_event(tree)
    assert caught.value.hint


def test_a_simulated_event() -> None:
    event = simulated("push", "refs/tags/v1.2.3", None, TREE)
    assert (event.name, event.tag, event.sha, event.simulated) == ("push", "v1.2.3", SHA, True)
    assert event.commit_time == TREE.commit_time
    other = simulated("schedule", None, OTHER, TREE)
    assert (other.ref, other.sha, other.commit_time) == ("refs/heads/main", OTHER, None)
    assert simulated("push", "refs/heads/x", None, None).sha == ""


@pytest.mark.parametrize(
    ("name", "ref", "hint"),
    [
        ("pus", None, "push"),
        ("pull-request", None, "pull_request"),
        ("\x1b[31m", None, "push"),
        ("push", "main", "refs/heads/main"),
        ("push", "v1", "refs/tags/v1"),
        ("push", "", "refs/heads/"),
        ("push", "heads/main", "`refs/heads/main`"),
        ("push", "refs/tags/", "refs/tags/"),
        ("push", "refs/main", "`refs/heads/main`"),
    ],
)
def test_an_impossible_simulation_tells_the_right_one(
    name: str, ref: str | None, hint: str
) -> None:
    with pytest.raises(InvalidEventError) as caught:
        simulated(name, ref, None, TREE)
    assert hint in (caught.value.hint or "")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("value", ["true", "1", "woodpecker"])
def test_every_ci_says_so(value: str) -> None:
    assert is_ci({"CI": value})
    assert is_ci({"GITHUB_ACTIONS": "true"})


@pytest.mark.parametrize("value", ["", "false", "0", "False"])
def test_a_laptop_is_no_ci(value: str) -> None:
    assert not is_ci({"CI": value})
    assert not is_ci({})


def test_repository_facts_come_from_the_event_then_from_git(tmp_path: Path) -> None:
    told = {
        "name": "App", "description": "What it is", "html_url": "https://github.example/team/app",
        "default_branch": "trunk", "license": {"spdx_id": "MIT"},
    }  # fmt: skip
    facts = known_repository(detect(github(tmp_path, {"repository": told}), TREE), TREE)
    assert (facts.name, facts.description, facts.license) == ("App", "What it is", "MIT")
    assert (facts.html_url, facts.default_branch) == ("https://github.example/team/app", "trunk")
    local = known_repository(local_event(TREE), TREE)
    assert (local.name, local.html_url) == ("app", "https://example.org/team/app")
    assert (local.description, local.license) == ("", "")
    alone = replace(TREE, remote=None, root=Path("/src/folder"))
    assert known_repository(local_event(alone), alone).name == "folder"


@pytest.mark.parametrize(
    ("more", "provider", "run"),
    [
        ({}, Provider.GITHUB, "7"),
        ({"GITEA_ACTIONS": "true"}, Provider.GITEA, "7"),
        ({"GITEA_ACTIONS": "true", "FORGEJO_ACTIONS": "true"}, Provider.FORGEJO, "3"),
    ],
)
def test_those_that_speak_as_github(
    tmp_path: Path, more: dict[str, str], provider: Provider, run: str
) -> None:
    more |= {"GITHUB_RUN_NUMBER": "3", "GITHUB_SERVER_URL": "https://github.example/"}
    event = detect(github(tmp_path, {}, **more), None)
    assert (event.provider, event.name, event.sha) == (provider, "push", SHA)
    assert event.ci_run == f"https://github.example/team/app/actions/runs/{run}"


@pytest.mark.parametrize(
    ("pull", "fork"),
    [
        ({"head": {"repo": {"full_name": "team/app"}}}, False),
        ({"head": {"repo": {"full_name": "somebody/app"}}}, True),
        ({"head": {"repo": None}}, True),
        ({"head": {"repo": []}}, True),
        ({"head": {}}, False),
        ({}, False),
        ([], False),
    ],
)
@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_fork(tmp_path: Path, pull: object, fork: bool, name: str) -> None:
    payload = {"pull_request": pull, "repository": {"full_name": "team/app"}}
    environment = github(tmp_path, payload, GITHUB_EVENT_NAME=name)
    assert detect(environment, None).is_fork is fork


@pytest.mark.parametrize(
    ("head", "fork"),
    [({"full_name": "somebody/app"}, True), (None, True), ({"full_name": "team/app"}, False)],
)
def test_a_workflow_that_a_fork_started(tmp_path: Path, head: object, fork: bool) -> None:
    payload = {"workflow_run": {"head_repository": head}, "repository": {"full_name": "team/app"}}
    event = detect(github(tmp_path, payload, GITHUB_EVENT_NAME="workflow_run"), None)
    assert event.is_fork is fork


@pytest.mark.parametrize(
    "environment",
    [
        {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "someone", "GITHUB_EVENT_NAME": "push"},
        {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "someone", "CI_COMMIT_BRANCH": "main"},
        {"POLYARCH_EVENT": "push", "POLYARCH_ACTOR": "someone", "POLYARCH_REF": "refs/heads/main"},
    ],
)
def test_who_started_it(environment: Mapping[str, str]) -> None:
    assert detect(environment, TREE).actor == "someone"
    assert local_event(TREE).actor == ""
