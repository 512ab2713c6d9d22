"""A commit that is published already, on a machine that has nothing of it: nothing is built.

polyarch finds in the registries what it would build. Its rival has an engine with an empty cache
and takes all steps from a cache in the first registry.
"""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.building import REPOSITORY, Ground, Source, grounds
from benchmarks.clients import Client
from benchmarks.distance import ROUND_TRIP_S, told_trips
from benchmarks.end_to_end import CHEAP, SHARED, TWO
from benchmarks.row import Row
from tests.lab.cache import work_folder
from tests.lab.engine import running_engine
from tests.support.lines import Line

LOOPBACK_S = 1.0
DISTANT_LIMIT = 0.5
DOCKERFILE = SHARED.replace("LOOPS", CHEAP)
SOURCE = Source(platforms=TWO, dockerfile=DOCKERFILE, files={}, line=("page.txt", "page {}"))
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
"""Nothing is built, so no engine has to be there."""


def elsewhere(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """On loopback beside a second, and at a distance beside `buildx build --cache-from`."""
    del peers
    runs = 1 if quick else 5
    what = "nothing changed, no local state, 3 registries"
    with grounds(SOURCE) as (ours, other):
        mine, theirs, _ = _again(ours, other, runs)
    note = f"buildx --cache-from takes {theirs:.2f} s"
    yield Row(f"{what} / {LOOPBACK_S:g} s", mine, LOOPBACK_S, limit=1, note=note)
    with grounds(SOURCE, [Line.delaying(ROUND_TRIP_S)]) as (ours, other):
        mine, theirs, trips = _again(ours, other, runs)
    what = f"{what} at {ROUND_TRIP_S * 1000:.0f} ms / buildx --cache-from"
    yield Row(what, mine, theirs, limit=DISTANT_LIMIT, note=trips)


def _again(ours: Ground, other: Ground, runs: int) -> tuple[float, float, str]:
    """Both in turn after a first time; also what round trips ours were."""
    cache = f"type=registry,ref={other.where.every[0].host}/{REPOSITORY}:cache"
    with work_folder() as folder, running_engine(folder) as engine:
        mine, theirs = ours.checkout("buildx"), other.checkout("buildx")
        ours.polyarch(mine, engine.env)
        other.buildx(theirs, engine.env, f"--cache-to={cache},mode=max")
    taken, trips = [], ""
    for _ in range(runs):
        ours.where.forget()
        elapsed = ours.polyarch(ours.elsewhere(mine), NO_ENGINE)
        trips = told_trips(ours.where.ways)
        with work_folder() as folder, running_engine(folder) as engine:
            anew = other.elsewhere(theirs)
            taken.append((elapsed, other.buildx(anew, engine.env, f"--cache-from={cache}")))
    medians = [statistics.median(side) for side in zip(*taken, strict=True)]
    return medians[0], medians[1], trips
