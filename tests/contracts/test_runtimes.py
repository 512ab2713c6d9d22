"""What every runtime does, on every one that works here: Docker, Buildah, bubblewrap, PRoot."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from polyarch.errors import InterruptedByUserError, PolyarchError
from polyarch.host.process import ending_all
from polyarch.host.watched import MEBIBYTE, Bounds
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.run import run, run_all
from polyarch.runtimes.smoke import SmokeTest
from tests.lab.absence import require
from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine
from tests.support.running import (
    File,
    Recipe,
    Runnable,
    compiled,
    dynamic,
    image,
    processes_with,
    program,
    with_program,
)

pytestmark = pytest.mark.real

NATIVE, FOREIGN = "linux/amd64", "linux/arm64"
READ_ONLY = {"docker", "bubblewrap"}
GUARDED = {"bubblewrap", "proot"}


@dataclass(frozen=True, kw_only=True)
class AtHand:
    """A runtime as its user has it; `left` shows what it holds beside what it had before."""

    name: str
    environment: Mapping[str, str]
    scratch: Path
    left: Callable[[], frozenset[str]]

    def request(
        self, image: Runnable, test: SmokeTest | None = None, bounds: Bounds | None = None
    ) -> RunRequest:
        """A request for it."""
        return RunRequest(
            store=image.store,
            manifest=image.manifest,
            platform=image.platform,
            environment=self.environment,
            runtime=self.name,
            scratch=self.scratch,
            test=test or SmokeTest(),
            bounds=bounds or Bounds(),
        )

    def run(
        self,
        image: Runnable,
        *words: str,
        status: int = 0,
        matches: str | None = None,
        timeout_s: float = 60,
    ) -> Outcome:
        """Run `/program` with these words, or the image's own command without any."""
        command = ("/program", *words) if words else None
        test = SmokeTest(run=command, exit=status, matches=matches, timeout_s=timeout_s)
        return run(self.request(image, test))


@pytest.fixture(params=["docker_engine", "docker_engine_classic", "buildah", "bubblewrap", "proot"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AtHand]:
    require("qemu")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "A_SECRET": "of-the-host"}
    name: str = request.param
    left: Callable[[], frozenset[str]] = frozenset
    if name.startswith("docker"):
        engine: DockerEngine = request.getfixturevalue(name)
        name, environment = "docker", {**environment, **engine.env}
        left = partial(_listed, engine.docker, "ps", "images")
    elif name == "buildah":
        buildah: Buildah = request.getfixturevalue(name)
        environment |= buildah.env
        left = partial(_listed, buildah.buildah, "containers", "images")
    else:
        require(name)
    scratch = tmp_path / "scratch"
    before = left()
    yield AtHand(name=name, environment=environment, scratch=scratch, left=left)
    assert not left() - before
    assert not scratch.exists() or not list(scratch.iterdir())


def _listed(ask: Callable[..., str], *kinds: str) -> frozenset[str]:
    return frozenset(each for kind in kinds for each in ask(kind, "-aq").split())


@pytest.fixture(params=[NATIVE, FOREIGN])
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def how(platform: str) -> str:
    return "native" if platform == NATIVE else "emulated"


