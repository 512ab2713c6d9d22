"""Every way to publish in front of every habit of a registry, the rule held after every request.

Three registries, the middle one hostile. A tag points to the old complete index or to the new
complete index, never to less; all of them together, or what is apart is told. What is told is
compared with what the storages hold, and a second run in a better world ends where it should.
"""

from pathlib import Path

import pytest

from tests.support.hostile_quirks import (
    REGISTRIES,
    SWITCHES,
    Hostile,
    switches,
)
from tests.support.hostile_scene import Scene
from tests.support.hostile_told import STANDS
from tests.support.hostile_ways import WAYS, Way
from tests.support.simulated import simulated

HOSTILE = {**SWITCHES, **REGISTRIES}

SHORT = {
    **dict.fromkeys(
        SWITCHES, frozenset({"first", "move", "merge", "back-otherwise", "late-otherwise"})
    ),
    **dict.fromkeys(REGISTRIES, frozenset({"move", "back-otherwise"})),
}
"""What of the grid is not left to its long form."""


def cells() -> list[object]:
    """All of the grid."""
    return [
        pytest.param(
            way, hard, id=f"{way}-{hard}", marks=() if way in SHORT[hard] else pytest.mark.long
        )
        for way in WAYS
        for hard in HOSTILE
    ]


async def run_cell(way: Way, hard: Hostile, folder: Path) -> None:
    async with Scene.open(way, hard, folder) as scene:
        outcomes = await scene.run()
        scene.judge(outcomes)
        stands = all(outcome.status in STANDS for outcome in outcomes)
        if hard.passes and not way.blocked:
            assert stands, [str(each.error) for each in outcomes]
        if not stands:
            await scene.converge()


def test_no_switch_is_left_out() -> None:
    told = {name.partition("-")[0] for name in SWITCHES}
    assert [name for name in switches() if name not in told] == []


@pytest.mark.parametrize(("way", "hard"), cells())
def test_the_rule_holds(way: str, hard: str, tmp_path: Path) -> None:
    simulated(run_cell(WAYS[way], HOSTILE[hard], tmp_path))
