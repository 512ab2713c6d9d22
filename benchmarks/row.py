"""A figure with what it is compared with, and how both are measured."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

WIDTH = 66


@dataclass(frozen=True)
class Row:
    """One line of the table; `limit` is for the ratio, `note` what else was seen."""

    what: str
    ours: float
    other: float
    limit: float | None = None
    note: str = ""

    def __str__(self) -> str:
        ratio = self.ours / self.other
        return f"{self.what:<{WIDTH}} {self.ours:9.3f} {self.other:9.3f} {ratio:7.2f} {self._more}"

    @property
    def _more(self) -> str:
        if not self.limit:
            return self.note
        held = "held" if self.ours / self.other <= self.limit else "MISSED"
        return f"(at most {self.limit:g}: {held}) {self.note}".rstrip()


HEAD = f"{'what':<{WIDTH}} {'ours':>9} {'other':>9} {'ratio':>7}"


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(
    ours: Callable[[], object], other: Callable[[], object], runs: int
) -> tuple[float, float]:
    """Medians of both, measured in turn after one round that does not count."""
    ours()
    other()
    pairs = [(timed(ours), timed(other)) for _ in range(runs)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def run(
    *arguments: str, folder: Path | None = None, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **more}
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True, env=environment)
