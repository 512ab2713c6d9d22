"""Two Docker Engines with data of their own stand for two machines that build one image."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.engine import DockerEngine, running_engine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_cases import docker_environment
from tests.support.git_project import GitProject

pytestmark = [pytest.mark.xdist_group("two-nodes"), pytest.mark.timeout(600)]

DOCKERFILE = """\
FROM {base}
ARG TARGETARCH
COPY hello.txt /hello.txt
RUN echo "made for $TARGETARCH" > /where
ENTRYPOINT ["cat", "/where"]
"""
WAITING = """\
FROM {base}
COPY hello.txt /hello.txt
RUN --mount=type=secret,id=go \\
    printf 'BUILD %s\\n' WAITS && { grep -q yes /run/secrets/go || sleep 90; } \\
    && echo done > /done
"""


@dataclass(frozen=True)
class Nodes:
    """A project whose builders are these Engines, on a machine that has none of its own.

    Each Engine comes with the other keys of its table.
    """

    folder: Path
    project: GitProject
    command: CommandLine

    @classmethod
    def make(
        cls,
        folder: Path,
        base: Registry,
        engines: Mapping[str, tuple[DockerEngine, str]],
        image: str,
        dockerfile: str = DOCKERFILE,
    ) -> "Nodes":
        builders = "".join(
            f'[builders.{name}]\nendpoint = "unix://{folder / name}"\n{more}\n'
            for name, (_, more) in engines.items()
        )
        files = {
            "polyarch.toml": f'[images.app]\nengine = "buildx"\n{image}\n{builders}',
            "Dockerfile": dockerfile.replace("{base}", base.reference("busybox:1")),
            "hello.txt": "Hello!\n",
            ".gitignore": "go\n",
        }
        project = GitProject.make(folder / "project", files)
        some, _ = next(iter(engines.values()))
        environment = plain_environment(folder / "home") | docker_environment(some)
        environment |= {"HOME": str(folder / "home"), "DOCKER_HOST": f"unix://{folder}/nobody"}
        nodes = cls(folder, project, CommandLine(folder=project.root, environment=environment))
        for name, (engine, _) in engines.items():
            nodes.link(name, engine)
        return nodes

    def link(self, name: str, engine: DockerEngine) -> None:
        """Let a builder be this Engine from now on; no file of the project changes."""
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / name).symlink_to(engine.socket)

    def publish(self, *words: str) -> dict[str, Any]:
        more = self.project.pushed_branch()
        document = self.command.run("publish", "--json", *words, more=more).document
        image: dict[str, Any] = document["images"][0]
        return image

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of that kind in all runs, in their order."""
        records = sorted(self.project.root.glob(".polyarch/runs/*/events.jsonl"))
        lines = [line for record in records for line in record.read_text().splitlines()]
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def builders(self) -> dict[str, str]:
        """Who built each platform."""
        return {each["platform"]: each["builder"] for each in self.events("BuildStarted")}


def places(*platforms: str) -> str:
    return f"platforms = {json.dumps(list(platforms))}"


def test_the_index_is_the_same_whichever_node_built_what(
    docker_engine: DockerEngine,
    second_docker_engine: DockerEngine,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    tmp_path: Path,
) -> None:
    registry = distribution_registry()
    image = (
        f"{places('linux/amd64', 'linux/386')}\n"
        f'repositories = ["{registry.reference("team/app")}"]\n'
        'tags = ["type=ref,event=branch"]\n'
        f'smoke-test = [{{ run = ["cat", "/where"], matches = "made for" }}]\n'
    )
    big, small = places("linux/amd64"), places("linux/386")
    engines = {"big": (docker_engine, big), "small": (second_docker_engine, small)}
    nodes = Nodes.make(tmp_path, base_registry, engines, image)
    planned = nodes.command.run("plan", "--json", more=nodes.project.pushed_branch()).document
    said = {each["platform"]: each for each in planned["images"][0]["platforms"]}
    assert said["linux/amd64"]["builder"] == "big"
    assert said["linux/amd64"]["strategy"] == "native"
    assert said["linux/386"]["builder"] == "small"
    done = nodes.publish()
    assert nodes.builders() == {"linux/amd64": "big", "linux/386": "small"}
    assert {each["status"] for each in done["destinations"]} == {"published"}

    nodes.link("big", second_docker_engine)
    nodes.link("small", docker_engine)
    again = nodes.publish("--force")
    assert again["digest"] == done["digest"]
    assert {each["reused"] for each in again["platforms"]} == {False}
    assert {each["status"] for each in again["destinations"]} == {"unchanged"}


def test_a_node_that_dies_in_the_middle_hands_its_platform_on(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "engine").mkdir()
    with running_engine(tmp_path / "engine") as mortal:
        own = places("linux/amd64")
        nodes = Nodes.make(
            tmp_path,
            base_registry,
            {"mortal": (mortal, own), "other": (docker_engine, own)},
            f'{places("linux/amd64")}\nsecrets = ["id=go,src=go"]\n',
            WAITING,
        )
        go = nodes.project.root / "go"
        go.write_text("no")
        with nodes.command.running("build") as build:
            build.wait_for("BUILD WAITS")
            go.write_text("yes")
            kill(mortal)
            answer = build.finish()
    assert answer.status == 0, answer
    assert "builder `mortal` was lost" in answer.stderr
    assert "app linux/amd64 goes to `other`" in answer.stderr
    assert [each["builder"] for each in nodes.events("BuildStarted")] == ["mortal", "other"]


def kill(engine: DockerEngine) -> None:
    """As a power failure would."""
    os.kill(int((engine.socket.parent / "dockerd.pid").read_text()), signal.SIGKILL)


def test_a_node_that_dies_alone_is_named_with_its_platforms(
    base_registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "engine").mkdir()
    with running_engine(tmp_path / "engine") as mortal:
        nodes = Nodes.make(
            tmp_path,
            base_registry,
            {"mortal": (mortal, "")},
            f'{places("linux/amd64")}\nsecrets = ["id=go,src=go"]\n',
            WAITING,
        )
        (nodes.project.root / "go").write_text("no")
        with nodes.command.running("build") as build:
            build.wait_for("BUILD WAITS")
            kill(mortal)
            answer = build.finish()
    assert answer.status == 4, answer
    what, where, _next = answer.error
    assert "the builder `mortal` was lost, and no other one may build app linux/amd64" in what
    assert "[builders.mortal]" in where


def test_without_emulation_nothing_is_built_where_no_node_runs_the_platform(
    docker_engine: DockerEngine,
    second_docker_engine: DockerEngine,
    base_registry: Registry,
    tmp_path: Path,
) -> None:
    nodes = Nodes.make(
        tmp_path,
        base_registry,
        {"one": (docker_engine, ""), "two": (second_docker_engine, places("linux/arm64"))},
        f"{places('linux/amd64', 'linux/arm64')}\nallow-emulation = false\n",
    )
    answer = nodes.command.run("build", status=4)
    what, _where, hint = answer.error
    assert "nothing can build `app` for linux/arm64 without emulation" in what
    assert "builder `one`" in what
    assert "builder `two`" in what
    assert "allow-emulation" in hint
    assert not nodes.events("BuildStarted")
