"""inspect, doctor, config show, schema, sandbox and completion."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from polyarch.cli.app import VERBS
from polyarch.config.jsonschema import json_schema_text
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import CONFIG, DOCTOR, INSPECT, SANDBOX, check
from tests.support.golden import compare, session
from tests.support.tiny_project import COMMAND, TinyProject, github

GOLDEN = Path(__file__).parent / "golden" / "other"

Registries = tuple[SandboxRegistry, ...]


def publish(project: TinyProject) -> str:
    """Publish, and give the index's digest."""
    sha = project.git("rev-parse", "HEAD")
    said = project.run("publish", "--json", more=github("push", "refs/heads/main", sha))
    assert said.code == 0, said
    digest: str = said.document["images"][0]["digest"]
    return digest


class TestInspect:
    def test_a_registry(self, published: TinyProject, registries: Registries):
        digest = publish(published)
        name = f"{registries[0].host}/team/app"
        for reference in (f"{name}:main", f"{name}@{digest}", f"{name}:main@{digest}"):
            said = published.run("inspect", "--json", reference)
            assert said.code == 0, said
            check(said.document, INSPECT)
            assert said.document["digest"] == digest
            assert [each["platform"] for each in said.document["manifests"]] == [
                "linux/ppc64le",
                "linux/s390x",
            ]
        drawn = published.run("inspect", f"{name}:main")
        text = session(published, "inspect HOST/team/app:main", drawn, squeeze=True)
        compare(GOLDEN / "inspect.txt", text)

    def test_a_layout(self, project: TinyProject):
        parts = project.run("build", "--json").document["parts"]
        place = "oci:.polyarch/parts/app/linux-s390x"
        said = project.run("inspect", "--json", place)
        check(said.document, INSPECT)
        assert said.document["digest"] == parts[1]["digest"]
        compare(
            GOLDEN / "inspect-layout.txt",
            session(project, f"inspect {place}", project.run("inspect", place)),
        )

    @pytest.mark.parametrize(
        ("reference", "quirks", "code", "error"),
        [
            ("team/nothing:main", Quirks(), 3, None),
            ("team/app:nothing", Quirks(), 3, None),
            ("team/app", Quirks(refuse_login=True), 7, "login-refused"),
            ("team/app", Quirks(down=True), 5, "registry-unavailable"),
            ("team/app:main", Quirks(content_type="text/html"), 1, "malformed-manifest"),
        ],
    )
    def test_what_is_not_to_be_had(
        self, published: TinyProject, registries: Registries, *, reference, quirks, code, error
    ):
        publish(published)
        registries[0].quirks = quirks
        said = published.run("inspect", "--json", f"{registries[0].host}/{reference}")
        assert (said.code, said.document["exit_code"]) == (code, code), said
        assert error in {None, said.document["code"]}

    def test_outside_a_project(self, tmp_path: Path, registries: Registries):
        nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
        said = nowhere.run("inspect", "--json", f"{registries[0].host}/team/app")
        assert said.code == 3, said
        assert list(nowhere.root.rglob("*")) == []

    def test_a_project_that_is_broken_is_told(self, project: TinyProject):
        project.toml("[")
        assert project.run("inspect", "oci:x").code == 2


