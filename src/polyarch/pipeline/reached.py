"""The registries that a run writes to: the real ones, or with `--sandbox` stand-ins."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.oci.reference import Repository
from polyarch.pipeline.job import Job
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.rehearsal import rehearsal
from polyarch.pipeline.sources import OpenRepository
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """`client` lives in the event loop of `runner`; `store` is for synchronous code."""

    runner: asyncio.Runner
    client: RegistryClient
    store: OpenRepository


def places_of(project: Project, image: ImagePlan) -> tuple[Repository, ...]:
    """Every repository that may hold something of an image: its own, and where parts are staged."""
    staged = project.publish.stage_repository(image.name)
    own = [destination.repository for destination in image.destinations]
    return tuple(dict.fromkeys([*own, *([staged] if staged else [])]))


@contextmanager
def reached(work: Job, repositories: Iterable[Repository]) -> Iterator[Reached]:
    """Reach these repositories until the block ends.

    Raises:
        SandboxBusyError, StorageError: the stand-ins cannot be made.
    """
    with ExitStack() as stack:
        make_client, stores = work.prepared.reach.client, work.registries
        if work.prepared.ask.sandbox:
            make_client = stack.enter_context(rehearsal(repositories, work.world)).client
            stores = stack.enter_context(BlockingRegistries(make_client))
        runner = stack.enter_context(asyncio.Runner())
        client = make_client()
        stack.callback(lambda: runner.run(client.close()))
        yield Reached(runner=runner, client=client, store=stores.store)
