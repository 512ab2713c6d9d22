"""A project as users have it: how long it takes to start, to plan, to build, to publish again."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.clients import POLYARCH
from benchmarks.row import Row, in_turn, run

HELLO = Path(__file__).parents[1] / "examples" / "hello"


@contextlib.contextmanager
def hello() -> Iterator[Path]:
    """A fresh copy of the example."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "hello"
        shutil.copytree(HELLO, project, ignore=shutil.ignore_patterns(".polyarch"))
        yield project


def start_up() -> Row:
    ours, other = in_turn(
        lambda: run(sys.executable, "-m", "polyarch", "--version"),
        lambda: run(sys.executable, "-c", "pass"),
        runs=15,
    )
    return Row("polyarch --version / python -c pass", ours, other, limit=3)


def plan_offline() -> Row:
    with hello() as project:
        ours, other = in_turn(
            lambda: run(POLYARCH, "plan", "--offline", folder=project),
            lambda: run(sys.executable, "-c", "import click, msgspec, rich.table"),
            runs=7,
        )
    return Row("plan --offline, 8 platforms / importing its libraries", ours, other)


def direct_in_parallel() -> Row:
    platforms = ("linux/amd64", "linux/arm64", "linux/386", "linux/riscv64")
    with hello() as project:

        def build(chosen: Sequence[str]) -> None:
            run(POLYARCH, "build", "--force", "--platform", ",".join(chosen), folder=project)

        def build_one_by_one() -> None:
            for each in platforms:
                build([each])

        ours, other = in_turn(lambda: build(platforms), build_one_by_one, runs=3)
    return Row("direct, 4 platforms at once / one after the other", ours, other)


def nothing_changed() -> Row:
    with hello() as project:
        ours, other = in_turn(
            lambda: run(POLYARCH, "publish", "--sandbox", folder=project),
            lambda: run(POLYARCH, "publish", "--sandbox", "--force", folder=project),
            runs=3,
        )
    return Row("publish of 8 platforms again, nothing changed / all rebuilt", ours, other)
