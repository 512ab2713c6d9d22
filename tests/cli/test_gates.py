"""Gates before the tags, and commands after them: what they see, and what their failing means."""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import ERROR, PUBLISH, check
from tests.support.jobs import tags_put
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]
PPC, S390X = "linux/ppc64le", "linux/s390x"
READS = {"GET", "HEAD"}

SHOW = """\
printf '%s|' "$@" >> seen
printf '\\n' >> seen
echo "scanned $1"
"""
"""A gate that writes its words down; so does what runs after, with its variables."""

AFTER = """\
{
  printf '%s|' "$@"
  echo
  echo "image=$POLYARCH_IMAGE digest=$POLYARCH_DIGEST status=$POLYARCH_STATUS run=$POLYARCH_RUN"
  echo "refs=$POLYARCH_REFS"
  echo "tags=$POLYARCH_TAGS"
  echo "platforms=$POLYARCH_PLATFORMS"
  echo "secret=$TEAM_PASSWORD$POLYARCH_GHCR_IO_PASSWORD other=$OTHER"
} >> after
"""


def with_keys(project: TinyProject, *lines: str, **files: str) -> TinyProject:
    """The project with these keys of its image, and these scripts."""
    for name, text in files.items():
        project.write({f"{name}.sh": f"#!/bin/sh\n{text}"})
        (project.root / f"{name}.sh").chmod(0o755)
    project.toml("+\n[images.app]\n" + "\n".join(lines) + "\n")
    project.commit("Gates")
    return project


def publish(project: TinyProject, *words: str, **more: str) -> Said:
    event = github("push", "refs/heads/main", project.git("rev-parse", "HEAD"), **more)
    return project.run("publish", "--json", *words, more=event)


def seen(project: TinyProject, name: str = "seen") -> list[list[str]]:
    path = project.root / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split("|")[:-1] for line in lines]


def image_of(said: Said) -> dict[str, Any]:
    [image] = said.document["images"]
    found: dict[str, Any] = image
    return found


def statuses(said: Said) -> set[str]:
    return {each["status"] for each in image_of(said)["destinations"]}


