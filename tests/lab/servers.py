"""Servers that run beside the tests and end with them."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
START_S = 60.0
STOP_S = 20.0
LOOK_S = 0.05


class ServerFailedError(Exception):
    """A server ended early or never became ready; says what its log says last."""

    def __init__(self, what: str, log: Path) -> None:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        super().__init__(f"{what}; log {log}:\n{last}")


@contextmanager
def running(
    *command: str | Path, log: Path, ready: Callable[[], T | None], env: Mapping[str, str]
) -> Iterator[T]:
    """Start a server, give what `ready` returns as soon as that is something, then stop it.

    Args:
        command: The server, which stays in the foreground.
        log: File that takes what it writes.
        ready: Looks whether the server answers; called again and again.
        env: Added to this process's environment.

    Raises:
        ServerFailedError: It ended, or was not ready in time.
    """
    words = [str(word) for word in (*_tied_to_us(), *command)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **env},
            start_new_session=True,
        )
    try:
        yield _wait(server, str(command[0]), log, ready)
    finally:
        _stop(server)


def _tied_to_us() -> list[str]:
    """Return the prefix that ends a server when the test run is killed, where there is one."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _wait(
    server: subprocess.Popen[bytes], name: str, log: Path, ready: Callable[[], T | None]
) -> T:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if (answer := ready()) is not None:
            return answer
        if server.poll() is not None:
            raise ServerFailedError(f"`{name}` ended with status {server.returncode}", log)
        time.sleep(LOOK_S)
    raise ServerFailedError(f"`{name}` was not ready within {START_S:.0f} s", log)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        # Its session is its own, so this reaches its children and nobody else.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(STOP_S)
