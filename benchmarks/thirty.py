"""Thirty images that did not change, published again to three registries far away."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.clients import POLYARCH, Client
from benchmarks.distance import ROUND_TRIP_S, told_trips
from benchmarks.places import Places, places
from benchmarks.processes import Taken, run_all
from benchmarks.row import Row
from tests.support.lines import Line

IMAGES = 30
LIMIT_S = 5.0
DEFAULTS = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
repositories = [{repositories}]
tags = ["type=ref,event=branch", "type=sha"]
engine = "direct"
[defaults.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
"""
MAKE = """\
printf 'app for %s\\n' "$2" > "$1"
"""


def unchanged(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    del peers
    with places(lines=[Line.delaying(ROUND_TRIP_S)]) as where:
        project = _project(where)
        _publish(project, where)
        where.forget()
        taken = [_publish(project, where)]
        note = f"{taken[0].elapsed_s / ROUND_TRIP_S:.0f} round trips long, {told_trips(where.ways)}"
        taken += [_publish(project, where) for _ in range(0 if quick else 2)]
    best = min(each.elapsed_s for each in taken)
    what = f"publish of {IMAGES} unchanged images to 3 registries at 100 ms / {LIMIT_S:g} s"
    yield Row(what, best, LIMIT_S, limit=1, note=f"{note}; CPU {taken[0].cpu_s:.2f} s")


def _publish(project: Path, where: Places) -> Taken:
    command = [POLYARCH, "publish", "--allow-local", "--quiet"]
    return run_all([command], env=where.env, folder=project)


def _project(where: Places) -> Path:
    """A project whose commit stands in another repository, so that it may be published."""
    project, origin = where.folder / "project", where.folder / "origin.git"
    project.mkdir()
    listed = ", ".join(f'"{place.host}/team/{{image}}"' for place in where.every)
    images = "".join(
        f'[images.app-{number}]\nlabels = {{ number = "{number}" }}\n' for number in range(IMAGES)
    )
    (project / "polyarch.toml").write_text(DEFAULTS.format(repositories=listed) + images)
    (project / "make.sh").write_text(MAKE)
    (project / ".gitignore").write_text(".polyarch/\n")
    _git(project, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    _git(project, "init", "--quiet", "--initial-branch=main")
    _git(project, "add", ".")
    _git(project, "commit", "--quiet", "--message=First")
    _git(project, "remote", "add", "origin", str(origin))
    _git(project, "push", "--quiet", "--set-upstream", "origin", "main")
    return project


def _git(folder: Path, *words: str) -> None:
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
    }
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **who})
