"""What nodes say of themselves, as a `docker` that answers from files tells it."""

import json
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.engines.base import EngineInfo
from polyarch.engines.builder import node_name
from polyarch.engines.node import Driver, Node
from polyarch.engines.node_probe import ABSENT, READY, probe_node
from polyarch.oci.platform import Platform

ENGINE = """\
Name:   default
Driver: docker

Nodes:
Name:      default
Status:    running
Platforms: linux/amd64, linux/arm64, linux/arm/v7
"""
NO_ANSWER = """\
Name:   default
Driver: docker

Nodes:
Name:   default
Error:  listing workers: failed to list workers: {}
"""
BUILDER = """\
Name:   polyarch-arm
Driver: docker-container

Nodes:
Name:             {node}
Endpoint:         ssh://me@box
Status:           {status}
BuildKit version: v0.29.0
Platforms:        linux/arm64, linux/amd64
"""


class Docker:
    """The program, and what it answers to each command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answer("buildx version", "github.com/docker/buildx v0.29.1 abc")
        self.answer("buildx inspect", err='ERROR: no builder "polyarch-arm" found', status=1)
        status = [["driver-type", "io.containerd.snapshotter.v1"]]
        told = {"ServerVersion": "28.5.2", "OSType": "linux", "Architecture": "aarch64"}
        self.answer("info", json.dumps({**told, "DriverStatus": status}))
        program = folder / "docker"
        program.write_text(
            '#!/bin/sh\ncd "${0%/*}"\nname="$1"; [ "$1" = buildx ] && name="$1 $2"\n'
            'env > "$name.env"; cat "$name.err" >&2; cat "$name.out"\n'
            'exit "$(cat "$name.status")"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def answer(self, name: str, out: str = "", *, err: str = "", status: int = 0) -> None:
        (self.folder / f"{name}.out").write_text(out)
        (self.folder / f"{name}.err").write_text(err)
        (self.folder / f"{name}.status").write_text(str(status))

    def asked(self, name: str) -> Mapping[str, str]:
        lines = (self.folder / f"{name}.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def probe(self, node: Node) -> EngineInfo:
        path = f"{self.folder}:/usr/bin:/bin"
        return probe_node(node, {"PATH": path, "BUILDX_BUILDER": "mine"})


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def node(driver: Driver, endpoint: str = "ssh://me@box") -> Node:
    return Node(name="arm", driver=driver, endpoint=endpoint)


def platforms(*texts: str) -> tuple[Platform, ...]:
    return tuple(map(Platform.parse, texts))


def test_an_engine_is_native_for_what_it_says_of_itself_alone(docker: Docker) -> None:
    docker.answer("buildx inspect", ENGINE)
    info = docker.probe(replace(node("docker"), platforms=platforms("linux/amd64")))
    assert info.problem is None
    assert info.native == platforms("linux/arm64")
    assert info.emulated == platforms("linux/amd64", "linux/arm/v7")
    assert docker.asked("info")["DOCKER_HOST"] == "ssh://me@box"
    assert "BUILDX_BUILDER" not in docker.asked("buildx inspect")


def test_an_engine_that_is_busy_is_not_broken(docker: Docker) -> None:
    slow = "DeadlineExceeded: context deadline exceeded"
    docker.answer("buildx inspect", NO_ANSWER.format(slow))
    info = docker.probe(node("docker"))
    assert (info.problem, info.native) == (None, platforms("linux/arm64"))


def test_an_engine_without_buildkit_is(docker: Docker) -> None:
    docker.answer("buildx inspect", NO_ANSWER.format("unimplemented"))
    assert "its BuildKit does not answer" in (docker.probe(node("docker")).problem or "")


def test_what_ssh_says_is_told(docker: Docker) -> None:
    said = (
        "error during connect: command [ssh -- box docker system dial-stdio] has exited with exit"
        " status 255, make sure the URL is valid: stderr=me@box: Permission denied (publickey).\r"
    )
    docker.answer("info", '{"ServerErrors": []}', err=said, status=1)
    info = docker.probe(node("docker"))
    assert info.problem == (
        "the builder `arm` (docker, ssh://me@box): the Docker daemon does not answer: "
        "me@box: Permission denied (publickey)."
    )
    assert "docker --host ssh://me@box version" in (info.hint or "")


def test_a_container_that_is_not_made_runs_what_its_engine_runs(docker: Docker) -> None:
    info = docker.probe(node("docker-container"))
    assert (info.problem, info.native) == (None, platforms("linux/arm64"))
    assert info.details["status"] == READY


def test_a_container_that_runs(docker: Docker) -> None:
    wanted = node("docker-container")
    docker.answer("buildx inspect", BUILDER.format(node=node_name(wanted), status="running"))
    info = docker.probe(wanted)
    assert (info.native, info.emulated) == (platforms("linux/arm64"), platforms("linux/amd64"))
    assert (info.details["status"], info.details["buildkit"]) == ("running", "v0.29.0")


@pytest.mark.parametrize(("made_of", "status"), [("other", "running"), ("same", "stopped")])
def test_a_container_that_has_to_be_started_anew(docker: Docker, made_of: str, status: str) -> None:
    wanted = node("docker-container")
    name = node_name(wanted) if made_of == "same" else "polyarch-arm-00000000"
    docker.answer("buildx inspect", BUILDER.format(node=name, status=status))
    assert docker.probe(wanted).details["status"] == READY


def test_a_cluster_has_to_be_asked_once(docker: Docker) -> None:
    info = docker.probe(node("kubernetes", ""))
    assert "has not been started" in (info.problem or "")
    assert info.hint == "`polyarch builders up arm` starts it"
    assert info.details["status"] == ABSENT
