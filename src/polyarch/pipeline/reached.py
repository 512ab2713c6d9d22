"""The registries that a run writes to: the real ones, or with `--sandbox` stand-ins."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.engines.logins import containers_logins, docker_logins
from polyarch.oci.reference import Repository
from polyarch.pipeline.job import Job
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.rehearsal import Rehearsal, rehearsal
from polyarch.pipeline.sources import OpenRepository
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """`client` lives in the event loop of `runner`; `store` is for synchronous code.

    `stand_ins` are the registries that take the place of the real ones, if they do.
    """

    runner: asyncio.Runner
    client: RegistryClient
    store: OpenRepository
    stand_ins: Rehearsal | None = None

    def name_of(self, repository: Repository) -> str:
        """What other programs of this machine call a repository, wherever it really is."""
        if self.stand_ins is None:
            return str(repository)
        return f"{self.stand_ins.address(repository.registry)}/{repository.path}"

    @contextmanager
    def login(self, environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
        """What other programs need in their environment to read from stand-ins; else nothing.

        Raises:
            StorageError: a file with the login cannot be written.
        """
        logins = self.stand_ins.logins if self.stand_ins else ()
        with (
            docker_logins(logins, environment) as docker,
            containers_logins(logins, environment) as containers,
        ):
            yield {**docker, **containers}


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
        stand_ins: Rehearsal | None = None
        if work.prepared.ask.sandbox:
            stand_ins = stack.enter_context(rehearsal(repositories, work.world))
            make_client = stand_ins.client
            stores = stack.enter_context(BlockingRegistries(make_client))
        runner = stack.enter_context(asyncio.Runner())
        client = make_client()
        stack.callback(lambda: runner.run(client.close()))
        yield Reached(runner=runner, client=client, store=stores.store, stand_ins=stand_ins)
