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
from tests.support.killing import IsTime, Tally, at_move, at_request, within_flip
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
MOVES = len(TAGS) * 3
EVERY = (
    pytest.param(3, id="some"),
    pytest.param(1, id="every", marks=pytest.mark.long),
)
"""At which of the moments a run is killed: some in the short form, each in the long one."""


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


@pytest.mark.parametrize("every", EVERY)
def test_before_each_request_of_the_flip(ground: Publishing, every: int):
    at = 1
    while ground.trial(within_flip(at)):
        at += every
    assert ground.tally.kills == ground.tally.within >= 2 * MOVES // every
    # What a registry has heard of is known to the journal a moment later, so few kills may miss it.
    assert ground.tally.steps.keys() >= ({"moving", "moved"} if every == 1 else {"moving"})
    assert ground.tally.apart > 0


@pytest.mark.parametrize("every", EVERY)
def test_after_each_move_that_nobody_heard_of(ground: Publishing, every: int):
    moves = range(MOVES, 0, -every)
    for at in moves:
        assert ground.trial(at_move(at), applied=True)
    assert ground.tally.within == len(moves)
    assert 0 < ground.tally.apart < len(moves)


def test_at_each_line_of_the_journal(ground: Publishing):
    """It has begun, it keeps what each tag has, they move; the process may get one line further."""
    for lines in (1, *range(2, 2 + MOVES, 2), 2 + 2 * MOVES, 1 + 3 * MOVES, 2 + 3 * MOVES):
        ground.revision = ground.renew()
        steps = ground.strike(ground.fresh(), has_lines(lines))
        ground.judge(steps)
        ground.converge(ground.run(ground.fresh()), steps)
        ground.sweep()
    assert ground.tally.steps.keys() >= {"begin", "frozen"}


def has_lines(count: int) -> IsTime:
    return lambda steps: len(steps) >= count


@pytest.mark.parametrize("seed", [4, pytest.param(None, marks=pytest.mark.long)])
def test_at_random_before_the_flip(ground: Publishing, seed: int | None):
    seed = time.time_ns() if seed is None else seed
    chosen = random.Random(seed)  # noqa: S311 - told when it fails, and no secret
    first = ground.trial(within_flip(1))
    assert first
    for _ in range(8):
        at = chosen.randrange(1, first.number)
        assert ground.trial(at_request(at)), (seed, at)
