"""A program and all that descends from it, as the kernel tells of them in /proc.

Source: Linux, Documentation/filesystems/proc.rst, tables 1-2 (status), 1-3 (statm), 1-4 (stat).
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_INIT = 1
_SWEEPS = 20
_MOMENT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process; `started` tells it from a later one with its number.

    `cpu_s` is processor time in seconds, that of children which were waited for among it.
    """

    pid: int
    parent: int
    session: int
    started: int
    cpu_s: float

    @classmethod
    def read(cls, pid: int) -> "Process | None":
        """The process of this number, None where there is none."""
        try:
            text = (_PROC / str(pid) / "stat").read_bytes()
        except OSError:
            return None
        # A name may hold spaces and brackets; the last bracket ends it.
        words = text.rpartition(b")")[2].split()
        ticks = sum(int(word) for word in words[11:15])
        return cls(
            pid=pid,
            parent=int(words[1]),
            session=int(words[3]),
            started=int(words[19]),
            cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        )

    @property
    def memory_bytes(self) -> int:
        """What it holds of memory for itself alone: neither files nor what others share."""
        try:
            words = (_PROC / str(self.pid) / "statm").read_bytes().split()
            return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    @property
    def environment(self) -> bytes:
        """What it was started with, empty where that is not shown."""
        try:
            return (_PROC / str(self.pid) / "environ").read_bytes()
        except OSError:
            return b""

    @property
    def tracer(self) -> int:
        """The number of the process that traces it, 0 where none does."""
        with contextlib.suppress(OSError, ValueError):
            for line in (_PROC / str(self.pid) / "status").read_text(errors="replace").splitlines():
                if line.startswith("TracerPid:"):
                    return int(line.split()[1])
        return 0


def kin(leader: int, known: Iterable[Process] = ()) -> tuple[Process, ...]:
    """All of them that live: children's children, the session, and what one of them traces.

    `known` are those of an earlier look: what outlived its parents is found by them. A system
    without /proc shows none.
    """
    alive = {process.pid: process for process in _all()}
    ours = {each.pid for each in known if _is_same(each, alive)} | {leader} & alive.keys()
    rest = {pid: process for pid, process in alive.items() if pid not in ours}
    while True:
        found = [pid for pid, process in rest.items() if _belongs(process, leader, ours)]
        if not found:
            break
        for pid in found:
            ours.add(pid)
            del rest[pid]
    return tuple(alive[pid] for pid in sorted(ours))


def load(leader: int, known: Iterable[Process] = ()) -> float | None:
    """How many processors they keep busy, looked at for a moment; None where none is seen."""
    before = kin(leader, known)
    if not before:
        return None
    began = time.monotonic()
    time.sleep(_MOMENT_S)
    after = kin(leader, before)
    used = sum(each.cpu_s for each in after) - sum(each.cpu_s for each in before)
    return max(used, 0) / (time.monotonic() - began)


def end_kin(leader: int, known: Iterable[Process], mark: bytes) -> None:
    """Kill all of them, also those that left session and parents; returns when none is seen.

    `mark` stands in the environment that they were started with, and in nobody else's.
    """
    seen = tuple(known)
    for _ in range(_SWEEPS):
        marked = (each for each in _all() if mark in each.environment)
        found = {each.pid: each for each in (*kin(leader, seen), *marked)}
        left = [each for pid, each in found.items() if pid not in {leader, os.getpid()}]
        if not left:
            return
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        seen = (*seen, *left)


def _belongs(process: Process, leader: int, ours: set[int]) -> bool:
    if process.parent in ours or process.session == leader:
        return True
    return process.parent <= _INIT and process.tracer in ours


def _is_same(process: Process, alive: Mapping[int, Process]) -> bool:
    now = alive.get(process.pid)
    return now is not None and now.started == process.started


def _all() -> Iterator[Process]:
    try:
        names = [path.name for path in _PROC.iterdir()]
    except OSError:
        return
    for name in names:
        if name.isdecimal() and (process := Process.read(int(name))):
            yield process
