"""Thirty images that did not change, published again to three registries far away."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.checkout import Checkout
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
    listed = ", ".join(f'"{place.host}/team/{{image}}"' for place in where.every)
    images = "".join(
        f'[images.app-{number}]\nlabels = {{ number = "{number}" }}\n' for number in range(IMAGES)
    )
    config = DEFAULTS.format(repositories=listed) + images
    files = {"polyarch.toml": config, "make.sh": MAKE}
    return Checkout.make(where.folder / "project", files).folder