class TestDoctor:
    def test_a_project_that_needs_no_container_engine(self, project: TinyProject):
        said = project.run("doctor", "--offline", "--json")
        assert said.code == 0, said
        check(said.document, DOCTOR)
        assert said.document["ok"] is True
        found = {(each["area"], each["name"]): each for each in said.document["checks"]}
        assert found["engine", "direct"]["status"] == "ok"
        assert found["engine", "buildx"]["status"] == "missing"
        assert found["engine", "buildx"]["hint"]
        assert found["git", "work tree"]["message"].startswith("main at ")

    def test_a_project_that_needs_one(self, project: TinyProject):
        project.toml('[images.app]\nplatforms = ["linux/s390x"]\n')
        project.write({"Dockerfile": "FROM scratch\n"})
        said = project.run("doctor", "--offline", "--json")
        assert said.code == 4
        assert said.document["ok"] is False
        assert "broken" in {each["status"] for each in said.document["checks"]}

    def test_registries(self, published: TinyProject, registries: Registries):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        registries[2].quirks = Quirks(down=True)
        said = published.run("doctor", "--json")
        assert said.code == 7, said
        states = [e["status"] for e in said.document["checks"] if e["area"] == "registry"]
        assert states == ["ok", "broken", "broken"]
        registries[1].quirks = Quirks()
        assert published.run("doctor").code == 5

    def test_a_drawn_table(self, published: TinyProject, registries: Registries):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = published.run("doctor")
        assert said.code == 7
        assert "broken" in said.stdout
        assert "takes pushes to team/app" in said.stdout

    def test_outside_a_project_the_machine_alone(self, tmp_path: Path):
        nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
        said = nowhere.run("doctor", "--json")
        assert said.code == 0, said
        areas = {each["area"] for each in said.document["checks"]}
        assert areas <= {"engine", "machine", "emulator", "disk"}
        assert list(nowhere.root.rglob("*")) == []

    def test_without_git(self, tmp_path: Path):
        bare = TinyProject.make(tmp_path / "bare", git=False)
        said = bare.run("doctor", "--offline", "--json")
        [git] = [each for each in said.document["checks"] if each["area"] == "git"]
        assert (git["status"], said.code) == ("missing", 0)


class TestConfigShow:
    def test_golden(self, project: TinyProject):
        project.toml(
            '+[images.app.platform."linux/s390x"]\nlabels = { big = "yes" }\n'
            '[environments.staging]\nrepositories = ["registry.internal:5000/{image}"]\n'
        )
        for name, words in {
            "config": "config show",
            "config-env": "config show app --env staging",
            "config-json": "config show app --json",
        }.items():
            said = project.run(*words.split())
            assert said.code == 0, said
            compare(GOLDEN / f"{name}.txt", session(project, words, said))

    def test_the_document(self, project: TinyProject):
        said = project.run("config", "show", "--json")
        check(said.document, CONFIG)
        [image] = said.document["images"]
        assert image["name"] == "app"

    def test_what_is_shown_is_the_same_project(self, project: TinyProject):
        """The text is TOML of its own, and means what the file means."""
        project.toml("+[images.web]\nrepositories = ['quay.io/team/web']\n")
        project.toml("+direct = { files = [{ from = 'make.sh', to = '/' }] }\n")
        plan = project.run("plan", "--offline", "--json").document
        project.toml(project.run("config", "show").stdout)
        again = project.run("plan", "--offline", "--json").document
        for document in (plan, again):
            for image in document["images"]:
                for platform in image["platforms"]:
                    del platform["input_key"]  # polyarch.toml lies in the context
        assert again == plan


def test_schema(project: TinyProject, tmp_path: Path):
    for words in (("schema",), ("schema", "--json")):
        said = project.run(*words)
        assert (said.code, said.stdout, said.stderr) == (0, json_schema_text(), "")
    nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
    assert nowhere.run("schema").code == 0


