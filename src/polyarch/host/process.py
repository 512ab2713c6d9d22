"""The only place that starts a process. Arguments are lists, never shell text."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from polyarch.errors import InterruptedByUserError, ProcessFailedError, ProgramNotFoundError
from polyarch.host.kin import kin
from polyarch.host.patience import Limit, Patience

Running = subprocess.Popen[bytes]
"""A program that was started."""

LAST_LINES = 20
"""How many of a failed program's last lines an error carries."""

_GRACE_S = 5.0
"""Between asking a program to end and ending it."""
_UNHURRIED_S = 15.0
"""The same where nobody waits: an engine on a busy machine takes its time to tidy up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended; texts are decoded leniently."""

    status: int
    stdout: str
    stderr: str


def find_program(name: str, environment: Mapping[str, str]) -> str | None:
    """The program's path by the PATH of `environment`, or None."""
    return shutil.which(name, path=environment.get("PATH", os.defpath))


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    stdin: str = "",
    timeout_s: float | None = 60,
    check: bool = True,
) -> Finished:
    """Run a short program to its end and keep what it said.

    Raises:
        ProgramNotFoundError: no such program on the PATH of `environment`.
        ProcessFailedError: another status than 0, with `check`; or `timeout_s` seconds went by.
    """
    program = _locate(arguments, environment)
    try:
        done = subprocess.run(
            [program, *arguments[1:]],
            env=dict(environment),
            cwd=folder,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        line = f"no answer within {timeout_s:g} s"
        raise ProcessFailedError(arguments[0], -signal.SIGKILL, [line]) from error
    except OSError as error:
        raise ProgramNotFoundError(arguments[0], problem=_cannot_start(error)) from error
    if check and done.returncode != 0:
        lines = (done.stderr or done.stdout).splitlines()[-LAST_LINES:]
        raise ProcessFailedError(arguments[0], done.returncode, lines)
    return Finished(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


def stream(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    on_line: Callable[[str], bool | None],
    folder: Path | None = None,
    timeout_s: float | None = None,
    silent_s: float | None = None,
) -> None:
    """Run a long program, handing each line that it prints to `on_line` as it comes.

    When the caller is interrupted, the program and its children end too, and so they do after
    `timeout_s` seconds, or after `silent_s` seconds without a sign of life: a line for which
    `on_line` answers False is none.

    Raises:
        ProgramNotFoundError: no such program.
        ProcessFailedError: another status than 0, or a limit was reached; it carries the last
            lines.
    """
    last: deque[str] = deque(maxlen=LAST_LINES)
    with (
        started(arguments, environment=environment, folder=folder) as process,
        Patience(partial(_end_all_of, process), whole_s=timeout_s, silent_s=silent_s) as patience,
    ):
        for line in _lines(process):
            last.append(line)
            if on_line(line) is not False:
                patience.heard()
        status = process.wait()
    if patience.spent is Limit.TIME:
        told = (*last, f"no end within {timeout_s:g} s")
        raise ProcessFailedError(arguments[0], -signal.SIGTERM, told, is_late=True)
    if patience.spent is Limit.SILENCE:
        told = (*last, f"silent for {silent_s:g} s")
        raise ProcessFailedError(arguments[0], -signal.SIGTERM, told, is_silent=True)
    if status != 0:
        raise ProcessFailedError(arguments[0], status, tuple(last))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    if process.stdout:
        with io.TextIOWrapper(process.stdout, encoding="utf-8", errors="replace") as text:
            for line in text:
                yield line.rstrip("\r\n")


def _end_all_of(process: Running) -> None:
    """End a program and what descends from it, also children that have outlived it.

    They still hold its output, wherever they went to.
    """
    descendants = kin(process.pid)
    end([process], grace_s=_UNHURRIED_S)
    for each in kin(process.pid, descendants):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(each.pid, signal.SIGKILL)


@contextlib.contextmanager
def started(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    channel: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that leads a session of its own, for whoever reads its output themselves.

    What it says comes by its `stdout`, of both kinds in one. It is ended, its children too, when
    the block is left by an exception or everything is ended; see to its end before leaving the
    block else.

    With `channel`, an open socket, it hears and talks on that, and `stderr` has its complaints.

    Raises:
        ProgramNotFoundError: no such program.
        ProcessFailedError: everything is being ended.
    """
    program = _locate(arguments, environment)
    try:
        process = _RUNNING.start(
            lambda: subprocess.Popen(
                [program, *arguments[1:]],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL if channel is None else channel,
                stdout=subprocess.PIPE if channel is None else channel,
                stderr=subprocess.STDOUT if channel is None else subprocess.PIPE,
                start_new_session=True,
            )
        )
    except OSError as error:
        raise ProgramNotFoundError(arguments[0], problem=_cannot_start(error)) from error
    if process is None:
        raise ProcessFailedError(arguments[0], -signal.SIGTERM, ["it was about to start"])
    try:
        yield process
    except BaseException:
        end([process])
        raise
    finally:
        _RUNNING.discard(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


class _Running:
    """The long programs that run now, so that an interrupt in one thread ends those of all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._ending = 0

    def start(self, make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes] | None:
        """Start a program, unless all are being ended."""
        with self._lock:
            if self._ending:
                return None
            process = make()
            self._processes.add(process)
            return process

    def discard(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._processes.discard(process)

    @property
    def is_ending(self) -> bool:
        return self._ending > 0

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        with self._lock:
            self._ending += 1
            processes = tuple(self._processes)
        try:
            end(processes)
            yield
        finally:
            with self._lock:
                self._ending -= 1


_RUNNING = _Running()


def ending_all() -> contextlib.AbstractContextManager[None]:
    """End every program that `stream` runs in any thread, and start none while the block runs.

    Their callers see a failed process, also those that were about to start the next one.
    """
    return _RUNNING.ending()


def check_not_ending() -> None:
    """For long work without a program: stop it where a program would not be started any more.

    Raises:
        InterruptedByUserError: everything is being ended.
    """
    if _RUNNING.is_ending:
        raise InterruptedByUserError


def end(processes: Collection[subprocess.Popen[bytes]], *, grace_s: float = _GRACE_S) -> None:
    """Ask all at once to end; what has not within a few seconds is killed, children and all.

    A child may outlive its program: QEMU loses a signal that comes while it starts.
    """
    asked = [process for process in processes if process.poll() is None]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in asked:
            # The program leads its own session, so its children hear the signal as well.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
        deadline = time.monotonic() + grace_s
        for process in asked:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(deadline - time.monotonic(), 0))


def _locate(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    program = find_program(arguments[0], environment)
    if program is None:
        raise ProgramNotFoundError(arguments[0])
    return program


def _cannot_start(error: OSError) -> str:
    return f"is there and cannot be started: {error.strerror}"
