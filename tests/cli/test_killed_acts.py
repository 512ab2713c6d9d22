"""`kill -9` of `rollback` and `undo` of a group of images: run again, they converge."""

import random
from pathlib import Path

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.counted import Counted
from tests.support.killed_acts import KilledActs
from tests.support.killing import Strike, at_move, at_request
from tests.support.released import Released
from tests.support.tiny_project import github
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
SEED = 9
FEW = pytest.param(2, id="few")
MANY = pytest.param(25, id="many", marks=pytest.mark.long)


@pytest.fixture
def acts(tmp_path: Path, registries: Registries, warm: WarmPolyarch) -> KilledActs:
    """Two versions of three images; the third registry deletes an image with its tag."""
    normal = (Quirks(), Quirks(), GHCR)
    for registry, quirks in zip(registries, normal, strict=True):
        registry.quirks = quirks
    more = f'[registries."{registries[2].host}"]\nprofile = "ghcr"\n'
    released = Released.make(tmp_path / "project", [each.host for each in registries], more=more)
    for version in ("1.2.3", "1.3.0"):
        said = released.release(version)
        assert said.code == 0, said
    return KilledActs(released=released, registries=registries, warm=warm, normal=normal)


def strikes(times: int, requests: int, moves: int) -> list[tuple[Strike, bool]]:
    """After and before random moves of a tag, and at random requests, in turns."""
    chosen = random.Random(SEED)  # noqa: S311 - no secret
    made: list[tuple[Strike, bool]] = []
    while len(made) < times:
        made.append((at_move(chosen.randrange(1, moves)), True))
        made.append((at_request(chosen.randrange(1, requests)), False))
        made.append((at_move(chosen.randrange(1, moves)), False))
    return made[:times]


@pytest.mark.parametrize("times", [FEW, MANY])
def test_rollback_converges_wherever_it_is_killed(acts: KilledActs, times: int, counted: Counted):
    places, versions = [acts.look()], ("1.2.3", "1.3.0")
    whole = acts.kill(acts.fresh(), lambda _: False, "rollback", "@release", "--to", versions[0])
    moves = sum(moment.moves_a_tag for moment in whole.seen)
    places.append(acts.look())
    assert places[0] != places[1]
    for number, (strike, applied) in enumerate(strikes(times, len(whole.seen), moves)):
        words = ("rollback", "@release", "--to", versions[(number + 1) % 2])
        before, after = places[(number + 1) % 2], places[number % 2]
        killed = acts.kill(acts.fresh(), strike, *words, applied=applied)
        acts.judge(before, after, killed.struck)
        again = acts.run(acts.fresh(), *words)
        assert again.code == 0, (killed.struck, again)
        assert acts.look() == after, killed.struck
    counted(f"rollback of 3 images in 3 registries: {acts.kills} kills, all converged")


@pytest.mark.parametrize("times", [FEW, MANY])
def test_undo_of_a_rollback_converges_wherever_it_is_killed(
    acts: KilledActs, times: int, counted: Counted
):
    before = acts.look()
    for strike, applied in strikes(times, 150, 18):
        machine = acts.fresh()
        back = acts.run(machine, "rollback", "@release", "--to", "1.2.3", "--json")
        assert back.code == 0, back
        rolled = acts.look()
        words = ("undo", back.document["run"])
        killed = acts.kill(machine, strike, *words, applied=applied)
        acts.judge(rolled, before, killed.struck)
        again = acts.run(machine, *words)
        assert again.code == 0, (killed.struck, again)
        assert acts.look() == before, killed.struck
    counted(f"undo for 3 images in 3 registries: {acts.kills} kills, all converged")


@pytest.mark.parametrize("times", [pytest.param(1, id="few"), MANY])
def test_undo_of_a_publish_converges_wherever_it_is_killed(
    acts: KilledActs, times: int, counted: Counted
):
    before = acts.look()
    machine = acts.released.project
    for number, (strike, applied) in enumerate(strikes(times, 250, 18)):
        published = acts.released.release(f"1.4.{number}")
        assert published.code == 0, published
        after = acts.look()
        words = ("undo", published.document["run"])
        killed = acts.kill(machine, strike, *words, applied=applied)
        acts.judge(after, before, killed.struck)
        again = acts.run(machine, *words)
        assert again.code == 0, (killed.struck, again)
        assert acts.look() == before, killed.struck
    counted(f"undo of a publish of 3 images in 3 registries: {acts.kills} kills, all converged")


@pytest.mark.parametrize("times", [pytest.param(1, id="few"), MANY])
def test_a_publish_that_was_killed_is_undone(acts: KilledActs, times: int):
    before = acts.look()
    released = acts.released
    for number, (strike, applied) in enumerate(strikes(times, 250, 30)):
        sha = released.commit(f"1.5.{number}")
        more = github("push", f"refs/tags/v1.5.{number}", sha)
        killed = acts.kill(released.project, strike, "publish", applied=applied, more=more)
        if not killed.struck:
            continue
        said = acts.run(released.project, "undo", released.newest_run().name)
        moved = acts.look()
        assert moved == before, (killed.struck, said)
