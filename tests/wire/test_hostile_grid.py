"""Every way to publish in front of every habit of a registry, the rule held after every request.

Three registries, the middle one hostile. A tag points to the old complete index or to the new
complete index, never to less; all of them together, or what is apart is told. What is told is
compared with what the storages hold, and a second run in a better world ends where it should.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.transaction.values import OnRegistryFailure, Outcome
from tests.support.hostile_quirks import (
    REGISTRIES,
    SWITCHES,
    Hostile,
    switches,
)
from tests.support.hostile_scene import ARM, NEW, OLD, OLD_AMD, Scene, Way, manifest_of
from tests.support.hostile_told import STANDS, is_together, lies
from tests.support.simulated import simulated

TAGS = ("1.2.3", "1.2", "latest")
HOSTILE = {**SWITCHES, **REGISTRIES}


def _single() -> Way:
    [child, _] = NEW.children
    manifest = manifest_of(NEW, child)
    return Way(old=dict.fromkeys(TAGS, OLD_AMD), root=manifest)


def _aliases() -> Way:
    names = ("latest-amd64", "latest-arm64")
    aliases = {n: manifest_of(NEW, c) for n, c in zip(names, NEW.children, strict=True)}
    return Way(
        old={names[0]: OLD_AMD, names[1]: None, "latest": OLD},
        aliases=aliases,
    )


FIRST = Way(old=dict.fromkeys(TAGS))
MOVE = Way(old=dict.fromkeys(TAGS, OLD))
MIXED = Way(old={"1.2.3": None, "1.2": OLD, "latest": NEW})
OTHERWISE = Way(old={"1.2.3": OLD, "1.2": None, "latest": OLD})

WAYS: Mapping[str, Way] = {
    "first": FIRST,
    "move": MOVE,
    "mixed": MIXED,
    "unchanged": Way(old=dict.fromkeys(TAGS, NEW)),
    "merge": replace(MOVE, made=ARM, merge=True),
    "single": _single(),
    "aliases": _aliases(),
    "mounted": replace(MOVE, mounted=True),
    "continue": replace(MOVE, policy=OnRegistryFailure.CONTINUE),
    "left": replace(OTHERWISE, blocked=True, rollback=False),
    "back-first": replace(FIRST, blocked=True),
    "back-move": replace(MOVE, blocked=True),
    "back-otherwise": replace(OTHERWISE, blocked=True),
    "back-aliases": replace(_aliases(), blocked=True),
    "late-first": replace(FIRST, late=True),
    "late-move": replace(MOVE, late=True),
    "late-otherwise": replace(OTHERWISE, late=True),
    "late-continue": replace(OTHERWISE, late=True, policy=OnRegistryFailure.CONTINUE),
    "late-left": replace(OTHERWISE, late=True, rollback=False),
}


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


def run_cell(way: Way, hard: Hostile, folder: Path) -> tuple[Outcome, ...]:
    async def cell() -> tuple[Outcome, ...]:
        scene = Scene(way, hard, folder)
        async with AsyncExitStack() as stack:
            for registry in (*scene.registries, scene.elsewhere):
                await stack.enter_async_context(registry)
            scene.furnish()
            scene.release()
            outcomes = await scene.run()
            broken = list(scene.watch.broken)
            assert scene.watch.looks > len(scene.registries)
            told = [
                lie
                for outcome, watched in zip(outcomes, scene.watched, strict=True)
                for lie in lies(outcome, watched)
            ]
            all_stand = all(outcome.status in STANDS for outcome in outcomes)
            assert broken == []
            assert told == []
            assert is_together(outcomes, scene.watched, way.policy)
            assert all_stand or any(outcome.error for outcome in outcomes), "nobody says why"
            if hard.passes and not way.blocked:
                assert all_stand, [str(each.error) for each in outcomes]
            if not all_stand:
                scene.soften()
                again = await scene.run(fewer=bool(hard.quirks.rival))
                assert all(each.status in STANDS for each in again), again
                assert all(each.is_new for each in scene.watched)
                assert list(scene.watch.broken) == []
            return outcomes

    return simulated(cell())


def test_no_switch_is_left_out() -> None:
    told = {name.partition("-")[0] for name in SWITCHES}
    assert [name for name in switches() if name not in told] == []


@pytest.mark.parametrize(("way", "hard"), cells())
def test_the_rule_holds(way: str, hard: str, tmp_path: Path) -> None:
    run_cell(WAYS[way], HOSTILE[hard], tmp_path)
