"""Runtimes that are there and do not work: told with their own words, and what to do."""

from pathlib import Path

import pytest

from polyarch.oci.platform import Platform
from polyarch.runtimes.base import RuntimeInfo
from polyarch.runtimes.catalog import RUNTIMES

SAID = {
    # What the real ones say: Docker 26 without its Engine, Podman 4.3 where limits may not be
    # raised, bubblewrap 0.8 where user namespaces are forbidden, Buildah 1.27.
    "docker": "echo 'Cannot connect to the Docker daemon at unix:///x.' >&2; exit 1",
    "podman": "[ $1 = --version ] && echo podman version 4.3.1 && exit; "
    "echo 'Error: crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted' >&2; exit 126",
    "bwrap": "[ $1 = --version ] && echo bubblewrap 0.8.0 && exit; "
    "echo 'bwrap: No permissions to create new namespace' >&2; exit 1",
    "buildah": "echo buildah version 1.27.0",
    "proot": "echo nothing",
}
EXPECTED = {
    "docker": ("Cannot connect to the Docker daemon", "start it"),
    "podman": ("setrlimit", "bubblewrap"),
    "bubblewrap": ("No permissions to create new namespace", "user namespaces"),
    "buildah": ("1.28 or later", "install"),
    "proot": ("no namespaces", "util-linux"),
}


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_broken_one(tmp_path: Path, name: str) -> None:
    for program, said in SAID.items():
        path = tmp_path / program
        path.write_text(f"#!/bin/sh\n{said}\n")
        path.chmod(0o755)
    info = RUNTIMES[name]({"PATH": str(tmp_path)}).probe()
    problem, hint = EXPECTED[name]
    assert not info.usable
    assert problem in str(info.problem)
    assert hint in str(info.hint)
    assert info.how(Platform.parse("linux/amd64")) is None
    assert info.why_not(Platform.parse("linux/amd64")) == (info.problem, info.hint)


def test_bubblewrap_is_tried_without_the_mounts_of_this_machine(tmp_path: Path) -> None:
    """One that goes away meanwhile would be taken for namespaces that cannot be had."""
    path = tmp_path / "bwrap"
    path.write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo bubblewrap 0.8.0 && exit\n"
        f"echo $* > {tmp_path}/words\n"
        "echo 'bwrap: execvp /nothing: No such file or directory' >&2; exit 1\n"
    )
    path.chmod(0o755)
    assert RUNTIMES["bubblewrap"]({"PATH": str(tmp_path)}).probe().usable
    assert "bind" not in (tmp_path / "words").read_text()


def test_a_podman_that_works(tmp_path: Path) -> None:
    path = tmp_path / "podman"
    words = "Error: crun: executable file `/polyarch-probe` not found: No such file or directory"
    path.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo podman version 5.0.1\necho '{words}' >&2\n"
    )
    path.chmod(0o755)
    info = RUNTIMES["podman"]({"PATH": str(tmp_path)}).probe()
    assert info.usable
    assert info.title == "Podman 5.0.1"


def test_an_engine_elsewhere(tmp_path: Path) -> None:
    """It may know emulators of its own, so that every platform is worth a try."""
    path = tmp_path / "docker"
    path.write_text('#!/bin/sh\necho \'{"Os": "linux", "Arch": "arm64", "Version": "28.0"}\'\n')
    path.chmod(0o755)
    environment = {"PATH": str(tmp_path), "DOCKER_HOST": "ssh://builder@arm-box"}
    info: RuntimeInfo = RUNTIMES["docker"](environment).probe()
    assert info.usable
    assert info.how(Platform.parse("linux/arm64")) == "native"
    assert info.how(Platform.parse("linux/s390x")) == "emulated"
