"""Ctrl-C and SIGTERM within the flip while a registry stalls: an end within seconds, and told.

A registry may stall before it applies what it was sent, or after; it may still answer questions or
nothing at all.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from polyarch.sandbox.manifests import write
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.support.dying import PLATFORMS, Publishing, dying_project
from tests.support.killing import Tally, is_apart, moves_a_tag
from tests.support.tiny_project import Said
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
WITHIN_S = 6.0
SLACK_S = 2.0
PATIENCE_S = 60.0


@dataclass
class Stall:
    """Holds what is sent since the first write of a tag: those writes, or whatever is asked."""

    applied: bool
    mute: bool
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, call: Call) -> Answer | None:
        moves = moves_a_tag(call)
        if self.over.is_set() or not (moves or (self.mute and self.reached.is_set())):
            return None
        if self.applied and moves:
            await write(call)
        self.reached.set()
        await asyncio.to_thread(self.over.wait, PATIENCE_S)
        return HANG_UP


@pytest.fixture
def ground(tmp_path: Path, registries: Registries, warm: WarmPolyarch) -> Iterator[Publishing]:
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    made = Publishing(project, registries, warm, Tally(what="interrupts", platforms=PLATFORMS))
    made.begin()
    yield made
    assert made.tally.neither == []


def interrupted(ground: Publishing, stall: Stall, number: signal.Signals) -> Said:
    """A run of something new that is told to end when the last registry stalls."""
    ground.revision = ground.renew()
    ground.registries[2].quirks = Quirks(on_request=stall)
    life = ground.start(ground.fresh())
    assert stall.reached.wait(PATIENCE_S)
    time.sleep(0.2)  # the others have moved their tags, or some of them
    told = time.monotonic()
    os.kill(life.pid, number)
    said = life.wait()
    took_s = time.monotonic() - told
    stall.over.set()
    ground.behave(Quirks())
    assert said.code == 130, said
    assert "Traceback" not in said.stderr
    assert took_s < WITHIN_S + SLACK_S
    ground.judge(said)
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_not_applied_is_undone_elsewhere(ground: Publishing, number: signal.Signals):
    interrupted(ground, Stall(applied=False, mute=False), number)
    assert ground.one() == ground.old
    ground.converge(ground.run(ground.fresh()), "not applied")


def test_what_was_applied_is_undone_as_well(ground: Publishing):
    said = interrupted(ground, Stall(applied=True, mute=False), signal.SIGTERM)
    assert not is_apart(ground.look()), said
    ground.converge(ground.run(ground.fresh()), "applied")


@pytest.mark.parametrize("applied", [False, True])
def test_who_cannot_be_asked_is_told(ground: Publishing, applied: bool):
    """The others have again what they had; of this one nobody knows."""
    said = interrupted(ground, Stall(applied=applied, mute=True), signal.SIGINT)
    *others, last = ground.look()
    assert {standing.digest for tags in others for standing in tags.values()} == {ground.old}
    host = ground.registries[2].host
    told = [line for line in said.stderr.splitlines() if line.startswith("warning: ")]
    for tag, standing in last.items():
        name = f"`{host}/team/app:{tag}` may show"
        assert standing.digest == ground.old or any(name in line for line in told)
    assert all(host in line for line in told)
    assert told, said
    ground.converge(ground.run(ground.fresh()), "mute")
