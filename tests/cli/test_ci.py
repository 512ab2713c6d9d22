"""`polyarch ci`: files in their places, told, compared, never over somebody's own."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from polyarch.ci.pipelines.pins import SHIPPED
from tests.support.forge_api import forge_api, says
from tests.support.tiny_project import TinyProject

FILE = ".github/workflows/polyarch.yml"
STAGING = """+
[environments.staging]
repositories = ["registry.example.com/staging/{image}"]
[environments.staging.publish]
on = ["branch:rehearse"]
"""


def test_it_writes_and_says_what_it_chose(project: TinyProject):
    said = project.run("ci", "github")
    path = project.root / FILE
    assert (said.code, said.stdout) == (0, f"{path}\n")
    assert path.read_text().startswith("# Made from polyarch.toml")
    for line in (
        "  push to the branch main",
        "  linux/ppc64le: ubuntu-24.04, emulated by QEMU, which is slow (no machine of its own)",
        "  POLYARCH_DOCKER_IO_PASSWORD: login of docker.io",
        "  publish: contents read, packages write",
    ):
        assert line in said.stderr.splitlines()


def test_json(project: TinyProject):
    document = project.run("ci", "github", "--json").document
    assert document["schema"] == "polyarch.ci/v1"
    assert document["state"] == "written"
    assert document["permissions"]["build-linux-s390x"] == {"contents": "read", "packages": "write"}
    assert [each["name"] for each in document["variables"]] == ["POLYARCH_DOCKER_IO_USERNAME"]
    assert {each["action"] for each in document["actions"]} <= SHIPPED.keys()
    assert project.run("ci", "github", "--json").document["state"] == "unchanged"


@pytest.mark.parametrize("dialect", ["github", "gitlab", "make"])
class TestCheck:
    def test_stale_and_fresh(self, project: TinyProject, dialect: str):
        assert project.run("ci", dialect, "--check").code == 1
        assert project.run("ci", dialect, "-q").code == 0
        assert project.run("ci", dialect, "--check").code == 0

    def test_a_changed_file_is_stale(self, project: TinyProject, dialect: str):
        path = Path(project.run("ci", dialect, "-q").stdout.strip())
        path.write_text(path.read_text() + "# mine\n")
        said = project.run("ci", dialect, "--check")
        assert said.code == 1
        assert "-# mine" in said.stdout
        assert f"run `polyarch ci {dialect}`" in said.stderr

    def test_somebody_elses_file_stays(self, project: TinyProject, dialect: str):
        path = Path(project.run("ci", dialect, "-q").stdout.strip())
        path.write_text("mine: true\n")
        said = project.run("ci", dialect)
        assert said.code == 2
        assert "not made by polyarch" in said.stderr
        assert path.read_text() == "mine: true\n"

    def test_printed(self, project: TinyProject, dialect: str):
        said = project.run("ci", dialect, "-o", "-")
        path = Path(project.run("ci", dialect, "-q").stdout.strip())
        assert path.read_text() == said.stdout


def test_the_check_knows_how_the_file_was_made(project: TinyProject):
    words = ("--single-job", "--issues", "--install", "pip install 'polyarch==1'")
    assert project.run("ci", "github", "-q", *words).code == 0
    text = (project.root / FILE).read_text()
    assert (
        "ci github --install 'pip install '\"'\"'polyarch==1'\"'\"'' --single-job --issues" in text
    )
    assert project.run("ci", "github", "--check").code == 0
    assert project.run("ci", "github", "--check", "--single-job").code == 1


def test_the_environment_of_the_job_that_publishes(project: TinyProject):
    said = project.run("ci", "github", "--protect", "release")
    assert "those of logins in the environment release" in said.stderr
    jobs = YAML(typ="safe", pure=True).load((project.root / FILE).read_text())["jobs"]
    assert [key for key, job in jobs.items() if "environment" in job] == ["publish"]
    assert project.run("ci", "github", "--check").code == 0
    assert project.run("ci", "github", "--protect", "release", "--single-job").code == 2


def test_another_trigger_makes_it_stale(project: TinyProject):
    project.run("ci", "github", "-q")
    project.toml('+[triggers]\nbranches = ["dev/**"]\n[runners]\n"linux/s390x" = "z, big"\n')
    said = project.run("ci", "github", "--check")
    assert said.code == 1
    assert "+      - dev/**" in said.stdout.replace('"', "")
    project.run("ci", "github", "-q")
    jobs = YAML(typ="safe", pure=True).load((project.root / FILE).read_text())["jobs"]
    assert jobs["build-linux-s390x"]["runs-on"] == ["z", "big"]
    assert jobs["build-linux-s390x"]["timeout-minutes"] < 360


def test_a_project_below_the_top(project: TinyProject):
    (project.root / "sub").mkdir()
    for name in ("polyarch.toml", "make.sh"):
        (project.root / name).rename(project.root / "sub" / name)
    said = project.run("ci", "github", "-q", folder=project.root / "sub")
    assert said.stdout == f"{project.root / FILE}\n"
    tree = YAML(typ="safe", pure=True).load((project.root / FILE).read_text())
    assert tree["defaults"]["run"]["working-directory"] == "sub"
    assert "--config sub/polyarch.toml" in (project.root / FILE).read_text()


class TestRehearsal:
    def test_a_branch_of_ones_own(self, project: TinyProject):
        project.toml(STAGING)
        said = project.run("ci", "github", "--env", "staging", "--branch", "rehearse", "--json")
        path = project.root / ".github/workflows/polyarch-staging.yml"
        assert said.document["path"] == str(path)
        text = path.read_text()
        tree = YAML(typ="safe", pure=True).load(text)
        assert tree["on"].keys() == {"push", "workflow_dispatch"}
        assert tree["on"]["push"] == {"branches": ["rehearse"]}
        runs = [
            step["run"]
            for job in tree["jobs"].values()
            for step in job["steps"]
            if "polyarch build" in step.get("run", "") or "polyarch publish" in step.get("run", "")
        ]
        assert all('--env "$POLYARCH_ENVIRONMENT"' in run for run in runs)
        assert "DOCKER_IO" not in text
        assert "REGISTRY_EXAMPLE_COM_PASSWORD" in text

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--branch", "rehearse"], "--env staging"),
            (["--env", "staging", "--branch", "main"], "publish nothing"),
            (["--env", "staging", "--branch", "a\nb"], "something else"),
            (["--install", "echo ${{ secrets.A }}"], "something else"),
        ],
    )
    def test_what_cannot_be(self, project: TinyProject, words: list[str], told: str):
        project.toml(STAGING)
        said = project.run("ci", "github", *words)
        assert said.code == 2
        assert told in said.stderr
        assert not (project.root / ".github").exists()


class TestPins:
    def test_the_newest_release_of_the_same_major(self, project: TinyProject):
        sha = "ab" * 20
        with forge_api() as api:
            for pin in SHIPPED.values():
                major = pin.tag.partition(".")[0]
                base = f"/repos/{pin.action}"
                refs = [f"{major}.98.0", f"{major}.100.1", f"{major}.200.0-rc1", "other"]
                api.answers[f"{base}/git/matching-refs/tags/{major}."] = says(
                    [{"ref": f"refs/tags/{name}"} for name in refs]
                )
                api.answers[f"{base}/commits/{major}.100.1"] = says({"sha": sha})
            more = {"GITHUB_API_URL": api.url, "GITHUB_TOKEN": "secret"}
            said = project.run("ci", "github", "--refresh-pins", "--json", more=more)
        assert {each["sha"] for each in said.document["actions"]} == {sha}
        assert project.run("ci", "github", "--check").code == 0
        assert (
            f"# {SHIPPED['actions/checkout'].tag.partition('.')[0]}.100.1"
            in (project.root / FILE).read_text()
        )

    @pytest.mark.parametrize("answer", [[], {}, [{"ref": "refs/tags/v7"}], [{"ref": 7}], "x"])
    def test_no_answer_keeps_what_is_there(self, project: TinyProject, answer: object):
        with forge_api() as api:
            for pin in SHIPPED.values():
                major = pin.tag.partition(".")[0]
                path = f"/repos/{pin.action}/git/matching-refs/tags/{major}."
                api.answers[path] = says(answer)
            said = project.run(
                "ci", "github", "--refresh-pins", "--json", more={"GITHUB_API_URL": api.url}
            )
        assert said.code == 0
        assert "stays as it is" in said.stderr
        for each in said.document["actions"]:
            assert each["sha"] == SHIPPED[each["action"]].sha


def test_make_runs_the_verbs(project: TinyProject):
    project.run("ci", "make", "-q")
    text = (project.root / "polyarch.mk").read_text()
    assert "\t@exec $(POLYARCH) publish --sandbox\n" in text
    assert json.loads(project.run("ci", "make", "--json").stdout)["state"] == "unchanged"


class TestCrossings:
    TOML = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64", "linux/riscv64"]
repositories = ["ghcr.io/team/{image}"]
[images.tools]
dockerfile = "tools.Dockerfile"
[images.web]
dockerfile = "web.Dockerfile"
contexts = { tools = "image:tools" }
"""

    @pytest.mark.parametrize("words", [[], ["--single-job"]])
    def test_what_another_job_builds_is_told(self, project: TinyProject, words: list[str]):
        files = {
            "polyarch.toml": self.TOML,
            "tools.Dockerfile": "FROM scratch\nCOPY make.sh /\n",
            "web.Dockerfile": "FROM --platform=$BUILDPLATFORM tools AS t\nFROM scratch\n"
            "COPY --from=t /make.sh /\n",
        }
        project.write(files)
        warnings = project.run("ci", "github", "--json", *words).document["warnings"]
        expected = ["`web` for linux/riscv64 takes `tools` for linux/amd64"]
        assert [each.partition(",")[0] for each in warnings] == ([] if words else expected)


