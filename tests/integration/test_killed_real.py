"""`kill -9` of `publish` and `copy` while tags move on three real registries.

Each time another number of tags has begun to move, and a moment more or less has passed since.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry
from tests.support.counted import Counted
from tests.support.dying import (
    PLATFORMS,
    REPOSITORY,
    TAGS,
    Copying,
    Ground,
    Publishing,
    dying_project,
)
from tests.support.killing import IsTime, Steps, Tally
from tests.support.published import Destinations
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch, warm_polyarch
from tests.support.whole import Shelf

pytestmark = pytest.mark.real

MOVES = 3 * len(TAGS)
WAIT_S = 0.02
"""A real registry takes about that long to move a tag."""
SEEDS = [
    pytest.param(6, 3, id="few"),
    pytest.param(None, 50, id="many", marks=pytest.mark.long),
]


@dataclass
class RealPublishing(Publishing):
    """`publish` to registries that ask who one is."""

    real: Sequence[Registry] = ()

    @property
    def shelves(self) -> Sequence[Shelf]:
        return [shelf_of(registry) for registry in self.real]


@dataclass
class RealCopying(Copying):
    """`copy` to registries that everybody may write to."""

    real: Sequence[Registry] = ()

    @property
    def shelves(self) -> Sequence[Shelf]:
        return [shelf_of(registry) for registry in self.real]


def shelf_of(registry: Registry) -> Shelf:
    login = (registry.username, registry.password) if registry.username else None
    return Shelf(host=registry.host, repository=REPOSITORY, login=login)


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPolyarch]:
    with warm_polyarch() as parent:
        yield parent


@pytest.fixture
def publishing(
    tmp_path: Path, distribution_registry: StartRegistry, warm: WarmPolyarch, counted: Counted
) -> Iterator[RealPublishing]:
    real = [distribution_registry(Auth.HTPASSWD) for _ in range(3)]
    known = Destinations(real)
    hosts = [registry.host for registry in real]
    project = dying_project(tmp_path / "project", hosts, more=known.toml())
    tally = Tally(what="publish, real registries", platforms=PLATFORMS)
    made = RealPublishing(project, (), warm, tally, logins=known.environment(), real=real)
    made.begin()
    yield made
    tally.tell(counted)


@pytest.fixture
def copying(
    tmp_path: Path, distribution_registry: StartRegistry, warm: WarmPolyarch, counted: Counted
) -> Iterator[RealCopying]:
    real = [distribution_registry() for _ in range(3)]
    project = TinyProject.make(tmp_path / "project", {}, git=False)
    tally = Tally(what="copy, real registries", platforms=PLATFORMS)
    made = RealCopying(project, (), warm, tally, real=real)
    made.begin()
    yield made
    tally.tell(counted)


def after(moves: int, wait_s: float) -> IsTime:
    """When so many tags have begun to move, and a moment later."""

    def is_time(steps: Steps) -> bool:
        if steps.count("moving") < moves:
            return False
        time.sleep(wait_s)
        return True

    return is_time


def die_and_go_on(ground: Ground, seed: int | None, times: int) -> None:
    seed = time.time_ns() if seed is None else seed
    chosen = random.Random(seed)  # noqa: S311 - told when it fails, and no secret
    while ground.tally.kills < times:
        ground.revision = ground.renew()
        when = after(chosen.randint(1, MOVES), chosen.uniform(0, WAIT_S))
        steps = ground.strike(ground.fresh(), when, cold=True)
        ground.judge((seed, steps))
        ground.converge(ground.run(ground.fresh()), (seed, steps))
        ground.sweep()
    assert 2 * ground.tally.within >= times


@pytest.mark.parametrize(("seed", "times"), SEEDS)
def test_publish(publishing: RealPublishing, seed: int | None, times: int) -> None:
    die_and_go_on(publishing, seed, times)


@pytest.mark.parametrize(("seed", "times"), SEEDS)
def test_copy(copying: RealCopying, seed: int | None, times: int) -> None:
    die_and_go_on(copying, seed, times)
