"""What every act on published images works with: its run, its registries, and whose act it is."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from polyarch.pipeline.reach import Reach
from polyarch.pipeline.recording import recording
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.runs.folder import RunFolder
from polyarch.transaction.hold import Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`client` belongs to `runner`; `registries` give bytes to synchronous code.

    `who` asked for it, and `why` are the words given, both empty where nobody said.
    """

    run: RunFolder
    world: World
    reach: Reach
    runner: asyncio.Runner
    client: RegistryClient
    registries: BlockingRegistries
    holds: Holds
    who: str
    why: str


@contextmanager
def open_desk(reach: Reach, world: World, *, who: str, why: str) -> Iterator[Desk]:
    """Open the run's record and the connections; both are closed when the block ends.

    Raises:
        StorageError: the state folder cannot be written.
    """
    with ExitStack() as stack:
        run, recorded = stack.enter_context(recording(world))
        registries = stack.enter_context(reach.blocking())
        runner = stack.enter_context(asyncio.Runner())
        client = reach.client()
        stack.callback(lambda: runner.run(client.close()))
        yield Desk(
            run=run,
            world=recorded,
            reach=reach,
            runner=runner,
            client=client,
            registries=registries,
            holds=Holds(),
            who=who,
            why=why,
        )
