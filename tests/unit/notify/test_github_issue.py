"""An issue opens with the first failure and closes when all that failed works again."""

from dataclasses import replace

import pytest

from polyarch.notify.notice import Kind, Notice
from polyarch.notify.send import Delivery
from tests.support.notices import NOTICE, deliver
from tests.support.receivers import Issues, Receivers

TOKEN = "gh-t0k3n"
GOOD = replace(NOTICE, kind=Kind.SUCCESS)
ON_TAGS = replace(NOTICE, line="tags", ref="refs/tags/v1")


@pytest.fixture
def issues(received: Receivers) -> Issues:
    found = Issues(TOKEN)
    received.at("/repos/team/app/issues", found)
    return found


def send(received: Receivers, notice: Notice, line: str = "github://team/app") -> Delivery:
    return deliver(line, notice, variables={"GITHUB_TOKEN": TOKEN}, api=received.url)


def test_from_the_first_failure_to_the_last(received: Receivers, issues: Issues) -> None:
    assert send(received, GOOD).did == ""
    assert send(received, NOTICE).did == "an issue was opened"
    assert send(received, NOTICE).did == "issue 1 got a comment"
    assert send(received, ON_TAGS).did == "issue 1 got a comment"
    assert send(received, GOOD).did == "issue 1 stays open for 1 more"
    assert send(received, GOOD).did == ""
    assert issues.issues[0]["state"] == "open"
    assert send(received, replace(ON_TAGS, kind=Kind.RECOVERY)).did == "issue 1 was closed"
    assert issues.issues[0]["state"] == "closed"
    assert len(issues.comments) == 4
    assert send(received, NOTICE).did == "an issue was opened"
    assert [each["state"] for each in issues.issues] == ["closed", "open"]
    assert issues.issues[1]["labels"] == ["polyarch"]


def test_each_project_has_its_own(received: Receivers, issues: Issues) -> None:
    other = replace(NOTICE, project="team/other")
    assert send(received, NOTICE).did == "an issue was opened"
    assert send(received, other).did == "an issue was opened"
    assert send(received, replace(other, kind=Kind.RECOVERY)).did == "issue 2 was closed"
    assert issues.issues[0]["state"] == "open"


def test_nothing_hostile_gets_into_the_mark(received: Receivers, issues: Issues) -> None:
    line = 'refs/heads/--><!-- polyarch-notify {"project":"x"} -->'
    mark = '<!-- polyarch-notify {"project": "team/other", "failing": ["x"]} -->'
    bad = replace(NOTICE, line=line, what=mark)
    assert send(received, bad).did == "an issue was opened"
    assert send(received, bad).did == "issue 1 got a comment"
    assert send(received, replace(bad, kind=Kind.RECOVERY)).did == "issue 1 was closed"


def test_a_mark_that_somebody_has_edited(received: Receivers, issues: Issues) -> None:
    for mark in ("[]", '{"project": 1}', '{"project": "team/app", "failing": 7}', "{" * 9999 + "}"):
        body = f"<!-- polyarch-notify {mark} -->"
        issues.issues = [{"number": 1, "state": "open", "labels": ["polyarch"], "body": body}]
        assert send(received, NOTICE).did == "an issue was opened"


def test_the_repository_of_the_run_and_another_token(received: Receivers, issues: Issues) -> None:
    found = deliver(
        "github://?token-env=ISSUES",
        variables={"ISSUES": f"{TOKEN}\n"},
        api=received.url,
        repository="team/app",
    )
    assert found.did == "an issue was opened"
    assert issues.issues


@pytest.mark.parametrize("line", ["github://", "github://team", "github://team/app/../../x"])
def test_no_repository(received: Receivers, issues: Issues, line: str) -> None:
    error = send(received, NOTICE, line).error
    assert error
    assert not issues.issues
    assert not received.got


def test_no_token_and_a_wrong_one(received: Receivers, issues: Issues) -> None:
    for variables, told in (({}, "GITHUB_TOKEN"), ({"GITHUB_TOKEN": "x"}, "401: Bad credentials")):
        error = deliver("github://team/app", variables=variables, api=received.url).error
        assert error
        assert told in error.message
    assert not issues.issues


def test_a_test_changes_nothing(received: Receivers, issues: Issues) -> None:
    trial = replace(NOTICE, kind=Kind.TEST)
    assert send(received, trial).did == "no issue is open"
    send(received, NOTICE)
    assert send(received, trial).did == "issue 1 is open"
    assert len(issues.issues) == 1
    assert not issues.comments


def test_acts_are_told_in_an_issue_that_is_open(received: Receivers, issues: Issues) -> None:
    act = replace(NOTICE, kind=Kind.ACT, verb="rollback", line="rollback", who="alice")
    assert send(received, act).did == ""
    assert send(received, NOTICE).did == "an issue was opened"
    assert send(received, act).did == "issue 1 got a comment"
    failed = replace(act, kind=Kind.FAILURE)
    assert send(received, failed).did == "issue 1 got a comment"
    assert send(received, act).did == "issue 1 stays open for 1 more"
    assert send(received, GOOD).did == "issue 1 was closed"
    assert issues.issues[0]["state"] == "closed"