def test_the_store_of_runs_gets_its_login(project: TinyProject):
    project.toml('+[runs]\nstore = "records.example.com/team/runs"\n')
    said = project.run("ci", "github", "--json").document
    assert "POLYARCH_RECORDS_EXAMPLE_COM_PASSWORD" in {each["name"] for each in said["secrets"]}
    jobs = YAML(typ="safe", pure=True).load((project.root / FILE).read_text())["jobs"]
    users = [key for key, job in jobs.items() if "RECORDS_EXAMPLE" in json.dumps(job)]
    assert users == ["publish"]


def test_pull_requests_ask_once_whether_the_file_is_fresh(project: TinyProject):
    (project.root / "polyarch.toml").rename(project.root / "other.toml")
    project.run("ci", "github", "-q", "-c", "other.toml")
    jobs = YAML(typ="safe", pure=True).load((project.root / FILE).read_text())["jobs"]
    asked = [
        (key, step["env"], step["run"])
        for key, job in jobs.items()
        for step in job["steps"]
        if "--check" in step.get("run", "")
    ]
    run = 'exec polyarch ci github --check --config "$POLYARCH_CONFIG"\n'
    assert asked == [("build-linux-ppc64le", {"POLYARCH_CONFIG": "other.toml"}, run)]
    assert project.run("ci", "github", "--check", "-c", "other.toml").code == 0


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_itself_takes_no_command_from_a_variable(project: TinyProject):
    project.run("ci", "make", "-q")
    command = ["make", "-s", "-f", "polyarch.mk", "POLYARCH=printf '%s,'"]

    def made(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words], cwd=project.root, capture_output=True, text=True, check=False
        )

    assert "polyarch-stage: in one of several jobs" in made().stdout
    assert made("polyarch-stage").returncode == 2
    platform = 'a";id;`id`'
    assert (
        made("polyarch-stage", f"PLATFORM={platform}").stdout
        == f"build,--platform,{platform},--stage,"
    )


def test_a_watch_at_the_time_of_a_build_cannot_be_told_apart(project: TinyProject):
    project.toml('+[triggers]\nschedule = ["17 3 * * *"]\nwatch = "17 3 * * *"\n')
    said = project.run("ci", "github")
    assert said.code == 2
    assert "[triggers] watch" in said.stderr
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('watch = "17 3', 'watch = "41 5'))
    said = project.run("ci", "github")
    assert "  schedule 41 5 * * * (UTC), to watch what is published" in said.stderr
    assert "  watch: contents read, packages read" in said.stderr
    assert (
        "  PULL_POLYARCH_DOCKER_IO_PASSWORD: login of docker.io, to pull and no more" in said.stderr
    )