class TestGates:
    def test_each_platform_is_seen_where_it_is_staged(
        self, published: TinyProject, registries: Registries
    ):
        words = '["./gate.sh", "{platform}", "{ref}", "{digest}", "{image}", "{index}", "{{.Id}}"]'
        project = with_keys(published, f"gates = [{words}]", gate=SHOW)
        said = publish(project)
        assert said.code == 0, said
        check(said.document, PUBLISH)
        image = image_of(said)
        digests = {each["platform"]: each["digest"] for each in image["platforms"]}
        repository = f"{registries[0].host}/team/app"
        assert seen(project) == [
            [platform, f"{repository}@{digests[platform]}", digests[platform], "app",
             image["digest"], "{{.Id}}"]
            for platform in (PPC, S390X)
        ]  # fmt: skip
        assert f"app {PPC}: gate done: ./gate.sh {PPC}" in said.stderr
        log = project.runs[-1] / "logs" / "gate-app-linux-s390x-1.log"
        assert f"scanned {S390X}\n" in log.read_text()

    def test_content_is_there_and_no_tag(self, published: TinyProject, registries: Registries):
        """A gate that asks the registry finds the image by digest."""
        python = os.path.realpath("/proc/self/exe")
        script = (
            "import sys, urllib.request, urllib.error\n"
            "host, rest = sys.argv[1].split('/', 1)\n"
            "name, digest = rest.split('@')\n"
            "url = f'http://{host}/v2/{name}/manifests/'\n"
            "assert urllib.request.urlopen(url + digest).status == 200\n"
            "try:\n"
            "    urllib.request.urlopen(url + 'main')\n"
            "except urllib.error.HTTPError as error:\n"
            "    print('tag', error.code)\n"
        )
        published.write({"ask.py": script})
        project = with_keys(published, f'gates = [["{python}", "ask.py", "{{ref}}"]]')
        said = publish(project)
        assert said.code == 0, said
        logs = sorted((project.runs[-1] / "logs").glob("gate-*"))
        assert len(logs) == 2
        assert all("tag 404\n" in log.read_text() for log in logs)

    def test_one_that_refuses_keeps_every_tag_where_it_was(
        self, published: TinyProject, registries: Registries
    ):
        refuse = 'case "$1" in *s390x*) echo "CVE-1 in $2"; exit 3;; esac\n'
        project = with_keys(
            published, 'gates = [["./gate.sh", "{platform}", "{image}"]]', gate=refuse
        )
        said = publish(project)
        assert said.code == 1, said
        check(said.document, ERROR)
        document = said.document
        assert document["code"] == "gate-failed"
        command = f"./gate.sh {S390X} app"
        assert document["message"].splitlines() == [
            f"`app` for `{S390X}` does not pass the gate `{command}`: it ended with status 3",
            "  CVE-1 in app",
        ]
        assert "gate-app-linux-s390x-1.log" in document["hint"]
        assert tags_put(*registries) == []

    def test_all_that_refuse_are_told(self, published: TinyProject, registries: Registries):
        project = with_keys(
            published,
            'gates = [["./gate.sh", "{platform}"], ["./second.sh"]]',
            gate="exit 1",
            second="exit 0",
        )
        said = publish(project)
        assert said.code == 1
        assert f"  likewise app: {S390X}: `./gate.sh {S390X}` ended with status 1" in said.stderr
        logs = {path.name for path in (project.runs[-1] / "logs").glob("gate-*")}
        assert len(logs) == 4, "the others were run as well"
        assert tags_put(*registries) == []

    def test_an_old_tag_stays(self, published: TinyProject, registries: Registries):
        assert publish(published).code == 0
        old = registries[1].requests
        assert old
        for registry in registries:
            registry.forget_requests()
        published.write({"make.sh": (published.root / "make.sh").read_text() + "echo more >&2\n"})
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate="exit 9")
        assert publish(project).code == 1
        assert tags_put(*registries) == []

    def test_with_continue_the_first_that_has_it_is_named(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(denied_actions=frozenset({"push"}))
        published.toml('+\n[publish]\non-registry-failure = "continue"\n')
        project = with_keys(published, 'gates = [["./gate.sh", "{ref}"]]', gate=SHOW)
        said = publish(project)
        assert said.code == 6, said
        assert {words[0].split("@")[0] for words in seen(project)} == {
            f"{registries[1].host}/team/app"
        }

    def test_a_program_that_is_absent_is_told_before_anything_is_built(
        self, published: TinyProject, registries: Registries
    ):
        project = with_keys(published, 'gates = [["trivy-of-ours", "{ref}"]]')
        said = publish(project)
        assert said.code == 4, said
        assert said.document["code"] == "program-not-found"
        assert "images.app.gates" in said.document["where"]
        assert "building" not in said.stderr
        assert [r.path for each in registries for r in each.requests if r.method not in READS] == []

    def test_a_build_runs_none(self, published: TinyProject):
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate=SHOW)
        assert project.run("build").code == 0
        assert seen(project) == []

    def test_no_login_of_a_registry_is_handed_on(
        self, published: TinyProject, registries: Registries
    ):
        published.toml(
            f'+\n[registries."{registries[0].host}"]\n'
            'username-env = "TEAM_USER"\npassword-env = "TEAM_PASSWORD"\n'
        )
        script = 'echo "$TEAM_PASSWORD.$POLYARCH_GHCR_IO_PASSWORD.$OTHER" > leak\n'
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate=script)
        secrets = {"TEAM_USER": "me", "TEAM_PASSWORD": "hunter2"}
        said = publish(
            project, **secrets, POLYARCH_GHCR_IO_USERNAME="a", POLYARCH_GHCR_IO_PASSWORD="hunter3",
            OTHER="seen",
        )  # fmt: skip
        assert said.code == 0, said
        assert (project.root / "leak").read_text() == "..seen\n"

    def test_a_rehearsal_names_what_a_program_can_reach(self, project: TinyProject):
        script = 'cat "$DOCKER_CONFIG/config.json" "$REGISTRY_AUTH_FILE" >> logins\n'
        with_keys(
            project, 'gates = [["./gate.sh", "{ref}"], ["./login.sh"]]', gate=SHOW, login=script
        )
        said = project.run("publish", "--sandbox", "--json")
        assert said.code == 0, said
        names = [words[0] for words in seen(project)]
        assert len(names) == 2
        for name in names:
            host, _, rest = name.partition("/")
            assert host.startswith("127.0.0.1:")
            assert rest.startswith("team/app@sha256:")
            assert host in (project.root / "logins").read_text()

    def test_what_it_prints_is_in_the_error_at_its_end(self, published: TinyProject):
        script = "i=0\nwhile [ $i -lt 100 ]; do echo line $i; i=$((i + 1)); done\nexit 1\n"
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate=script)
        lines = publish(project, "-p", f"{PPC},{S390X}").document["message"].splitlines()
        assert lines[1:3] == ["  line 80", "  line 81"]
        assert lines[20] == "  line 99"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupt_ends_it(
        self, published: TinyProject, registries: Registries, number: signal.Signals
    ):
        script = "echo $$ > pid\nsleep 600 &\necho $! > child\nwait\n"
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate=script)
        event = github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))
        begun = time.monotonic()
        with project.start("publish", "--json", more=event) as process:
            wait_for_text(project.root / "child")
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert time.monotonic() - begun < 60
        assert json.loads(stdout)["code"] == "interrupted"
        assert "Traceback" not in stderr
        assert "never retrieved" not in stderr
        for name in ("pid", "child"):
            wait_for_end(int((project.root / name).read_text()))
        assert tags_put(*registries) == []

    def test_the_deadline_ends_it(self, published: TinyProject, registries: Registries):
        project = with_keys(published, 'gates = [["./gate.sh"]]', gate="exec sleep 600\n")
        said = publish(project, "--deadline", "3")
        assert said.code == 5, said
        assert statuses(said) == {"failed"}
        assert tags_put(*registries) == []


