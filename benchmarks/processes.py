"""Processes that run at once, and what they took of the machine."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import CommandFailedError

LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What some processes took together.

    Attributes:
        elapsed_s: Until the last ended.
        cpu_s: Of user and system.
        read_bytes: What they read by `read` and its kin, of files and connections.
        disk_bytes: What of it was not in memory already.
        peak_bytes: The most memory that one of them held (`VmHWM`); 0 unless it was watched.
    """

    elapsed_s: float
    cpu_s: float
    read_bytes: int
    disk_bytes: int
    peak_bytes: int


def run_all(
    commands: Sequence[Sequence[str]],
    *,
    env: Mapping[str, str],
    folder: Path,
    watch_memory: bool = False,
) -> Taken:
    """Run commands at once, each to its end.

    Raises:
        CommandFailedError: One ended badly.
    """
    begun = time.monotonic()
    running = [_Running(command, env, folder, watch_memory=watch_memory) for command in commands]
    done = [each.finish() for each in running]
    elapsed = time.monotonic() - begun
    return Taken(
        elapsed_s=elapsed,
        cpu_s=sum(each.cpu_s for each in done),
        read_bytes=sum(each.read_bytes for each in done),
        disk_bytes=sum(each.disk_bytes for each in done),
        peak_bytes=max(each.peak_bytes for each in done),
    )


class _Running:
    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], folder: Path, *, watch_memory: bool
    ) -> None:
        self._command = command
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `finish`
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            env={**os.environ, **env},
            cwd=folder,
        )
        self._peak = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        if watch_memory:
            self._watcher.start()

    def finish(self) -> Taken:
        pid = self._process.pid
        # What is dead and not yet buried still tells what it has read.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        elapsed = time.monotonic() - self._begun
        fields = Path(f"/proc/{pid}/io").read_text().split()
        self._ended.set()
        if self._watcher.ident:
            self._watcher.join()
        _, status, usage = os.wait4(pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        with self._said:
            if self._process.returncode:
                self._said.seek(0)
                said = self._said.read().decode(errors="replace")
                raise CommandFailedError(self._command, self._process.returncode, said)
        return Taken(
            elapsed_s=elapsed,
            cpu_s=usage.ru_utime + usage.ru_stime,
            read_bytes=int(fields[fields.index("rchar:") + 1]),
            disk_bytes=int(fields[fields.index("read_bytes:") + 1]),
            peak_bytes=self._peak,
        )

    def _watch(self) -> None:
        status = Path(f"/proc/{self._process.pid}/status")
        while not self._ended.wait(LOOK_S):
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self._peak = int(line.split()[1]) * 1024