class TestPasses:
    def test_the_images_own_command(self, runtime: AtHand, platform: str) -> None:
        image = with_program(platform, Cmd=["words", "a b", "", "$HOME"])
        outcome = runtime.run(image, matches=r"^\[\$HOME\]$")
        assert outcome.passed, outcome
        assert outcome.output == "[a b]\n[]\n[$HOME]\n"
        assert (outcome.how, outcome.runtime, outcome.exit_code) == (how(platform), runtime.name, 0)
        assert outcome.command == ("/program", "words", "a b", "", "$HOME")

    def test_a_command_in_its_place(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(with_program(platform, Cmd=["exit", "9"]), "exit", "7", status=7)
        assert outcome.passed, outcome
        assert outcome.exit_code == 7

    def test_what_the_config_says(self, runtime: AtHand, platform: str) -> None:
        passwd = File(
            name="etc/passwd", content=b"app:x:1234:55:App:/srv/app:/bin/sh\n", mode=0o644
        )
        image = with_program(
            platform,
            passwd,
            User="app",
            WorkingDir="/not/there/yet",
            Env=["PATH=/nowhere:/", "GREETING=hi there", "EMPTY="],
            Entrypoint=["program"],
        )
        tests = [SmokeTest(run=("program", each)) for each in ("who", "environment")]
        who, environment = run_all(runtime.request(image), tests)
        assert who.passed, who
        assert who.output == "1234:55 /not/there/yet\n"
        lines = environment.output.splitlines()
        assert {"GREETING=hi there", "EMPTY=", "PATH=/nowhere:/", "HOME=/srv/app"} <= {*lines}

    def test_a_program_in_a_folder_that_is_covered_else(self, runtime: AtHand) -> None:
        file = File(name="tmp/program", content=program(NATIVE))
        made = image(Recipe(layers=[[file]], config={"Entrypoint": ["/tmp/program"]}))
        assert runtime.run(made).passed


class TestShutIn:
    def test_nothing_of_the_host(self, runtime: AtHand, platform: str) -> None:
        image = with_program(platform)
        secrets = ("stat", "/host-rootfs/etc/passwd", "/etc/passwd", str(Path(__file__)))
        tests = [SmokeTest(run=("/program", *w)) for w in (("environment",), ("network",), secrets)]
        environment, network, seen = run_all(runtime.request(image), tests)
        assert environment.passed
        assert "of-the-host" not in environment.output
        assert network.output == "lo\n"
        assert seen.output.count("absent") == 3, seen.output

    def test_writing(self, runtime: AtHand) -> None:
        image = with_program(NATIVE, File(name="tmp/", mode=0o1777), User="0")
        root, tmp = run_all(
            runtime.request(image),
            [SmokeTest(run=("/program", "write", path)) for path in ("/new", "/tmp/new")],
        )
        assert tmp.passed, tmp
        if runtime.name in READ_ONLY:
            assert root.reason is Reason.EXIT
            assert "Read-only file system" in root.output

    def test_settings_of_the_kernel(self, runtime: AtHand) -> None:
        """Whoever may write them is root of this machine: a core dump starts what one names."""
        if runtime.name == "proot":
            pytest.skip("no wall against a program that wants out")
        outcome = runtime.run(
            with_program(NATIVE, User="0"), "write", "/proc/sys/kernel/core_pattern"
        )
        assert outcome.reason is Reason.EXIT, outcome
        assert "written" not in outcome.output

    def test_ordinary_programs_outlive_nothing(self, runtime: AtHand) -> None:
        seconds = str(71_000 + os.getpid() % 1000)
        outcome = runtime.run(with_program(NATIVE), "leave", seconds, timeout_s=4)
        # PRoot before 5.2 waits for what is left behind.
        assert outcome.passed or (runtime.name == "proot" and outcome.reason is Reason.HANG)
        assert not processes_with(seconds)


class TestBounds:
    def test_a_program_that_sleeps(self, runtime: AtHand, platform: str) -> None:
        seconds = str(73_000 + os.getpid() % 1000)
        began = time.monotonic()
        outcome = runtime.run(with_program(platform), "sleep", seconds, timeout_s=2)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.HANG), outcome
        assert outcome.exit_code is None
        assert outcome.output == "sleeping\n"
        assert time.monotonic() - began < 30
        assert not processes_with(seconds)

    def test_a_program_that_works_on(self, runtime: AtHand) -> None:
        outcome = runtime.run(with_program(NATIVE), "spin", timeout_s=2)
        assert outcome.reason is Reason.TIMEOUT, outcome
        assert "timeout" in outcome.hint

    def test_a_flood(self, runtime: AtHand) -> None:
        image = with_program(NATIVE)
        bounds = Bounds(output_bytes=10_000)
        test = SmokeTest(run=("/program", "flood"), timeout_s=2)
        outcome = run(runtime.request(image, test=test, bounds=bounds))
        assert outcome.reason is Reason.TIMEOUT
        assert len(outcome.output) < 11_000

    def test_memory(self, runtime: AtHand) -> None:
        bounds = Bounds(memory_bytes=96 * MEBIBYTE)
        test = SmokeTest(run=("/program", "memory"), timeout_s=20)
        outcome = run(runtime.request(with_program(NATIVE), test=test, bounds=bounds))
        # Within its bound a program may be told, and end by itself.
        assert outcome.reason is Reason.OUT_OF_MEMORY or outcome.exit_code == 9, outcome
        assert not outcome.passed

    def test_processes(self, runtime: AtHand) -> None:
        bounds = Bounds(processes=40)
        test = SmokeTest(run=("/program", "fork"), timeout_s=4)
        outcome = run(runtime.request(with_program(NATIVE), test=test, bounds=bounds))
        # Docker's kernel group refuses them one by one.
        expected = {Reason.HANG} if runtime.name == "docker" else {Reason.TOO_MANY_PROCESSES}
        assert outcome.reason in expected, outcome


