"""What the CI's API adds to what event and git know; it is never a condition."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.forge import ask_forge
from polyarch.host.git import GitFacts
from polyarch.host.repository import RepositoryFacts
from tests.support.forge_api import ForgeApi, body, forge_api, says

SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"
COMMITTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = CiEvent(
    provider=Provider.GITHUB,
    name="push",
    ref="refs/heads/main",
    sha=SHA,
    repository="team/app",
    payload={"repository": {"name": "old", "description": "old", "default_branch": "old"}},
)
GIT = GitFacts(
    root=Path("/src/app"),
    sha=SHA,
    branch="main",
    tags=(),
    commit_time=COMMITTED,
    dirty=False,
    remote="https://example.org/team/app",
    default_branch="trunk",
    pushed=True,
)
ANSWER = {
    "name": "app",
    "description": "What it is",
    "html_url": "https://example.org/team/app",
    "default_branch": "trunk",
    "license": {"spdx_id": "MIT"},
}
FACTS = RepositoryFacts(
    name="app",
    description="What it is",
    html_url="https://example.org/team/app",
    default_branch="trunk",
    license="MIT",
)


@pytest.fixture
def api() -> Iterator[ForgeApi]:
    with forge_api() as api:
        api.answers["/repos/team/app"] = says(ANSWER)
        yield api


def around(api: ForgeApi, **more: str) -> Mapping[str, str]:
    return {"GITHUB_API_URL": api.url, "GITHUB_TOKEN": "s3cr3t", **more}


def test_the_api_takes_the_place_of_the_event(api: ForgeApi) -> None:
    event = replace(EVENT, commit_time=COMMITTED)
    answer = ask_forge(event, GIT, around(api))
    assert answer.repository == FACTS
    assert (answer.commit_time, answer.warnings) == (COMMITTED, ())
    [(path, headers)] = api.seen
    assert (path, headers["Authorization"]) == ("/repos/team/app", "token s3cr3t")


def test_nothing_is_empty_as_with_the_reference(api: ForgeApi) -> None:
    api.answers["/repos/team/app"] = says(ANSWER | {"description": None, "license": None})
    found = ask_forge(EVENT, None, around(api)).repository
    assert (found.description, found.license) == ("", "")


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        (Provider.GITHUB, f"/repos/team/app/commits/{SHA}"),
        (Provider.GITEA, f"/repos/team/app/git/commits/{SHA}"),
        (Provider.FORGEJO, f"/repos/team/app/git/commits/{SHA}"),
    ],
)
def test_the_time_of_a_commit_that_nobody_else_knows(
    api: ForgeApi, provider: Provider, path: str
) -> None:
    api.answers[path] = says({"commit": {"committer": {"date": "2026-01-02T04:04:05+01:00"}}})
    answer = ask_forge(replace(EVENT, provider=provider), None, around(api))
    assert answer.commit_time == COMMITTED
    api.answers[path] = says({"commit": []})
    assert ask_forge(replace(EVENT, provider=provider), None, around(api)).commit_time is None
    del api.answers[path]
    answer = ask_forge(replace(EVENT, provider=provider), None, around(api))
    assert (answer.commit_time, answer.repository, answer.warnings) == (None, FACTS, ())


def test_gitea_has_a_list_of_licences(api: ForgeApi) -> None:
    api.answers["/repos/team/app"] = says(
        {**ANSWER, "license": None, "licenses": ["Apache-2.0", "MIT"]}
    )
    event = replace(EVENT, provider=Provider.GITEA)
    assert ask_forge(event, None, around(api)).repository.license == "Apache-2.0"


def test_a_token_that_is_handed_in_counts(api: ForgeApi) -> None:
    ask_forge(EVENT, None, around(api), token="other")
    assert api.seen[0][1]["Authorization"] == "token other"


def test_without_a_token_it_is_asked_all_the_same(api: ForgeApi) -> None:
    assert ask_forge(EVENT, None, {"GITHUB_API_URL": api.url}).repository == FACTS
    assert "Authorization" not in api.seen[0][1]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_a_warning(api: ForgeApi, status: int) -> None:
    api.answers["/repos/team/app"] = says({"message": "no s3cr3t"}, status)
    answer = ask_forge(EVENT, GIT, around(api))
    assert answer.repository == RepositoryFacts(
        name="old",
        description="old",
        html_url="https://example.org/team/app",
        default_branch="trunk",
    )
    [warning] = answer.warnings
    assert f"status {status}" in warning
    assert "s3cr3t" not in warning


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'{"name": 5, "license": []}'])
def test_nonsense_is_no_failure(api: ForgeApi, raw: bytes) -> None:
    api.answers["/repos/team/app"] = body(raw)
    answer = ask_forge(EVENT, GIT, around(api))
    assert (answer.repository.name, answer.repository.description) == ("old", "old")
    assert len(answer.warnings) == 1


@pytest.mark.parametrize("url", ["https://[", "https://x:99999", "https://u:s3cr3t@", "s3cr3t"])
def test_a_broken_address_is_a_warning_without_secrets(url: str) -> None:
    answer = ask_forge(EVENT, GIT, {"GITHUB_API_URL": url, "GITHUB_TOKEN": "s3cr3t"})
    assert (answer.repository.name, len(answer.warnings)) == ("old", 1)
    assert "s3cr3t" not in answer.warnings[0]


def test_a_token_that_cannot_be_sent_is_not_told(api: ForgeApi) -> None:
    [warning] = ask_forge(EVENT, GIT, around(api, GITHUB_TOKEN="s3cr3t\r\nA: b")).warnings
    assert "s3cr3t" not in warning
    assert api.seen == []
    ask_forge(EVENT, GIT, around(api, GITHUB_TOKEN="s3cr3t\n"))
    assert api.seen[0][1]["Authorization"] == "token s3cr3t"


@pytest.mark.parametrize(
    ("provider", "environment"),
    [
        (Provider.LOCAL, {"GITHUB_API_URL": "API"}),
        (Provider.VARIABLES, {"GITHUB_API_URL": "API"}),
        (Provider.GITHUB, {}),
        (Provider.GITLAB, {"CI_API_V4_URL": "API", "CI_PROJECT_ID": "7"}),
    ],
)
def test_nobody_is_asked(api: ForgeApi, provider: Provider, environment: Mapping[str, str]) -> None:
    found = {name: api.url if text == "API" else text for name, text in environment.items()}
    answer = ask_forge(replace(EVENT, provider=provider), GIT, found)
    assert (answer.repository.name, answer.warnings, api.seen) == ("old", (), [])


@pytest.mark.parametrize("more", [{"CI_PROJECT_VISIBILITY": "public"}, {"GITLAB_TOKEN": "s3cr3t"}])
def test_gitlab_knows_the_licence(api: ForgeApi, more: Mapping[str, str]) -> None:
    api.answers["/projects/7"] = says({"license": {"key": "apache-2.0"}, "name": "ignored"})
    event = replace(EVENT, provider=Provider.GITLAB)
    environment = {"CI_API_V4_URL": api.url, "CI_PROJECT_ID": "7", **more}
    answer = ask_forge(event, GIT, environment)
    assert (answer.repository.name, answer.repository.license) == ("old", "Apache-2.0")
    [(path, headers)] = api.seen
    assert path == "/projects/7?license=true"
    assert headers.get("Private-Token") == more.get("GITLAB_TOKEN")


KEYS = st.sampled_from(["name", "description", "license", "licenses", "spdx_id", "key", "commit"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(answer=JSON, provider=st.sampled_from(Provider))
def test_no_answer_is_a_failure(answer: object, provider: Provider) -> None:
    with forge_api() as api:
        said = says(answer)
        api.answers = {
            "/repos/team/app": said,
            f"/repos/team/app/commits/{SHA}": said,
            f"/repos/team/app/git/commits/{SHA}": said,
            "/projects/7": said,
        }
        gitlab = {"CI_API_V4_URL": api.url, "CI_PROJECT_ID": "7", "GITLAB_TOKEN": "x"}
        found = ask_forge(replace(EVENT, provider=provider), GIT, around(api, **gitlab))
    assert found.repository.name
    found.repository.license.encode()


def test_a_hostile_name_stays_in_the_path(api: ForgeApi) -> None:
    ask_forge(replace(EVENT, repository="team/../x?y#z\r\nA: b"), None, around(api))
    [(path, headers)] = api.seen
    assert path.startswith("/repos/team/")
    assert "A" not in headers
