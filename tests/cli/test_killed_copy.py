"""`kill -9` of `copy`: the rule that holds for `publish` holds for what exists already."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.counted import Counted
from tests.support.dying import PLATFORMS, TAGS, Copying
from tests.support.killing import Tally, at_line, at_move, at_request, within_flip
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
MOVES = 3 * len(TAGS)
EVERY = (
    pytest.param(3, id="some"),
    pytest.param(1, id="every", marks=pytest.mark.long),
)
"""As for `publish`: a run is killed at some moments in the short form, at each in the long one."""
SEED = 5


@pytest.fixture
def ground(
    tmp_path: Path,
    registries: Registries,
    warm: WarmPolyarch,
    counted: Counted,
    request: pytest.FixtureRequest,
) -> Iterator[Copying]:
    project = TinyProject.make(tmp_path / "project", {}, git=False)
    tally = Tally(what=f"copy, {request.node.name}", platforms=PLATFORMS)
    made = Copying(project, registries, warm, tally)
    made.begin()
    assert all(tags.keys() == set(TAGS) for tags in made.look())
    yield made
    made.tally.tell(counted)


@pytest.mark.parametrize("every", EVERY)
def test_before_each_request_of_the_flip(ground: Copying, every: int):
    at = 1
    while ground.trial(within_flip(at)):
        at += every
    assert ground.tally.kills == ground.tally.within >= 2 * MOVES // every
    assert ground.tally.apart > 0


@pytest.mark.parametrize("every", EVERY)
def test_after_each_move_that_nobody_heard_of(ground: Copying, every: int):
    moves = range(MOVES, 0, -every)
    for at in moves:
        assert ground.trial(at_move(at), applied=True)
    assert ground.tally.within == len(moves)


def test_before_the_flip(ground: Copying):
    assert ground.trial(at_line(1))
    chosen = random.Random(SEED)  # noqa: S311 - no secret
    first = ground.trial(within_flip(1))
    assert first
    for _ in range(5):
        at = chosen.randrange(1, first.number)
        assert ground.trial(at_request(at)), (SEED, at)