class TestFailures:
    def test_another_exit_code(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(with_program(platform), "exit", "3")
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.EXIT)
        assert outcome.exit_code == 3

    def test_another_output(self, runtime: AtHand) -> None:
        outcome = runtime.run(with_program(NATIVE), "hello", matches="^bye")
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.OUTPUT)
        assert outcome.output == "hello from /program\n"

    def test_a_segmentation_fault(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(with_program(platform), "null", timeout_s=30)
        native = Reason.SEGMENTATION_FAULT
        expected = native if platform == NATIVE else Reason.EMULATOR_CRASH
        assert (outcome.status, outcome.reason) == (Status.FAILED, expected), outcome
        assert outcome.exit_code == 139
        assert outcome.seconds < 15

    def test_an_illegal_instruction(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(with_program(platform), "illegal", timeout_s=30)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.ILLEGAL_INSTRUCTION)
        assert outcome.exit_code == 132

    def test_another_signal(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(with_program(platform), "abort", timeout_s=30)
        assert outcome.status is Status.FAILED
        if runtime.name != "docker" or platform != NATIVE:
            # Of the first process of a container the kernel keeps signals that it sends itself.
            assert outcome.reason is Reason.SIGNAL
            assert "SIGABRT" in outcome.message

    def test_no_such_command(self, runtime: AtHand) -> None:
        outcome = run(
            runtime.request(with_program(NATIVE), test=SmokeTest(run=("absent",), exit=127))
        )
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.COMMAND_NOT_FOUND)

    def test_a_loader_that_is_missing(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(dynamic(platform, without="loader"))
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.MISSING_LOADER), outcome
        assert "ld-musl" in outcome.message

    def test_a_library_that_is_missing(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(dynamic(platform, without="library"), status=127)
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.MISSING_LIBRARY), outcome
        assert "libanswer.so" in outcome.message

    def test_a_library_that_is_there(self, runtime: AtHand, platform: str) -> None:
        outcome = runtime.run(dynamic(platform), matches="^42$")
        assert outcome.passed, outcome


class TestEmulationThatHides:
    """A program for this machine in an image for another would run, and prove nothing."""

    def test_as_the_command(self, runtime: AtHand) -> None:
        outcome = runtime.run(with_program(FOREIGN, of=NATIVE))
        assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.WRONG_ARCHITECTURE)
        assert "a program for amd64" in outcome.message

    def test_started_by_the_command(self, runtime: AtHand) -> None:
        """By a runtime that would let it run, this is not proven."""
        image = with_program(FOREIGN, File(name="native", content=program(NATIVE)))
        outcome = runtime.run(image, "exec", "/native", "hello")
        if runtime.name in GUARDED:
            assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.WRONG_ARCHITECTURE)
            assert "/native" in outcome.message
        else:
            assert (outcome.status, outcome.reason) == (Status.NOT_RUN, Reason.DOUBTFUL)

    def test_in_a_native_image_as_well(self, runtime: AtHand) -> None:
        """The kernel would hand it to QEMU."""
        image = with_program(NATIVE, File(name="foreign", content=program(FOREIGN)))
        assert not runtime.run(image, "exec", "/foreign", "hello").passed

    def test_of_a_newer_processor(self, runtime: AtHand) -> None:
        """QEMU would play one that has it all."""
        source = 'int main(void) { __asm__ volatile("movw r0, #4660" ::: "r0"); return 0; }\n'
        newer = compiled("linux/arm/v7", source, "-static", "-marm")
        files = [File(name="program", content=newer)]
        for platform, fits in (("linux/arm/v7", True), ("linux/arm/v6", False)):
            outcome = runtime.run(image(Recipe(platform=platform, layers=[files])), timeout_s=20)
            assert outcome.passed == fits, outcome
            assert fits or outcome.reason is Reason.ILLEGAL_INSTRUCTION


def test_an_interrupt_leaves_nothing(runtime: AtHand) -> None:
    seconds = str(75_000 + os.getpid() % 1000)
    raised: list[PolyarchError] = []

    def work() -> None:
        try:
            runtime.run(with_program(NATIVE), "sleep", seconds, timeout_s=60)
        except PolyarchError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 60
    while not processes_with(seconds) and time.monotonic() < deadline:
        time.sleep(0.02)
    with ending_all():
        thread.join(timeout=30)
    assert not thread.is_alive()
    assert [type(error) for error in raised] == [InterruptedByUserError]
    assert not processes_with(seconds)
