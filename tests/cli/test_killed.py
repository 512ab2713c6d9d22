"""`kill -9` of `publish`: every tag shows the old complete index or the new complete index.

The next run, in a fresh folder and with builds that never give the same bytes twice, brings all
tags of all registries to one digest. How often that was seen is told when all tests are done.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.counted import Counted
from tests.support.dying import PLATFORMS, TAGS, Publishing, dying_project
from tests.support.killing import IsTime, Tally, at_line, at_move, at_request, within_flip
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
MOVES = len(TAGS) * 3


@pytest.fixture
def ground(
    tmp_path: Path,
    registries: Registries,
    warm: WarmPolyarch,
    counted: Counted,
    request: pytest.FixtureRequest,
) -> Iterator[Publishing]:
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    name = request.node.name.removeprefix("test_")
    made = Publishing(project, registries, warm, Tally(what=name, platforms=PLATFORMS))
    made.begin()
    assert all(tags.keys() == set(TAGS) for tags in made.look())
    yield made
    made.tally.tell(counted)


def test_before_each_request_of_the_flip(ground: Publishing):
    at = 1
    while ground.trial(within_flip(at)):
        at += 1
    assert ground.tally.kills == ground.tally.within > 2 * MOVES
    assert ground.tally.steps.keys() >= {"moving", "moved"}
    assert ground.tally.apart > 0


def test_after_each_move_that_nobody_heard_of(ground: Publishing):
    for at in range(1, MOVES + 1):
        assert ground.trial(at_move(at), applied=True)
    assert ground.tally.within == MOVES
    assert 0 < ground.tally.apart < MOVES


def test_at_each_step_of_the_journal_before_the_flip(ground: Publishing):
    """It has begun, and keeps what each tag has."""
    for lines in range(1, 1 + MOVES + 1):
        assert ground.trial(at_line(lines))
    assert {"begin", "frozen"} <= ground.tally.steps.keys()
    assert ground.tally.apart == 0


@pytest.mark.parametrize("seed", [4, pytest.param(None, marks=pytest.mark.long)])
def test_at_random_before_the_flip(ground: Publishing, seed: int | None):
    seed = time.time_ns() if seed is None else seed
    chosen = random.Random(seed)  # noqa: S311 - told when it fails, and no secret
    for _ in range(8):
        at = chosen.randrange(1, 119)
        assert ground.trial(at_request(at)), (seed, at)
    assert ground.tally.apart == 0


def test_when_all_has_moved(ground: Publishing):
    """The last line is in the journal or about to be, and the process still there, or just not."""
    for last in ("moved", "end"):
        ground.revision = ground.renew()
        steps = ground.strike(ground.fresh(), all_moved(last))
        ground.judge(steps)
        ground.converge(ground.run(ground.fresh()), steps)


def all_moved(last: str) -> IsTime:
    return lambda steps: steps.count("moved") == MOVES and last in steps