class TestSandbox:
    @contextmanager
    def running(self, project: TinyProject, *words: str) -> Iterator[dict[str, Any]]:
        with project.start("sandbox", "--json", *words) as process:
            assert process.stdout
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(process.stdout.readline())
                assert lines[-1], process.communicate()
            document = json.loads("".join(lines))
            check(document, SANDBOX)
            try:
                yield {each["host"]: each["address"] for each in document["registries"]}
            finally:
                process.terminate()
                assert process.wait(timeout=30) == 0

    def test_it_serves_what_a_rehearsal_left(self, project: TinyProject):
        digest = project.run("publish", "--sandbox", "--json").document["images"][0]["digest"]
        with self.running(project) as addresses:
            assert list(addresses) == ["ghcr.io", "docker.io"]
            for address in addresses.values():
                url = f"http://{address}/v2/team/app/manifests/main"
                with urllib.request.urlopen(url, timeout=30) as answer:
                    assert answer.headers["Docker-Content-Digest"] == digest
            elsewhere = project.run("inspect", "--json", f"{addresses['ghcr.io']}/team/app:main")
            assert elsewhere.document["digest"] == digest

    def test_hosts_of_ones_own_and_nothing_kept(self, project: TinyProject):
        with self.running(project, "--memory", "a.example", "b.example:5000") as addresses:
            assert list(addresses) == ["a.example", "b.example:5000"]
            assert len(set(addresses.values())) == 2
        assert not (project.root / ".polyarch").exists()

    def test_outside_a_project(self, tmp_path: Path):
        nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
        with self.running(nowhere) as addresses:
            assert list(addresses) == ["sandbox"]
        state = Path(nowhere.environment["HOME"]) / ".local" / "state" / "polyarch"
        assert (state / ".gitignore").is_file()

    def test_a_login(self, project: TinyProject):
        words = ("--memory", "--auth", "basic", "--user", "me", "--password-env", "HOME")
        with self.running(project, *words) as addresses:
            address = addresses["ghcr.io"]
            said = project.run("inspect", "--json", f"{address}/team/app")
            assert said.document["code"] == "login-refused"
            host = address.upper().replace(".", "_").replace(":", "_")
            more = {
                f"POLYARCH_{host}_USERNAME": "me",
                f"POLYARCH_{host}_PASSWORD": project.environment["HOME"],
            }
            said = project.run("inspect", "--json", f"{address}/team/app", more=more)
            assert said.code == 3, said

    def test_a_port_that_is_taken(self, project: TinyProject):
        with self.running(project, "--memory", "x.example") as addresses:
            port = addresses["x.example"].rpartition(":")[2]
            said = project.run("sandbox", "--memory", "--port", port, "--json")
            assert (said.code, said.document["code"]) == (4, "port-taken")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
class TestCompletion:
    """The script that is printed, sourced by a real bash, completes what a person types."""

    def complete(self, project: TinyProject, *words: str) -> list[str]:
        bash = shutil.which("bash")
        assert bash
        (project.root.parent / "bin" / "polyarch").write_text(
            f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n'
        )
        (project.root.parent / "bin" / "polyarch").chmod(0o755)
        typed = " ".join(f"'{word}'" for word in ("polyarch", *words))
        script = (
            'eval "$(polyarch completion bash)"\n'
            f"COMP_WORDS=({typed}); COMP_CWORD={len(words)}\n"
            "_polyarch_completion polyarch\n"
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(
            [bash, "--norc", "--noprofile", "-c", script],
            cwd=project.root,
            env={**project.environment, "PATH": f"{project.environment['PATH']}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    def test_verbs(self, project: TinyProject):
        assert self.complete(project, "p") == ["plan", "publish", "promote", "prune"]
        assert self.complete(project, "") == list(VERBS)

    def test_options(self, project: TinyProject):
        assert self.complete(project, "publish", "--sa") == ["--sandbox"]
        assert self.complete(project, "config", "s") == ["show"]

    def test_runs(self, project: TinyProject):
        assert project.run("build").code == 0
        ids = [path.name for path in project.runs]
        assert self.complete(project, "runs", "show", "") == ["last", *ids]
        assert self.complete(project, "runs", "r") == ["report"]

    def test_images_and_groups(self, project: TinyProject):
        project.toml('+[images.api]\ndirect = {}\n[groups]\nall = ["api"]\n')
        assert self.complete(project, "build", "a") == ["app", "api"]
        assert self.complete(project, "plan", "@") == ["@all"]
        assert self.complete(project, "plan", "app", "ap") == ["app", "api"]

    def test_a_broken_project_completes_nothing_and_complains_not(self, project: TinyProject):
        project.toml("[")
        assert self.complete(project, "build", "a") == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_each_shell_has_a_script(self, project: TinyProject, shell: str):
        said = project.run("completion", shell)
        assert said.code == 0
        assert "_POLYARCH_COMPLETE" in said.stdout
        assert "polyarch" in said.stdout


LOCAL: Sequence[Sequence[str]] = (("plan", "--offline"), ("build",), ("config", "show"))


@pytest.mark.parametrize("words", LOCAL)
def test_a_config_that_warns_still_gives_one_document(project: TinyProject, words: Sequence[str]):
    project.toml('+[images.app.platform.arm64]\nbuild-args = { X = "1" }\n')
    said = project.run(*words, "--json")
    assert said.code == 0
    assert said.document["schema"]
    assert "warning: " in said.stderr
