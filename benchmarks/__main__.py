"""`make bench`: figures as ratios, both sides measured in one run, in turn.

Each row: what, ours, the other, ours / other. Times are the median of several runs, in seconds of
wall time; a machine that does other things makes them unsteady, so read the ratios.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HELLO = Path(__file__).parents[1] / "examples" / "hello"
POLYARCH = shutil.which("polyarch", path=Path(sys.executable).parent) or "polyarch"


@dataclass(frozen=True)
class Row:
    what: str
    ours: float
    other: float
    limit: float | None = None

    def __str__(self) -> str:
        ratio = self.ours / self.other
        limit = f"(at most {self.limit:g})" if self.limit else ""
        return f"{self.what:<66} {self.ours:9.3f} {self.other:9.3f} {ratio:7.2f} {limit}"


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


def run(*arguments: str, folder: Path | None = None) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True, env=environment)


def start_up() -> Row:
    ours, other = in_turn(
        lambda: run(sys.executable, "-m", "polyarch", "--version"),
        lambda: run(sys.executable, "-c", "pass"),
        runs=15,
    )
    return Row("polyarch --version / python -c pass", ours, other, limit=3)


def plan_offline(project: Path) -> Row:
    ours, other = in_turn(
        lambda: run(POLYARCH, "plan", "--offline", folder=project),
        lambda: run(sys.executable, "-c", "import click, msgspec, rich.table"),
        runs=7,
    )
    return Row("plan --offline, 8 platforms / importing its libraries", ours, other)


def direct_in_parallel(project: Path) -> Row:
    platforms = ("linux/amd64", "linux/arm64", "linux/386", "linux/riscv64")

    def build(chosen: Sequence[str]) -> None:
        run(POLYARCH, "build", "--force", "--platform", ",".join(chosen), folder=project)

    ours, other = in_turn(
        lambda: build(platforms), lambda: [build([each]) for each in platforms], runs=3
    )
    return Row("direct, 4 platforms at once / one after the other", ours, other)


def nothing_changed(project: Path) -> Row:
    ours, other = in_turn(
        lambda: run(POLYARCH, "publish", "--sandbox", folder=project),
        lambda: run(POLYARCH, "publish", "--sandbox", "--force", folder=project),
        runs=3,
    )
    return Row("publish of 8 platforms again, nothing changed / all rebuilt", ours, other)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "hello"
        shutil.copytree(HELLO, project, ignore=shutil.ignore_patterns(".polyarch"))
        print(f"{'what':<66} {'ours s':>9} {'other s':>9} {'ratio':>7}")
        print(start_up(), flush=True)
        for row in (plan_offline, direct_in_parallel, nothing_changed):
            print(row(project), flush=True)


if __name__ == "__main__":
    main()
