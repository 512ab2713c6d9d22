"""`kill -9` of `prune --apply`: what still has a tag is whole, and the next one ends the work."""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.cli.test_prune import configure
from tests.support.grown import ABOUT_KEPT, KEPT, NAME, OTHER, SHARED, shown, standing, two_indexes
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]

EVERY = (
    pytest.param(7, id="some"),
    pytest.param(1, id="every", marks=pytest.mark.long),
)
"""A run is killed at some of its writes in the short form, at each of them in the long one."""

WRITES = 20
"""Of the three registries together."""


class Executioner:
    """Kills the process right before or after the so manieth write that reaches a registry."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.pid = 0
        self.born = threading.Event()
        self.has_struck = False

    def aim(self, pid: int) -> None:
        self.pid = pid
        self.born.set()

    async def see(self, call: Call) -> Answer | None:
        if call.method not in {"DELETE", "PUT"} or self.has_struck:
            return None
        self.left -= 1
        if self.left >= 0:
            return None
        self.has_struck = True
        await asyncio.to_thread(self.born.wait)
        os.kill(self.pid, signal.SIGKILL)
        return HANG_UP


def likenesses(registries: Registries) -> Sequence[Quirks]:
    return [Quirks(), GHCR, Quirks(referrers=False)][: len(registries)]


def trial(project: TinyProject, registries: Registries, warm: WarmPolyarch, at: int) -> bool:
    """Kill at a write, look, and let another machine end it; gives whether it was killed."""
    grown = two_indexes()
    executioner = Executioner(at)
    for registry, quirks in zip(registries, likenesses(registries), strict=True):
        there = two_indexes()
        if not quirks.referrers:
            there.list_by_tags()
        for tag in shown(registry.storage):
            registry.storage.delete_tag(NAME, tag)
        there.put_into(registry.storage)
        registry.quirks = replace(quirks, on_request=executioner.see)
    shutil.rmtree(project.root / ".polyarch", ignore_errors=True)
    life = warm.start(project, "prune", "--apply")
    executioner.aim(life.pid)
    said = life.wait()
    assert (said.code == -signal.SIGKILL) is executioner.has_struck, said
    for registry in registries:
        tags = shown(registry.storage)
        assert tags["1.0"] == KEPT
        assert grown.below(tags[tag] for tag in ("1.0", "pr-1") if tag in tags) <= standing(
            registry.storage, grown
        )
    shutil.rmtree(project.root / ".polyarch", ignore_errors=True)
    for registry, quirks in zip(registries, likenesses(registries), strict=True):
        registry.quirks = quirks
    assert warm.start(project, "prune", "--apply").wait().code == 0
    for registry in registries:
        assert standing(registry.storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}
        assert shown(registry.storage).keys() <= {"1.0", f"sha256-{KEPT.encoded}"}
    return executioner.has_struck


@pytest.mark.parametrize("every", EVERY)
def test_at_any_write(project: TinyProject, registries: Registries, warm: WarmPolyarch, every: int):
    more = f'[registries."{registries[1].host}"]\nprofile = "ghcr"\n'
    configure(project, [each.host for each in registries], more)
    at = 0
    while trial(project, registries, warm, at):
        at += every
    assert at >= WRITES
