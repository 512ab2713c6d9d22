import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.buildx_inspect import Builder
from polyarch.engines.buildx_probe import Probe
from polyarch.oci.platform import Platform

CLASSIC = [["Backing Filesystem", "extfs"]]
CONTAINERD = [["driver-type", "io.containerd.snapshotter.v1"]]

DOCKER_DRIVER = """\
Name:          default
Driver:        docker
Last Activity: 2026-11-21 00:01:53 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.12.5
Platforms:        linux/amd64, linux/amd64/v2, linux/arm64, linux/arm/v7
Labels:
 org.mobyproject.buildkit.worker.hostname:  vm
"""
TWO_NODES = """\
Name:   farm
Driver: docker-container

Nodes:
Name:      farm0
Status:    running
Buildkit:  v0.9.0
Platforms: linux/amd64*, linux/amd64, linux/arm64

Name:      farm1
Status:    running
Platforms: linux/arm64*, linux/s390x*, linux/arm64, linux/arm/v7
"""


def platforms(*texts: str) -> tuple[Platform, ...]:
    return tuple(map(Platform.parse, texts))


def test_the_builder_that_comes_with_docker() -> None:
    builder = Builder.parse(DOCKER_DRIVER)
    assert (builder.name, builder.driver, builder.buildkit) == ("default", "docker", "v0.12.5")
    assert (builder.node, builder.status) == ("default", "running")
    assert builder.native == platforms("linux/amd64")
    assert Platform.parse("linux/arm/v7") in builder.listed


def test_every_node_is_native_for_its_own_platform_only() -> None:
    builder = Builder.parse(TWO_NODES)
    assert builder.name == "farm"
    assert builder.native == platforms("linux/amd64", "linux/arm64")
    assert Platform.parse("linux/s390x") in builder.listed


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    Builder.parse(text)


class Docker:
    """A `docker` that answers from files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answer("buildx version", "github.com/docker/buildx v0.29.1 abc")
        self.answer("buildx inspect", DOCKER_DRIVER)
        self.info(CONTAINERD)
        program = folder / "docker"
        program.write_text(
            '#!/bin/sh\ncd "${0%/*}"\nname="$1"; [ "$1" = buildx ] && name="$1 $2"\n'
            'cat "$name.err" >&2; cat "$name.out"; exit "$(cat "$name.status")"\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def probe(self) -> Probe:
        return Probe({"PATH": f"{self.folder}:/usr/bin:/bin"}, None)

    def answer(self, name: str, out: str = "", *, err: str = "", status: int = 0) -> None:
        (self.folder / f"{name}.out").write_text(out)
        (self.folder / f"{name}.err").write_text(err)
        (self.folder / f"{name}.status").write_text(str(status))

    def info(self, driver_status: object, **more: object) -> None:
        value = {
            "ServerVersion": "28.5.2",
            "OSType": "linux",
            "Architecture": "x86_64",
            "DriverStatus": driver_status,
            **more,
        }
        self.answer("info", json.dumps(value))


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def test_a_docker_that_can_do_the_work(docker: Docker) -> None:
    info = docker.probe.ask()
    assert info.usable
    assert info.title == "docker buildx 0.29.1 with the containerd image store"
    assert info.native == platforms("linux/amd64", "linux/amd64/v2")
    assert info.emulated == platforms("linux/arm64", "linux/arm/v7")
    assert info.details["store"] == "containerd"


def test_another_driver_needs_no_daemon_here(docker: Docker) -> None:
    docker.answer("buildx inspect", TWO_NODES)
    docker.answer("info", err="Cannot connect to the Docker daemon", status=1)
    info = docker.probe.ask()
    assert info.usable
    assert info.title == "docker buildx 0.29.1 with the docker-container builder farm"
    assert info.native == platforms("linux/amd64", "linux/arm64")


def test_the_classic_store_is_explained(docker: Docker) -> None:
    docker.info(CLASSIC)
    info = docker.probe.ask()
    assert not info.usable
    assert "classic image store" in (info.problem or "")
    assert "docker buildx create" in (info.hint or "")


def test_no_docker_at_all(tmp_path: Path) -> None:
    info = Probe({"PATH": str(tmp_path)}, None).ask()
    assert info.problem == "the program `docker` is not on PATH"
    assert "apt-get install" in (info.hint or "")


def test_docker_without_buildx(docker: Docker) -> None:
    docker.answer("buildx version", err="docker: 'buildx' is not a docker command.", status=1)
    info = docker.probe.ask()
    assert "plugin" in (info.problem or "")
    assert "docker-buildx" in (info.hint or "")


def test_buildx_that_is_too_old(docker: Docker) -> None:
    docker.answer("buildx version", "github.com/docker/buildx v0.9.1 abc")
    info = docker.probe.ask()
    assert info.problem == "`docker buildx` is version 0.9.1, and 0.10.0 or later is needed"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the daemon running?", "start it"),
        ("permission denied while trying to connect to the Docker daemon socket", "group `docker`"),
        ("something else", "start it"),
    ],
)
def test_a_daemon_that_does_not_answer(docker: Docker, error: str, hint: str) -> None:
    docker.answer("info", '{"ServerErrors": []}', err=error, status=1)
    info = docker.probe.ask()
    assert not info.usable
    assert hint in (info.hint or "")


def test_a_builder_that_is_gone(docker: Docker) -> None:
    docker.answer("buildx inspect", err='ERROR: no builder "gone" found', status=1)
    info = docker.probe.ask()
    assert "not there any more" in (info.problem or "")


def test_a_builder_that_does_not_start(docker: Docker) -> None:
    docker.answer("buildx inspect", TWO_NODES.replace("Status:    running", "Error: no image"))
    assert "no image" in (docker.probe.ask().problem or "")