class TestAfter:
    def test_it_runs_once_and_knows_what_was_published(
        self, published: TinyProject, registries: Registries
    ):
        project = with_keys(
            published,
            'after-publish = [["./after.sh", "{ref}", "{digest}", "{image}"]]',
            after=AFTER,
        )
        published.toml(
            f'+\n[registries."{registries[0].host}"]\n'
            'username-env = "TEAM_USER"\npassword-env = "TEAM_PASSWORD"\n'
        )
        project.commit()
        said = publish(project, TEAM_USER="me", TEAM_PASSWORD="hunter2", OTHER="seen")
        assert said.code == 0, said
        check(said.document, PUBLISH)
        digest, run = image_of(said)["digest"], said.document["run"]
        refs = [f"{each.host}/team/app@{digest}" for each in registries]
        platforms = {each["platform"]: each["digest"] for each in image_of(said)["platforms"]}
        text = (project.root / "after").read_text()
        assert text.splitlines()[0] == f"{refs[0]}|{digest}|app|"
        assert f"image=app digest={digest} status=published run={run}\n" in text
        assert "refs=" + "\n".join(refs) + "\n" in text
        assert "tags=main\n" in text
        assert f"platforms={json.dumps(platforms)}\n" in text
        assert "secret= other=seen\n" in text
        [told] = image_of(said)["after_publish"]
        assert (told["status"], told["error"]) == ("done", None)
        assert told["command"] == ["./after.sh", refs[0], digest, "app"]

    def test_it_runs_again_where_nothing_changed(self, published: TinyProject):
        project = with_keys(published, 'after-publish = [["./after.sh"]]', after=AFTER)
        project.write({".dockerignore": "after\n"})  # what it writes is no input
        project.commit()
        publish(project)
        said = publish(project)
        assert statuses(said) == {"unchanged"}
        assert "status=unchanged" in (project.root / "after").read_text()

    def test_its_failing_is_told_and_what_is_published_stays(
        self, published: TinyProject, registries: Registries
    ):
        project = with_keys(
            published,
            'after-publish = [["./after.sh", "{image}"], ["./next.sh"]]',
            after="echo the cluster is away\nexit 7\n",
            next="exit 0",
        )
        said = publish(project)
        assert said.code == 1, said
        check(said.document, PUBLISH)
        assert said.document["published"] is True
        assert statuses(said) == {"published"}
        assert len(tags_put(*registries)) >= 3
        first, second = image_of(said)["after_publish"]
        assert (first["status"], first["error"]["code"]) == ("failed", "after-publish-failed")
        assert second["status"] == "skipped"
        assert "`app` is published, and `./after.sh app` ended with status 7" in said.stderr
        assert "  the cluster is away" in said.stderr

    @pytest.mark.parametrize("words", [["--dry-run"], ["--sandbox"]])
    def test_it_does_not_run_where_nothing_is_published(
        self, published: TinyProject, words: Sequence[str]
    ):
        project = with_keys(published, 'after-publish = [["./after.sh"]]', after=AFTER)
        said = publish(project, *words)
        assert said.code == 0, said
        assert not (project.root / "after").exists()

    def test_it_does_not_run_where_one_registry_lacks_the_image(
        self, published: TinyProject, registries: Registries
    ):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        published.toml('+\n[publish]\non-registry-failure = "continue"\n')
        project = with_keys(published, 'after-publish = [["./after.sh"]]', after=AFTER)
        said = publish(project)
        assert said.code == 6
        assert not (project.root / "after").exists()
        assert "`after-publish` is not run: not every repository shows the image" in said.stderr

    def test_an_absent_program_is_told_before_anything_is_built(self, published: TinyProject):
        project = with_keys(published, 'after-publish = [["deploy-of-ours"]]')
        said = publish(project)
        assert said.code == 4
        assert "images.app.after-publish" in said.document["where"]

    def test_an_interrupt_ends_it_and_what_is_published_is_told(self, published: TinyProject):
        script = "echo $$ > pid\nexec sleep 600\n"
        project = with_keys(published, 'after-publish = [["./after.sh"]]', after=script)
        event = github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))
        with project.start("publish", "--json", more=event) as process:
            wait_for_text(project.root / "pid")
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        document = json.loads(stdout)
        assert document["published"] is True
        [told] = document["images"][0]["after_publish"]
        assert told["error"]["code"] == "interrupted"
        wait_for_end(int((project.root / "pid").read_text()))


def wait_for_text(path: Path) -> None:
    end = time.monotonic() + 60
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)


def wait_for_end(pid: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return
        if status.rpartition(")")[2].split()[0] == "Z":
            return
        assert time.monotonic() < end, f"{pid} lives"
        time.sleep(0.02)
