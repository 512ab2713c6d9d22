"""What `doctor` says of real engines that are not as they should be, and the builds that meet them.

Nothing else runs programs of loong64: its entry may be away for a moment.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyarch.engines.faults import diagnose
from polyarch.host.tiny_programs import tiny_program
from tests.lab.absence import require
from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.own_binfmt import PLACE

ENTRY = Path(PLACE) / "qemu-loongarch64"
RULE = Path("/usr/lib/binfmt.d/qemu-loongarch64.conf")
EXIT_42, EXIT_0 = bytes.fromhex("04a88002"), bytes.fromhex("04008002")
"""`addi.w $a0, $zero, 42` and the same with 0, as they lie in memory."""

TOML = """\
[images.app]
engine = "{engine}"
platforms = ["{platform}"]
repositories = ["registry.example.com/app"]
"""
DOCKERFILE = 'FROM scratch\nCOPY program /program\nRUN ["/program"]\n'


def project_of(folder: Path, engine: str, platform: str, program: bytes) -> Path:
    files = {"polyarch.toml": TOML.format(engine=engine, platform=platform)}
    project = GitProject.make(folder, {**files, "Dockerfile": DOCKERFILE})
    (project.root / "program").write_bytes(program)
    (project.root / "program").chmod(0o755)
    project.commit("Add the program")
    return project.root


def command_in(folder: Path, environment: Mapping[str, str], home: Path) -> CommandLine:
    return CommandLine(folder=folder, environment={**plain_environment(home), **environment})


def check_of(answer: Answer, area: str, name: str) -> dict[str, str]:
    checks = answer.document["checks"]
    [found] = [each for each in checks if (each["area"], each["name"]) == (area, name)]
    return dict(found)


@contextmanager
def entry_away() -> Iterator[None]:
    """The kernel does not know loong64, as after a reboot at which nothing registered it."""
    line = RULE.read_text().strip()
    try:
        if ENTRY.exists():
            ENTRY.write_text("-1")
        yield
    finally:
        if not ENTRY.exists():
            (Path(PLACE) / "register").write_text(line)


@pytest.fixture
def lost() -> Iterator[None]:
    require("qemu")
    if os.geteuid() != 0 or not RULE.is_file() or not shutil.which("qemu-loongarch64-static"):
        pytest.skip("needs root and a QEMU of loong64 that the system registers")
    with entry_away():
        yield


@pytest.mark.usefixtures("lost")
def test_an_emulator_lost_at_a_reboot_from_the_failed_build_to_the_one_that_works(
    buildah: Buildah, tmp_path: Path
) -> None:
    program = tiny_program("loong64")
    assert program
    root = project_of(tmp_path / "p", "buildah", "linux/loong64", program.replace(EXIT_42, EXIT_0))
    command = command_in(root, buildah.env, tmp_path / "home")
    failed = command.run("build", status=4)
    what, _, hint = failed.error
    assert "QEMU is installed here and not registered" in what
    assert "polyarch doctor --fix" in hint
    told = command.run("doctor", "--offline", "--json", status=4)
    emulator = check_of(told, "emulator", "linux/loong64")
    assert (emulator["status"], emulator["hint"]) == ("broken", "`polyarch doctor --fix`")
    assert "installed and not registered" in emulator["message"]
    mended = command.run("doctor", "--offline", "--fix", "--json")
    assert [each["status"] for each in mended.document["fixes"]] == ["done"]
    assert "note: register QEMU for loong64" in mended.stderr
    assert "ran a program" in check_of(mended, "emulator", "linux/loong64")["message"]
    command.run("build")


def test_a_program_of_a_platform_that_nobody_knows(buildah: Buildah, tmp_path: Path) -> None:
    program = tiny_program("arm64")
    assert program
    alien = program[:18] + b"\x99\x99" + program[20:]
    root = project_of(tmp_path / "p", "buildah", "linux/arm64", alien)
    answer = command_in(root, buildah.env, tmp_path / "home").run("build", status=1)
    _, _, hint = answer.error
    assert "for another platform" in hint


def test_docker_with_its_classic_store(docker_engine_classic: DockerEngine, tmp_path: Path) -> None:
    root = project_of(tmp_path / "p", "buildx", "linux/amd64", b"")
    command = command_in(root, docker_engine_classic.env, tmp_path / "home")
    found = check_of(command.run("doctor", "--offline", "--json", status=4), "engine", "buildx")
    assert found["status"] == "broken"
    assert "classic image store" in found["message"]
    assert "containerd-snapshotter" in found["hint"]
    what, _, hint = command.run("build", status=4).error
    assert "classic image store" in what
    assert "containerd-snapshotter" in hint


@pytest.mark.parametrize("words", ["type=oci,dest=out.tar", "platforms"])
def test_what_buildx_itself_says_of_that_store(
    docker_engine_classic: DockerEngine, tmp_path: Path, words: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    asked = (
        ["--platform", "linux/amd64,linux/arm64"] if words == "platforms" else ["--output", words]
    )
    done = subprocess.run(
        ["docker", "buildx", "build", *asked, "."],
        cwd=tmp_path,
        env={**os.environ, **docker_engine_classic.env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    fault = diagnose(done.stderr.splitlines())
    assert fault is not None, done.stderr
    assert fault.code == "no-oci-export"


def test_a_socket_that_nobody_answers_and_one_that_nobody_may_use(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))
    environment = {**docker_engine.env, "DOCKER_HOST": f"unix://{dead}"}
    root = project_of(tmp_path / "p", "buildx", "linux/amd64", b"")
    command = command_in(root, environment, tmp_path / "home")
    found = check_of(command.run("doctor", "--offline", "--json", status=4), "engine", "buildx")
    assert "systemctl start docker" in found["hint"]
    assert "systemctl start docker" in command.run("build", status=4).error[2]


def test_a_socket_that_only_others_may_use(docker_engine: DockerEngine, tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("only root can be somebody else")
    docker = shutil.which("docker", path=docker_engine.env["PATH"])
    done = subprocess.run(
        [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", str(docker), "info"],
        env={"PATH": docker_engine.env["PATH"], "DOCKER_HOST": f"unix://{docker_engine.socket}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "not found" in done.stderr or not done.stderr:
        pytest.skip("the client's folder is closed to others here")
    fault = diagnose(done.stderr.splitlines())
    assert fault is not None, done.stderr
    assert fault.code == "socket-forbidden"


@pytest.mark.long
def test_an_engine_that_hangs_does_not_hold_the_rest_up(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(silent))
        listener.listen(16)
        environment = {**docker_engine.env, "DOCKER_HOST": f"unix://{silent}"}
        nowhere = tmp_path / "nowhere"
        nowhere.mkdir()
        begun = time.monotonic()
        answer = command_in(nowhere, environment, tmp_path / "home").run("doctor", "--json")
    assert time.monotonic() - begun < 100
    buildx = check_of(answer, "engine", "buildx")
    assert buildx["status"] == "missing"
