"""Ctrl-C and SIGTERM: nothing half done, no program left behind, 130."""

import asyncio
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call
from tests.support.documents import ERROR, check
from tests.support.tiny_project import TinyProject, github

WITHIN_S = 60
PIDS = 4
"""Both builds run at once, with two processes each."""
Registries = tuple[SandboxRegistry, ...]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def slow(project: TinyProject) -> TinyProject:
    """Builds write down who they are, and wait."""
    project.write({"make.sh": 'echo $$ > "pid-$2"\nsleep 600 &\necho $! > "child-$2"\nwait\n'})
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('"{platform}"', '"{arch}"'))
    project.commit()
    return project


def pids(project: TinyProject) -> list[int]:
    names = [f"{kind}-{arch}" for kind in ("pid", "child") for arch in ("ppc64le", "s390x")]
    texts = [(project.root / name) for name in names]
    return [int(path.read_text()) for path in texts if path.exists() and path.read_text().strip()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_within_a_build(slow: TinyProject, number: signal.Signals):
    with slow.start("build", "--json") as process:
        wait_for(lambda: len(pids(slow)) >= PIDS, "the builds")
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130, stderr
    document = json.loads(stdout)
    check(document, ERROR)
    assert document["code"] == "interrupted"
    assert "Traceback" not in stderr
    for pid in pids(slow):
        wait_for(lambda pid=pid: not is_alive(pid), f"the end of {pid}")  # type: ignore[misc]
    parts = slow.root / ".polyarch" / "parts" / "app"
    assert [path.name for path in parts.glob("*.json")] == []
    assert [path for path in parts.iterdir() if path.is_dir()] == []
    assert list((slow.root / ".polyarch" / "tmp").glob("*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_shell_that_ignores_interrupts_for_it(slow: TinyProject, number: signal.Signals):
    """As one does for what a script starts with `&`: both are heard all the same."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        started = slow.start("build")
    finally:
        signal.signal(signal.SIGINT, before)
    with started as process:
        wait_for(lambda: len(pids(slow)) >= PIDS, "the builds")
        process.send_signal(number)
        _, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130, stderr
    for pid in pids(slow):
        wait_for(lambda pid=pid: not is_alive(pid), f"the end of {pid}")  # type: ignore[misc]


def test_an_impatient_person(slow: TinyProject):
    with slow.start("build") as process:
        wait_for(lambda: len(pids(slow)) >= PIDS, "the builds")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr


def test_the_next_run_is_not_hindered(slow: TinyProject):
    with slow.start("build") as process:
        wait_for(lambda: len(pids(slow)) >= PIDS, "the builds")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WITHIN_S)
    slow.write({"make.sh": 'printf x > "$1"\n'})
    assert slow.run("build").code == 0


class Gate:
    """Holds back the requests that it is told to, in the registry's own loop."""

    def __init__(self, holds: Callable[[Call], bool]) -> None:
        self._holds = holds
        self.reached = threading.Event()
        self.opened = threading.Event()

    async def __call__(self, call: Call) -> Answer | None:
        if self._holds(call) and not self.opened.is_set():
            self.reached.set()
            await asyncio.to_thread(self.opened.wait, WITHIN_S)
        return None


def start_publish(project: TinyProject) -> subprocess.Popen[str]:
    sha = project.git("rev-parse", "HEAD")
    return project.start("publish", "--json", more=github("push", "refs/heads/main", sha))


def tags(project: TinyProject) -> list[str]:
    """What the first tag has, at each destination."""
    [image] = project.run("plan", "--json").document["images"]
    return [each["references"][0]["current"]["state"] for each in image["destinations"]]


def is_upload(call: Call) -> bool:
    return call.method in {"PATCH", "PUT"} and "uploads" in str(call.target)


def is_tag(call: Call) -> bool:
    return call.method == "PUT" and call.target.item == "main"


def test_before_the_flip_nothing_moves(published: TinyProject, registries: Registries):
    gate = Gate(lambda call: call.method == "PUT" and bool(call.target.item) and not is_tag(call))
    registries[2].quirks = Quirks(on_request=gate)
    with start_publish(published) as process:
        assert gate.reached.wait(WITHIN_S)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=WITHIN_S)
    gate.opened.set()
    assert process.returncode == 130, stderr
    check(json.loads(stdout), ERROR)
    registries[2].quirks = Quirks()
    assert tags(published) == ["absent"] * 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_within_the_flip_it_finishes(
    published: TinyProject, registries: Registries, number: signal.Signals
):
    gate = Gate(is_tag)
    registries[2].quirks = Quirks(on_request=gate)
    with start_publish(published) as process:
        assert gate.reached.wait(WITHIN_S)
        process.send_signal(number)
        threading.Timer(0.5, gate.opened.set).start()
        stdout, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["schema"].startswith("polyarch.")
    registries[2].quirks = Quirks()
    assert tags(published) == ["present"] * 3


def read_line(stream: IO[str] | None) -> str:
    assert stream
    return stream.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_ends_well(project: TinyProject, number: signal.Signals):
    with project.start("sandbox", "--memory") as process:
        assert "http://127.0.0.1:" in read_line(process.stdout)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, stderr) == (0, "Ctrl-C stops it\n")


def test_the_end_of_a_file_is_no_interrupt(project: TinyProject, monkeypatch: pytest.MonkeyPatch):
    """Click would have it so; with us it can only be a bug."""

    def end(*_: object, **__: object) -> None:
        raise EOFError("a stream ended early")

    monkeypatch.setattr("polyarch.cli.projects.load_project", end)
    said = project.run("plan", "--offline", "--json")
    assert (said.code, said.document["exit_code"]) == (70, 70)
    assert "EOFError" in said.stderr
