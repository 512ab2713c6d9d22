"""Running a program that nobody trusts: its time, output, memory and processes are bounded.

What it asks the kernel for is bounded by the kernel, where `prlimit` is there to say so; what it
and its children take together is looked at several times a second.
"""

import os
import re
import secrets
import selectors
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from polyarch.errors import ProgramNotFoundError
from polyarch.host.kin import Process, end_kin, kin, load
from polyarch.host.process import Running, check_not_ending, end, find_program, started

MEBIBYTE = 1 << 20
_LOOK_S = 0.1
_GRACE_S = 2.0
_MARK = "POLYARCH_WATCHED"
_READ = 65536
_PIPE_READS = 16
_FAREWELL_S = 2.0
"""How long a program may go on after its last words."""


class Cut(StrEnum):
    """Why a program was ended before its time."""

    TIME = "time"
    MEMORY = "memory"
    PROCESSES = "processes"
    LAST_WORDS = "last words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`output_bytes` are kept, half of them from the start; the program may say more."""

    timeout_s: float = 60
    output_bytes: int = 256 * 1024
    memory_bytes: int = 2048 * MEBIBYTE
    processes: int = 512
    file_bytes: int = 256 * MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How it ended: `status` is negative for a signal; `dropped` bytes of its output were not kept.

    For `quiet_s` seconds it had said nothing.

    `load` says, where its time was over, how many processors it kept busy then; None where that was
    not seen.
    """

    status: int
    output: bytes
    dropped: int
    cut: Cut | None
    seconds: float
    quiet_s: float
    load: float | None


def watch(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    bounds: Bounds,
    folder: Path | None = None,
    last_words: re.Pattern[bytes] | None = None,
    tools: Mapping[str, str] | None = None,
) -> Watched:
    """Run a program within its bounds; nothing of it is left when this returns.

    What leaves session and parents within a moment is known by a variable in its environment;
    programs that empty that, too, want a namespace of processes.

    `tools` is the environment to look for `prlimit` in, where the program's own is a stranger's.

    After `last_words` in its output it has a moment to end: QEMU as the first process of a
    container waits for ever for a signal that nobody sends (seen in 7.2).

    Raises:
        ProgramNotFoundError: no such program.
        ProcessFailedError, InterruptedByUserError: everything is being ended.
    """
    if find_program(arguments[0], environment) is None:
        raise ProgramNotFoundError(arguments[0])
    bounded = [*_limits(bounds, tools or environment), *arguments]
    began = time.monotonic()
    mark = f"{_MARK}={secrets.token_hex(8)}"
    marked = {**environment, _MARK: mark.partition("=")[2]}
    with started(bounded, environment=marked, folder=folder) as process:
        watching = _Watching(process, bounds, last_words, began)
        try:
            watching.until_end()
        finally:
            if process.poll() is None:
                end([process], grace_s=_GRACE_S)
            end_kin(process.pid, watching.seen, mark.encode())
    check_not_ending()
    return watching.result()


def _limits(bounds: Bounds, environment: Mapping[str, str]) -> Iterator[str]:
    """The words before a command that bound each of its processes."""
    program = find_program("prlimit", environment)
    if program:
        # Twice the memory: emulators and virtual machines set aside more than they ever use.
        yield from (program, "--core=0", f"--data={2 * bounds.memory_bytes}")
        yield from (f"--fsize={bounds.file_bytes}", "--")


@dataclass(slots=True)
class _Watching:
    process: Running
    bounds: Bounds
    last_words: re.Pattern[bytes] | None
    began: float
    seen: tuple[Process, ...] = ()
    cut: Cut | None = None
    _kept: "_Kept" = field(init=False)
    _load: float | None = None
    _farewell: float | None = None
    _ended: float = 0
    _said: float = 0

    def __post_init__(self) -> None:
        self._kept = _Kept(self.bounds.output_bytes)

    def until_end(self) -> None:
        """Read and look until the program has ended, or has to."""
        assert self.process.stdout  # noqa: S101 - `started` makes a pipe
        handle = self.process.stdout.fileno()
        os.set_blocking(handle, False)
        looked = 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            while self.cut is None and self.process.poll() is None:
                if not self._read(selector, handle):
                    # It closed its output and goes on.
                    time.sleep(_LOOK_S)
                now = time.monotonic()
                if now - looked >= _LOOK_S:
                    looked = now
                    self._look()
                if self.cut is None:
                    self.cut = self._overdue(now)
            self._ended = time.monotonic()
            if self.cut is Cut.TIME:
                self._load = load(self.process.pid, self.seen)
            # What the pipe still holds, and no more: a child may go on writing.
            for _ in range(_PIPE_READS):
                if not self._read(selector, handle, wait_s=0):
                    break

    def result(self) -> Watched:
        status = self.process.returncode
        return Watched(
            status=status if status is not None else -9,
            output=self._kept.text(),
            dropped=self._kept.dropped,
            cut=self.cut,
            seconds=self._ended - self.began,
            quiet_s=self._ended - max(self._said, self.began),
            load=self._load,
        )

    def _read(
        self, selector: selectors.BaseSelector, handle: int, *, wait_s: float = _LOOK_S
    ) -> bool:
        """Take what it said; false where it says no more."""
        if not selector.get_map():
            return False
        if not selector.select(wait_s):
            return wait_s > 0
        try:
            data = os.read(handle, _READ)
        except BlockingIOError:
            return True
        if not data:
            selector.unregister(handle)
            return False
        self._kept.add(data)
        self._said = time.monotonic()
        if self.last_words and self._farewell is None and self._kept.ends_with(self.last_words):
            self._farewell = time.monotonic() + _FAREWELL_S
        return True

    def _look(self) -> None:
        self.seen = kin(self.process.pid, self.seen)
        if len(self.seen) > self.bounds.processes:
            self.cut = Cut.PROCESSES
        elif sum(each.memory_bytes for each in self.seen) > self.bounds.memory_bytes:
            self.cut = Cut.MEMORY

    def _overdue(self, now: float) -> Cut | None:
        if self._farewell is not None and now > self._farewell:
            return Cut.LAST_WORDS
        return Cut.TIME if now - self.began > self.bounds.timeout_s else None


class _Kept:
    """The beginning and the end of an output."""

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._first = bytearray()
        self._last = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        room = self._half - len(self._first)
        self._first += data[:room]
        self._last += data[room:] if room > 0 else data
        over = len(self._last) - self._half
        if over > 0:
            self.dropped += over
            del self._last[:over]

    def ends_with(self, words: re.Pattern[bytes]) -> bool:
        tail = self._last or self._first
        return words.search(tail[-4096:]) is not None

    def text(self) -> bytes:
        gap = b"\n...\n" if self.dropped else b""
        return bytes(self._first) + gap + bytes(self._last)
