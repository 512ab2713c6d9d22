"""What is known of a destination before the first byte goes there: nothing is changed here."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from polyarch.errors import (
    DeniedError,
    PolyarchError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
)
from polyarch.events import Listener, LoggedIn
from polyarch.oci.descriptor import Descriptor
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.destination import Destination
from polyarch.transaction.stage import Manifests, blobs_of

GIVE_UP_S = 5.0
"""How long a registry is waited for that does not answer to a cancelled upload."""


async def preflight(destination: Destination, manifests: Manifests, listen: Listener) -> None:
    """See that pushes are taken, and what of the image stands there already.

    Raises:
        PublishError: it is known that it cannot take this image.
        RegistryError: the registry will not take pushes there, or did not say what it holds.
    """
    if destination.target.unfit:
        raise destination.target.unfit
    async with asyncio.TaskGroup() as group:
        # First, so that the first token that is asked for is one that may push.
        group.create_task(_knock(destination))
        group.create_task(take_stock(destination, manifests))
    listen(LoggedIn(repository=destination.name))


async def check_push(remote: RemoteRepository) -> None:
    """See an upload opened and cancelled.

    Raises:
        RepositoryNotFoundError: it has to be made first; the hint says how, where that is known.
        RegistryError: the registry will not take pushes there.
    """
    await remote.cancel_upload(await _opened(remote))


async def end_probes(destinations: Sequence[Destination]) -> None:
    """See that the uploads which only tried a login are given up; some registries purge them."""
    probes = [each.probe for each in destinations if each.probe]
    if probes:
        _, late = await asyncio.wait(probes, timeout=GIVE_UP_S)
        for probe in late:
            probe.cancel()


async def _knock(destination: Destination) -> None:
    """Nobody waits for the answer to a cancelled upload: one round trip less before the first."""
    place = await _opened(destination.remote)
    destination.probe = asyncio.create_task(_give_up(destination.remote, place))


async def _give_up(remote: RemoteRepository, place: str) -> None:
    with contextlib.suppress(PolyarchError):
        await remote.cancel_upload(place)


async def _opened(remote: RemoteRepository) -> str:
    """The place of an upload that shows that pushes are taken.

    Raises:
        RegistryError: they are not.
    """
    try:
        return await remote.open_upload()
    except RepositoryNotFoundError as error:
        if command := remote.profile.create_hint(remote.repository):
            error.hint = f"make it first: `{command}`"
        raise
    except (DeniedError, RegistryUnavailableError) as error:
        # AliYun says `denied` of a namespace that is not there, ECR drops the connection
        # (dotnet/sdk-container-builds#424).
        if remote.profile.must_exist and not (error.retryable and error.status):
            command = remote.profile.create_hint(remote.repository)
            error.hint = f"{error.hint}; if it is not there yet, `{command}` makes it"
        raise


async def take_stock(destination: Destination, manifests: Manifests) -> None:
    """Ask for every blob and manifest of the image; what is not there is `lacking`.

    Raises:
        RegistryError: the registry did not say.
    """
    remote = destination.remote

    async def blob(each: Descriptor) -> bool:
        return await remote.blob_exists(each)

    async def manifest(each: Descriptor) -> bool:
        return await remote.head(each.digest) is not None

    async def ask(look: Callable[[Descriptor], Awaitable[bool]], each: Descriptor) -> None:
        try:
            stands = await look(each)
        except DeniedError:
            # Some say 403 of what is missing; whoever may not read at all is told when it is read
            # back.
            stands = False
        if not stands:
            destination.lacking.add(each.digest)

    destination.lacking.clear()
    destination.asked = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for node in manifests.values():
            group.create_task(ask(manifest, node.descriptor))
        for each in blobs_of(manifests):
            group.create_task(ask(blob, each))
