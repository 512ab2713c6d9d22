"""Locks of a writer that died: they keep nobody out for longer than a lock lives."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from polyarch.events import ignore
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.lock import LIFE_S, TAG, Lock, held
from polyarch.transaction.run import publish
from polyarch.transaction.values import Options, Status, Submission, Target
from tests.support.images import MadeImage, make_index
from tests.support.simulated import loop_clock, simulated

FIRST = make_index(["linux/amd64"], content=b"first")
SECOND = make_index(["linux/arm64"], content=b"second")
SLACK_S = 5.0


async def write_after_a_death(count: int, dead: int) -> float:
    """How long a writer takes for so many registries, in some of which a dead one has the lock."""
    async with AsyncExitStack() as stack:
        registries = [await stack.enter_async_context(SandboxRegistry()) for _ in range(count)]
        client = await stack.enter_async_context(RegistryClient(clock=loop_clock()))
        repositories = [Repository.parse(f"{each.host}/team/app") for each in registries]
        await write(FIRST, client, repositories, merge=False)
        for repository in repositories[count - dead :]:
            await Lock(client.repository(repository), "the dead").take()
        begun = asyncio.get_running_loop().time()
        await write(SECOND, client, repositories, merge=True)
        for repository in repositories:
            assert await held(client.repository(repository)) is None, TAG
        return asyncio.get_running_loop().time() - begun


async def write(
    made: MadeImage, client: RegistryClient, repositories: list[Repository], *, merge: bool
) -> None:
    targets = tuple(Target(repository=each, tags=("1",), merge=merge) for each in repositories)
    submission = Submission(name="app", root=made.index, source=made.store, targets=targets)
    outcomes = await publish([submission], client, ignore, options=Options(owner="the living"))
    assert {each.status for each in outcomes} == {Status.PUBLISHED}


@pytest.mark.parametrize(("count", "dead"), [(1, 1), (3, 3), (5, 2)])
def test_all_that_a_dead_writer_held_lapse_together(count: int, dead: int):
    took_s = simulated(write_after_a_death(count, dead))
    assert LIFE_S <= took_s < LIFE_S + SLACK_S


def test_who_finds_none_does_not_wait():
    assert simulated(write_after_a_death(3, 0)) < SLACK_S
