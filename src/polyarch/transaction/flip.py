"""Moving tags: what stood there is kept first, and put back when something fails."""

import asyncio

from polyarch.errors import PolyarchError, TagOvertakenError
from polyarch.events import DestinationFailed, Listener, TagMoved
from polyarch.transaction.destination import Destination
from polyarch.transaction.values import TagStatus

SETTLE_S = (0.2, 0.5, 1.0, 2.0)
"""How long a registry may go on showing the old tag: some answer from a copy that lags."""


async def freeze(destination: Destination) -> None:
    """Keep what each tag points to now, so that it can be put back byte for byte.

    Raises:
        RegistryError: the registry did not say; nothing may move then.
    """
    ours = destination.submission.index.descriptor.digest
    for tag in destination.target.tags:
        found = await destination.remote.head(tag)
        if found and found.digest == ours:
            destination.status[tag] = TagStatus.UNCHANGED
        destination.old[tag] = (
            await destination.remote.get_manifest(found.digest) if found else None
        )


async def flip(destination: Destination, listen: Listener) -> None:
    """Move the tags in order; the first failure is kept in the destination and ends it."""
    index = destination.submission.index
    for tag in destination.target.tags:
        if destination.status.get(tag) is TagStatus.UNCHANGED:
            _told(destination, tag, TagStatus.UNCHANGED, listen)
            continue
        try:
            await destination.remote.put_manifest(index, tag=tag)
            await _confirm(destination, tag)
        except PolyarchError as error:
            destination.status[tag] = TagStatus.FAILED
            fail(destination, error, listen)
            return
        moved = TagStatus.MOVED if destination.old[tag] else TagStatus.CREATED
        _told(destination, tag, moved, listen)


async def _confirm(destination: Destination, tag: str) -> None:
    for wait_s in (*SETTLE_S, None):
        if await _shows_ours(destination, tag):
            return
        if wait_s is not None:
            await asyncio.sleep(wait_s)
    ours = destination.submission.index.descriptor.digest
    raise TagOvertakenError(f"{destination.name}:{tag}", str(ours))


async def _shows_ours(destination: Destination, tag: str) -> bool:
    found = await destination.remote.head(tag)
    return found is not None and found.digest == destination.submission.index.descriptor.digest


async def roll_back(destination: Destination, listen: Listener) -> None:
    """Put back what stood under each moved tag; what cannot be undone is told as left.

    A tag whose move failed is asked for first: the answer may have been lost and not the move.
    """
    for tag in reversed(destination.flipped):
        old = destination.old[tag]
        try:
            if destination.status[tag] is TagStatus.FAILED and not await _shows_ours(
                destination, tag
            ):
                continue
            if old is None:
                await destination.remote.delete_tag(tag)
            else:
                await destination.remote.put_manifest(old, tag=tag)
        except PolyarchError:
            destination.status[tag] = TagStatus.LEFT
        else:
            _told(destination, tag, TagStatus.RESTORED, listen)


def fail(destination: Destination, error: PolyarchError, listen: Listener) -> None:
    """Keep why a destination failed, the first reason counts."""
    if destination.error is None:
        destination.error = error
        listen(DestinationFailed(repository=destination.name, reason=error.message))


def _told(destination: Destination, tag: str, status: TagStatus, listen: Listener) -> None:
    destination.status[tag] = status
    old = destination.old[tag]
    restored = old.descriptor.digest if status is TagStatus.RESTORED and old else None
    digest = restored or destination.submission.index.descriptor.digest
    listen(TagMoved(repository=destination.name, tag=tag, digest=digest, status=status))
