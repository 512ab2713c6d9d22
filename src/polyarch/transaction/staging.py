"""Staging alone: parts are brought to repositories by digest, and no tag moves or is made.

Whoever dies here leaves nothing that a tag shows; what was sent is found there by the next run.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed, Listener, LoggedIn
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import fail, first_of
from polyarch.transaction.preflight import check_push, take_stock
from polyarch.transaction.stage import Manifests, read_back, read_manifests, stage
from polyarch.transaction.supply import Supply
from polyarch.transaction.values import OnRegistryFailure, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One submission at one repository: whether it stands there whole, or why not.

    Without `error` and not `held` it was never sent, because something else failed before.
    """

    name: str
    repository: Repository
    digest: Digest
    held: bool
    error: PolyarchError | None = None


async def stage_only(
    submissions: Sequence[Submission],
    client: RegistryClient,
    listen: Listener,
    *,
    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT,
) -> tuple[Staged, ...]:
    """Let the repository of every target hold its submission; tags of targets are not looked at.

    With `abort` nothing is sent anywhere when one repository takes no pushes. Returns one value per
    submission and target, in the order asked; a refusal is a value, not an exception.

    Raises:
        ContentError, SpecError: what was to be staged is not whole; nothing was sent.
    """
    manifests = [
        await asyncio.to_thread(read_manifests, each.root, each.source) for each in submissions
    ]
    tasks = [
        (Destination(submission=s, target=t, remote=client.repository(t.repository)), below)
        for s, below in zip(submissions, manifests, strict=True)
        for t in s.targets
    ]
    destinations = [destination for destination, _ in tasks]
    refused = await check_pushes([d.target.repository for d in destinations], client, listen)
    for destination in destinations:
        destination.error = refused.get(destination.target.repository)
    held: set[int] = set()
    if not refused or on_failure is OnRegistryFailure.CONTINUE:
        by_repository: dict[Repository, list[tuple[Destination, Manifests]]] = {}
        for task in tasks:
            if task[0].error is None:
                by_repository.setdefault(task[0].target.repository, []).append(task)
        with contextlib.closing(Supply()) as supply:
            fills = (_fill(each, held, listen, supply) for each in by_repository.values())
            await asyncio.gather(*fills)
    return tuple(_told(destination, held) for destination in destinations)


async def check_pushes(
    repositories: Sequence[Repository], client: RegistryClient, listen: Listener
) -> Mapping[Repository, PolyarchError]:
    """Ask each repository once whether it takes pushes; gives what those say that do not."""
    refused: dict[Repository, PolyarchError] = {}

    async def one(repository: Repository) -> None:
        try:
            await check_push(client.repository(repository))
        except PolyarchError as error:
            refused[repository] = error
            listen(DestinationFailed(repository=str(repository), reason=error.message))
        else:
            listen(LoggedIn(repository=str(repository)))

    await asyncio.gather(*(one(repository) for repository in dict.fromkeys(repositories)))
    return refused


async def _fill(
    tasks: Sequence[tuple[Destination, Manifests]],
    held: set[int],
    listen: Listener,
    supply: Supply,
) -> None:
    """Bring all that one repository gets there, one after another: they share layers.

    The first failure ends it: a registry that is down is not waited for once per part.
    """
    for destination, manifests in tasks:
        try:
            await take_stock(destination, manifests)
            await stage(destination, manifests, listen, supply=supply)
            await read_back(destination, manifests)
        except* PolyarchError as group:
            fail(destination, first_of(group), listen)
        if destination.error:
            return
        held.add(id(destination))


def _told(destination: Destination, held: set[int]) -> Staged:
    return Staged(
        name=destination.submission.name,
        repository=destination.target.repository,
        digest=destination.submission.root.descriptor.digest,
        held=id(destination) in held,
        error=destination.error,
    )
