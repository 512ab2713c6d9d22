"""What people hear where no run has left anything: no config to read, no notice, no record."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.canary import find_canary
from tests.support.notices import NOTICE
from tests.support.receivers import Receivers, receivers
from tests.support.tiny_project import NOTHING, Said, TinyProject, github

CANARY = "c4n4ry-p4ssw0rd"
UNMOVED = ["no tag was moved by this run: users see what they saw before"]


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


def told(
    project: TinyProject, received: Receivers, *words: str, more: Mapping[str, str] = NOTHING
) -> tuple[Said, dict[str, Any]]:
    """What the command says, and the one notice that it sends."""
    sha = project.git("rev-parse", "HEAD")
    environment = {
        **github("push", "refs/heads/main", sha),
        "POLYARCH_NOTIFY_URLS": received.at("/hook"),
        **more,
    }
    said = project.run("notify", *words, more=environment)
    assert said.code == 0, said
    (message,) = received.of("/hook")
    return said, message.json


def of_jobs(project: TinyProject, received: Receivers, **results: str) -> dict[str, Any]:
    """What is told of jobs; `__` in a name is a dash."""
    jobs = {name.replace("__", "-"): {"result": each} for name, each in results.items()}
    return told(project, received, "--needs-env", "NEEDS", more={"NEEDS": json.dumps(jobs)})[1]


class TestUnread:
    @pytest.mark.parametrize("how", [("--needs-env", "NEEDS"), ("--status", "failure")])
    def test_an_unknown_key_is_told(
        self, project: TinyProject, received: Receivers, how: tuple[str, str]
    ) -> None:
        project.toml('nonsense = "x"\n' + (project.root / "polyarch.toml").read_text())
        jobs = {"build-linux-s390x": {"result": "failure"}, "publish": {"result": "skipped"}}
        said, notice = told(project, received, *how, more={"NEEDS": json.dumps(jobs)})
        assert notice["kind"] == "failure"
        assert notice["project"] == "team/project"
        assert notice["what"].startswith("`polyarch.toml` cannot be read: nonsense (line 1): ")
        assert notice["where"].startswith("polyarch.toml, line 1")
        assert "polyarch schema" in notice["hint"]
        assert "warning: `polyarch.toml` cannot be read: nonsense (line 1)" in said.stderr
        if how[0] == "--needs-env":
            assert notice["where"].endswith("; the job `build-linux-s390x` failed")
            assert notice["tags"] == UNMOVED

    def test_none_at_all(self, project: TinyProject, received: Receivers) -> None:
        (project.root / "polyarch.toml").unlink()
        said, notice = told(project, received, "--status", "failure", "--json")
        assert said.document["kind"] == "failure"
        assert "there is no `polyarch.toml` in this folder or above it" in notice["what"]
        assert str(project.root) not in json.dumps(notice)

    def test_one_that_was_named_and_is_not_there(
        self, project: TinyProject, received: Receivers
    ) -> None:
        _, notice = told(project, received, "--status", "failure", "--config", "x/other.toml")
        assert notice["what"] == "`other.toml` cannot be read: No such file or directory"

    def test_an_environment_that_is_gone(self, project: TinyProject, received: Receivers) -> None:
        _, notice = told(project, received, "--status", "failure", "--env", "staging")
        assert notice["project"] == "team/project (staging)"
        assert "no environment matches `staging`" in notice["what"]

    def test_no_value_of_the_file_is_told(self, project: TinyProject, received: Receivers) -> None:
        project.toml(f'[images.app]\nrepositories = ["user:{CANARY}@host/ A"]\n')
        for number in range(2):
            if number:
                project.toml(f'[registries."https://u:{CANARY}@host"]\nx = 1\n')
            received.got.clear()
            said, notice = told(project, received, "--status", "failure")
            assert CANARY not in json.dumps(notice)
            assert CANARY not in said.stderr

    def test_what_a_run_has_left_comes_first(
        self, project: TinyProject, received: Receivers
    ) -> None:
        project.toml("= broken")
        outputs = {"notice": json.dumps(NOTICE.to_json())}
        jobs = {"build": {"result": "failure", "outputs": outputs}}
        more = {"NEEDS": json.dumps(jobs)}
        _, notice = told(project, received, "--needs-env", "NEEDS", more=more)
        assert notice["what"] == NOTICE.what

    def test_a_trial(self, project: TinyProject, received: Receivers) -> None:
        project.toml("= broken")
        said, notice = told(project, received, "--test")
        assert notice["kind"] == "test"
        assert "warning: `polyarch.toml` cannot be read: line 1, column 1" in said.stderr
        assert project.run("notify", "--test").code == 2

    def test_nobody_is_named(self, project: TinyProject) -> None:
        project.toml("= broken")
        said = project.run("notify", "--status", "failure", "--json")
        assert said.code == 0
        assert said.document["reason"] == "nobody is named"
        assert find_canary(project, said, CANARY) == []


class TestUnrecorded:
    def test_a_job_of_one_platform(self, project: TinyProject, received: Receivers) -> None:
        notice = of_jobs(
            project,
            received,
            build__linux__s390x="failure",
            build__linux__ppc64le="success",
            publish="skipped",
        )
        assert notice["what"] == "the job `build-linux-s390x` failed"
        assert notice["images"] == ["app"]
        assert notice["platforms"] == ["linux/s390x"]
        assert notice["registries"] == ["ghcr.io", "docker.io"]
        assert notice["tags"] == UNMOVED

    def test_both_ends(self, project: TinyProject, received: Receivers) -> None:
        notice = of_jobs(
            project, received, build__linux__s390x="failure", build__linux__ppc64le="cancelled"
        )
        assert notice["what"] == (
            "the job `build-linux-s390x` failed; the job `build-linux-ppc64le` was cancelled,"
            " or ran out of time"
        )
        assert notice["platforms"] == ["linux/ppc64le", "linux/s390x"]
        assert notice["tags"] == UNMOVED
        assert notice["cancelled"] is False

    @pytest.mark.parametrize("end", ["failure", "cancelled"])
    def test_the_job_that_publishes(
        self, project: TinyProject, received: Receivers, end: str
    ) -> None:
        notice = of_jobs(project, received, build__linux__s390x="success", publish=end)
        assert notice["platforms"] == ["linux/ppc64le", "linux/s390x"]
        (tags,) = notice["tags"]
        assert tags.startswith("not known")
        assert "polyarch runs" in tags
        assert notice["cancelled"] is (end == "cancelled")

    def test_it_published_and_a_later_job_failed(
        self, project: TinyProject, received: Receivers
    ) -> None:
        notice = of_jobs(project, received, publish="success", deploy="failure")
        assert notice["tags"] == ["the job `publish` went well: tags show what it published"]

    def test_jobs_of_other_names_may_have_published(
        self, project: TinyProject, received: Receivers
    ) -> None:
        assert of_jobs(project, received, ship="failure")["tags"][0].startswith("not known")

    @pytest.mark.parametrize(
        ("status", "what", "cancelled"),
        [
            ("failure", "the pipeline failed", False),
            ("cancelled", "the pipeline was cancelled", True),
        ],
    )
    def test_a_status_alone(
        self,
        project: TinyProject,
        received: Receivers,
        status: str,
        what: str,
        cancelled: bool,
    ) -> None:
        slack = f"slack+{received.at('/slack')}"
        more = {"POLYARCH_NOTIFY_URLS": f"{received.at('/hook')}\n{slack}"}
        _, notice = told(project, received, "--status", status, more=more)
        assert (notice["what"], notice["cancelled"]) == (what, cancelled)
        assert notice["images"] == ["app"]
        assert notice["platforms"] == ["linux/ppc64le", "linux/s390x"]
        assert notice["registries"] == ["ghcr.io", "docker.io"]
        assert notice["tags"][0].startswith("not known")
        (message,) = received.of("/slack")
        assert f"team/project: {what} (main)" in json.dumps(message.json)
