"""A Go program for two platforms in three ways: by the Go preset, cross-compiled, emulated."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.clients import POLYARCH, Client
from benchmarks.emulated import MODULE, SERVER, SMALL, published
from benchmarks.row import Row, run, timed
from tests.lab.bases import running_base_registry
from tests.lab.cache import work_folder
from tests.lab.gotool import go_tool

CONFIG = """\
[images.server]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example/team/server"]
tags = ["latest"]
[images.server.direct]
preset = "go"
"""


def go_three_ways(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """From the checkout to the registries, with nothing built before."""
    del peers
    source = SMALL if quick else SERVER
    what = f"publish of a Go {'hello' if quick else 'HTTP server'}, 2 platforms: preset go"
    with work_folder() as folder:
        (folder / "bases").mkdir()
        with running_base_registry(folder / "bases") as bases:
            direct_s = _direct(folder / "direct", source)
            cross_s = published(folder / "cross", bases, source, fix=True)
            yield Row(f"{what} / BuildKit, cross", direct_s, cross_s)
            emulated_s = published(folder / "emulated", bases, source, fix=False)
            yield Row(f"{what} / BuildKit, emulated", direct_s, emulated_s)


def _direct(folder: Path, source: str) -> float:
    """Seconds that `polyarch publish` takes, with a compiler that has compiled nothing yet."""
    project = folder / "project"
    project.mkdir(parents=True)
    for name, text in {"polyarch.toml": CONFIG, "go.mod": MODULE, "main.go": source}.items():
        (project / name).write_text(text)
    env = {**go_tool().environment, "GOCACHE": str(folder / "cache")}
    words = (POLYARCH, "publish", "--sandbox", "--quiet")
    return timed(lambda: run(*words, folder=project, more=env))
