"""Two Docker Engines with data of their own stand for two machines that build one image."""

import os
import signal
from pathlib import Path

import pytest

from tests.lab.engine import DockerEngine, running_engine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.support.nodes import Nodes, places

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
    nodes = Nodes.make(tmp_path, base_registry, engines, image, DOCKERFILE)
    planned = nodes.command.run("plan", "--json", more=nodes.project.pushed_branch()).document
    said = {each["platform"]: each for each in planned["images"][0]["platforms"]}
    assert said["linux/amd64"]["builder"] == "big"
    assert said["linux/amd64"]["strategy"] == "native"
    assert said["linux/386"]["builder"] == "small"
    done = nodes.publish()
    assert nodes.builders() == {"linux/amd64": "big", "linux/386": "small"}
    assert {each["status"] for each in done["destinations"]} == {"published"}
    assert {each["proof"]["runtime"] for each in done["platforms"]} == {"docker"}

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
        DOCKERFILE,
    )
    answer = nodes.command.run("build", status=4)
    what, _where, hint = answer.error
    assert "nothing can build `app` for linux/arm64 without emulation" in what
    assert "builder `one`" in what
    assert "builder `two`" in what
    assert "allow-emulation" in hint
    assert not nodes.events("BuildStarted")
