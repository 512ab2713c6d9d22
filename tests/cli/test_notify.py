"""`polyarch notify`: the last job of a pipeline, and the trial of addresses."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from polyarch.notify.notice import Kind
from tests.support.canary import find_canary
from tests.support.ci_runs import OWN, Runs
from tests.support.notices import NOTICE
from tests.support.receivers import Receivers, Reply, answers, dingtalk, feishu, receivers
from tests.support.tiny_project import NOTHING, Said, TinyProject, github

TOKEN = "c4n4ry-t0k3n-of-a-hook"
GOOD: Mapping[str, object] = {"result": "success", "outputs": {}}
BAD, CUT, SKIPPED = ({**GOOD, "result": each} for each in ("failure", "cancelled", "skipped"))


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


@pytest.fixture
def runs(received: Receivers) -> Runs:
    return Runs(received)


def told(received: Receivers) -> list[str]:
    return [each.json["kind"] for each in received.of("/hook")]


def last_job(
    project: TinyProject,
    received: Receivers,
    jobs: Mapping[str, object],
    *words: str,
    more: Mapping[str, str] = NOTHING,
) -> Said:
    sha = project.git("rev-parse", "HEAD")
    environment = {
        **github("push", "refs/heads/main", sha),
        "POLYARCH_NOTIFY_URLS": received.at("/hook"),
        "NEEDS": json.dumps(jobs),
        **more,
    }
    said = project.run("notify", "--needs-env", "NEEDS", *words, more=environment)
    assert said.code == 0, said
    return said


@pytest.mark.parametrize(
    ("jobs", "before", "kind"),
    [
        ({"a": GOOD, "b": BAD}, "success", "failure"),
        ({"a": BAD, "b": SKIPPED, "c": CUT}, "failure", "failure"),
        ({"a": GOOD, "b": CUT}, "success", "failure"),
        ({"a": GOOD, "b": GOOD}, "failure", "recovery"),
        ({"a": GOOD, "b": SKIPPED}, "timed_out", "recovery"),
        ({"a": GOOD}, "success", ""),
        ({"a": SKIPPED}, "failure", ""),
    ],
)
def test_what_is_decided(
    project: TinyProject, runs: Runs, jobs: Mapping[str, object], before: str, kind: str
) -> None:
    runs.known = {OWN: "", 41: "cancelled", 40: before, 39: "failure"}
    last_job(project, runs.received, jobs, more=runs.on_github)
    assert told(runs.received) == [kind] * bool(kind)


def test_a_job_that_was_cancelled_for_a_newer_run(
    project: TinyProject, received: Receivers, runs: Runs
) -> None:
    runs.known = {43: "", OWN: "", 41: "success"}
    said = last_job(project, received, {"a": CUT}, more=runs.on_github)
    assert "a newer run took its place" in said.stderr
    assert told(received) == []
    (asked,) = runs.asked
    assert asked.path.endswith("/actions/workflows/polyarch.yml/runs")
    assert asked.query["branch"] == "main"


def test_and_where_nobody_can_say(project: TinyProject, received: Receivers) -> None:
    last_job(project, received, {"a": CUT})
    assert told(received) == ["failure"]
    request = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
    last_job(project, received, {"a": CUT}, more=request)
    assert told(received) == ["failure"]


def test_the_attempt_before_counts_first(
    project: TinyProject, received: Receivers, runs: Runs
) -> None:
    runs.known, runs.attempts = {OWN: "", 41: "success"}, {1: "failure"}
    more = {**runs.on_github, "GITHUB_RUN_ATTEMPT": "2"}
    last_job(project, received, {"a": GOOD}, more=more)
    assert told(received) == ["recovery"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"GITHUB_TOKEN": ""},
        {"GITHUB_TOKEN": "another"},
        {"GITHUB_API_URL": ""},
        {"GITHUB_API_URL": "https://127.0.0.1:1"},
        {"GITHUB_WORKFLOW_REF": ""},
        {"GITHUB_RUN_ID": "x"},
    ],
)
def test_without_an_answer_it_is_unknown(
    project: TinyProject, received: Receivers, runs: Runs, wrong: Mapping[str, str]
) -> None:
    runs.known = {41: "failure"}
    said = last_job(project, received, {"a": GOOD}, more={**runs.on_github, **wrong})
    assert told(received) == []
    assert "the one before: unknown" in said.stderr


def test_what_runs_have_left_is_told(project: TinyProject, received: Receivers) -> None:
    notice = json.dumps(NOTICE.to_json())
    jobs = {
        "build-amd64": GOOD,
        "build-arm64": {"result": "failure", "outputs": {"notice": notice, "x": "y"}},
        "build-s390x": {"result": "failure", "outputs": {"notice_s390x": notice}},
        "publish": {"result": "skipped", "outputs": {"notice": None, "notice2": "{"}},
    }
    last_job(project, received, jobs)
    (got,) = (each.json for each in received.of("/hook"))
    assert got["what"].startswith("the build of `app` for linux/arm64 failed")
    assert got["what"].endswith("(and 1 more)")
    assert got["platforms"] == ["linux/arm64"]
    assert got["tags"] == list(NOTICE.tags)
    assert got["event"]["ref"] == "refs/heads/main"
    assert got["url"] == "https://github.com/team/project/actions/runs/42"


def test_what_jobs_have_moved_is_told_beside_how_they_ended(
    project: TinyProject, received: Receivers
) -> None:
    act = replace(NOTICE, kind=Kind.ACT, verb="promote", who="alice", what="", hint="")
    left = {**GOOD, "outputs": {"notice": json.dumps(act.to_json())}}
    last_job(project, received, {"promote": left})
    assert told(received) == ["act"]
    last_job(project, received, {"promote": left, "sign": BAD})
    assert told(received) == ["act", "failure", "act"]
    project.toml('+[notify]\non = ["failure", "recovery"]\n')
    last_job(project, received, {"promote": left})
    assert told(received) == ["act", "failure", "act"]


def test_names_of_jobs_where_there_is_nothing_better(
    project: TinyProject, received: Receivers
) -> None:
    last_job(project, received, {"build": BAD, "publish": SKIPPED})
    last_job(project, received, {"build": CUT, "publish": SKIPPED})
    what = [each.json["what"] for each in received.of("/hook")]
    assert what[0] == "the job `build` failed"
    assert what[1] == "the job `build` was cancelled, or ran out of time"


def test_a_rehearsal_is_told_as_one(project: TinyProject, received: Receivers) -> None:
    project.toml('+[environments.staging]\nrepositories = ["127.0.0.1:1/staging/{image}"]\n')
    last_job(project, received, {"build": BAD}, "--env", "staging")
    [message] = received.of("/hook")
    assert message.json["project"].endswith(" (staging)")


def test_records_that_artifacts_have_brought(project: TinyProject, received: Receivers) -> None:
    project.write({"make.sh": "exit 9\n"})
    sha = project.commit()
    gitlab = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_REF_NAME": "main",
        "CI_COMMIT_SHA": sha,
        "CI_PROJECT_PATH": "team/project",
        "CI_PIPELINE_ID": "42",
        "CI_PIPELINE_URL": "https://gitlab.example/team/project/-/pipelines/42",
    }
    more = {**gitlab, "POLYARCH_NOTIFY_URLS": received.at("/hook"), "POLYARCH_NOTIFY": "off"}
    assert project.run("build", more=more).code == 1
    assert not received.got
    for words in (("--status", "failure"), ("--needs-env", "NEEDS")):
        needs = {"NEEDS": json.dumps({"build": BAD})}
        assert project.run("notify", *words, more={**more, **needs}).code == 0
    first, second = (each.json for each in received.of("/hook"))
    assert first["what"] == second["what"]
    assert "linux/" in first["what"]
    assert first["url"].endswith("/pipelines/42")


def test_gitlab_knows_its_pipelines(project: TinyProject, received: Receivers, runs: Runs) -> None:
    more = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_TAG": "v2",
        "CI_COMMIT_SHA": project.git("rev-parse", "HEAD"),
        "CI_PIPELINE_ID": str(OWN),
        "CI_API_V4_URL": runs.url,
        "CI_PROJECT_ID": "7",
        "GITLAB_TOKEN": runs.token,
        "POLYARCH_NOTIFY_URLS": received.at("/hook"),
    }
    runs.known = {OWN: "running", 41: "canceled", 40: "failed"}
    assert project.run("notify", "--status", "success", more=more).code == 0
    assert told(received) == ["recovery"]
    assert runs.asked[0].query["scope"] == "tags"
    runs.known = {43: "running", **runs.known}
    assert project.run("notify", "--status", "cancelled", more=more).code == 0
    assert told(received) == ["recovery"]


def test_nothing_for_a_fork(project: TinyProject, received: Receivers) -> None:
    payload = {
        "pull_request": {
            "head": {"repo": {"full_name": "somebody/project"}},
            "base": {"repo": {"full_name": "team/project"}},
        }
    }
    event = project.root.parent / "event.json"
    event.write_text(json.dumps(payload))
    more = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_EVENT_PATH": str(event),
    }
    said = last_job(project, received, {"a": BAD}, more=more)
    assert "fork" in said.stderr
    assert not received.got


def test_nobody_is_named(project: TinyProject, received: Receivers) -> None:
    said = last_job(project, received, {"a": BAD}, "--json", more={"POLYARCH_NOTIFY_URLS": "\n"})
    assert said.document["kind"] is None
    assert said.document["reason"] == "nobody is named"


def test_whoever_is_down_fails_no_job(project: TinyProject, received: Receivers) -> None:
    more = {"POLYARCH_NOTIFY_URLS": f"http://127.0.0.1:1/{TOKEN}"}
    said = last_job(project, received, {"a": BAD}, "--json", more=more)
    (address,) = said.document["addresses"]
    assert (address["line"], address["service"], address["sent"]) == (1, "webhook", False)
    assert address["error"]["code"] == "notice-not-sent"
    assert "warning: a notice was not taken" in said.stderr
    assert find_canary(project, said, TOKEN) == []


@pytest.mark.parametrize(
    "needs", ["", "x", "[]", "{}", '{"a": 1}', '{"a": {"result": "perhaps"}}', "[" * 99_999]
)
def test_needs_that_are_none(project: TinyProject, needs: str) -> None:
    said = project.run("notify", "--needs-env", "NEEDS", "--json", more={"NEEDS": needs})
    assert said.code == 2
    assert said.document["code"] == "needs-unreadable"


@pytest.mark.parametrize("words", [(), ("--test", "--status", "failure"), ("--status", "x")])
def test_words_that_say_nothing(project: TinyProject, words: tuple[str, ...]) -> None:
    assert project.run("notify", *words).code == 2


class TestTrial:
    def test_every_address_is_told_of(self, project: TinyProject, received: Receivers) -> None:
        lines = [
            received.at("/hook"),
            f"dingtalk+{received.at('/ding', dingtalk('SECx'))}?access_token={TOKEN}#secret=SECx",
            f"feishu+{received.at('/feishu', feishu('s'))}/{TOKEN}#secret=s",
            f"slack+{received.at('/slack', answers(Reply(status=404)))}/{TOKEN}",
        ]
        more = {"POLYARCH_NOTIFY_URLS": "\n".join(lines)}
        said = project.run("notify", "--test", more=more)
        assert said.code == 5
        assert said.stdout.splitlines() == [
            "line 1 (webhook): sent",
            "line 2 (dingtalk): sent",
            "line 3 (feishu): sent",
            "line 4 (slack): a notice was not taken: it answered 404",
        ]
        assert told(received) == [Kind.TEST]
        assert find_canary(project, said, TOKEN) == []
        more = {"POLYARCH_NOTIFY_URLS": "\n".join(lines[:3])}
        assert project.run("notify", "--test", "--json", more=more).document["kind"] == "test"

    def test_nobody_is_named(self, project: TinyProject) -> None:
        said = project.run("notify", "--test")
        assert said.code == 2
        assert "POLYARCH_NOTIFY_URLS" in said.stderr

    def test_a_line_that_is_none(self, project: TinyProject, received: Receivers) -> None:
        more = {"POLYARCH_NOTIFY_URLS": f"{received.at('/hook')}\n{TOKEN}"}
        said = project.run("notify", "--test", "--json", more=more)
        assert said.code == 5
        assert [each["code"] for each in said.document["wrong"]] == ["invalid-notice-address"]
        assert find_canary(project, said, TOKEN) == []
