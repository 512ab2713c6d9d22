"""`kill -9` of an edit, and of many runs in a row: no platform is lost, and no litter piles up."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.lock import TAG as LOCK
from tests.support.counted import Counted
from tests.support.dying import (
    OURS,
    PLATFORMS,
    TAGS,
    Publishing,
    dying_project,
)
from tests.support.killing import Tally, at_line, at_move, within_flip
from tests.support.warm import WarmPolyarch
from tests.support.whole import Standing

Registries = tuple[SandboxRegistry, ...]
MOVES = 3 * len(TAGS)
KEPT, EDITED = PLATFORMS
LIFE_S = 0.5


@dataclass
class Editing(Publishing):
    """One platform is replaced and the other kept, byte for byte."""

    kept: str = ""
    replaced: str = ""

    def begin(self) -> None:
        super().begin()
        self.asked = (*self.asked, "--platform", EDITED, "--keep-others")
        self.constants = {"polyarch.transaction.lock.LIFE_S": LIFE_S}
        self.learn()

    def learn(self) -> None:
        """What stands there before a trial."""
        standing = self.look()[0]["main"]
        self.kept, self.replaced = standing.children[KEPT], standing.children[EDITED]

    def is_new(self, standing: Standing) -> bool:
        children = standing.children
        return children.get(KEPT) == self.kept and children.get(EDITED) != self.replaced

    def locked(self) -> list[bool]:
        """Whether the lock stands, in each registry."""
        return [LOCK in shelf.tags() for shelf in self.shelves]


@pytest.fixture
def editing(
    tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
) -> Iterator[Editing]:
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    made = Editing(project, registries, warm, Tally(what="--keep-others", platforms=PLATFORMS))
    made.begin()
    yield made
    made.tally.tell(counted)


def test_no_platform_is_lost_and_the_lock_lapses(editing: Editing):
    # The locks are tags, too, and written first.
    strikes = [at_line(2), *(at_move(number) for number in (2, 4, 7, MOVES + 3)), within_flip(1)]
    for strike in strikes:
        assert editing.trial(strike)
        assert editing.locked() == [False] * 3
        editing.learn()
    assert 2 * editing.tally.within > editing.tally.kills


def test_a_move_that_nobody_heard_of(editing: Editing):
    for number in (1, 5, MOVES):
        assert editing.trial(at_move(3 + number), applied=True)
        editing.learn()


def test_the_lock_of_the_dead_stands_until_then(editing: Editing):
    editing.revision = editing.renew()
    struck = editing.kill(editing.fresh(), at_move(3 + 4)).struck
    assert editing.locked() == [True] * 3
    editing.judge(struck)
    editing.converge(editing.run(editing.fresh()), struck)


@pytest.mark.parametrize("times", [20, pytest.param(100, marks=pytest.mark.long)])
def test_what_dead_runs_leave_does_not_pile_up(
    tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted, times: int
):
    """Each run has other bytes; half of them die while tags move, the others before."""
    hosts = [each.host for each in registries]
    more = "".join(f'\n[registries."{host}"]\nprofile = "quay"\n' for host in hosts)
    project = dying_project(tmp_path / "project", hosts, more=more)
    tally = Tally(what=f"{times} dead runs in a row", platforms=PLATFORMS)
    ground = Publishing(project, registries, warm, tally)
    ground.begin()
    for number in range(times):
        ground.renew()
        at = at_move(1 + number % MOVES) if number % 2 else at_line(1 + number % MOVES)
        assert ground.kill(ground.fresh(), at).struck
    tally.look(ground.look(), lambda standing: bool(standing.revision), "all have died")
    left = [set(shelf.tags()) for shelf in ground.shelves]
    assert all(tags - set(TAGS) <= OURS for tags in left), left
    assert any(tags - set(TAGS) for tags in left), "what is staged here has a tag"
    ground.revision = ground.renew()
    ground.converge(ground.run(ground.fresh()), "the end")
    left = [set(shelf.tags()) for shelf in ground.shelves]
    assert left == [set(TAGS)] * 3
    tally.tell(counted)
