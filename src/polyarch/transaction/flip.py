"""Moving tags: what stood there is kept first, and put back when something fails."""

import asyncio

from polyarch.errors import PolyarchError, TagOvertakenError, TagRefusedError
from polyarch.events import DestinationFailed, Listener, TagMoved
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.transaction.destination import Destination
from polyarch.transaction.values import TagStatus

SETTLE_S = (0.2, 0.5, 1.0, 2.0)
"""How long a registry may go on showing the old tag: some answer from a copy that lags."""


async def freeze(destination: Destination) -> None:
    """Keep what each tag points to now, so that it can be put back byte for byte.

    Raises:
        RegistryError: the registry did not say; nothing may move then.
        TagRefusedError: a tag must not move from what stands there.
    """
    for tag in destination.target.tags:
        await _look(destination, tag)


async def flip(destination: Destination, listen: Listener) -> None:
    """Move the tags in order; the first failure is kept in the destination and ends it."""
    for tag in destination.target.tags:
        try:
            await _move(destination, tag, listen)
        except PolyarchError as error:
            destination.status[tag] = TagStatus.FAILED
            fail(destination, error, listen)
            return


async def _move(destination: Destination, tag: str, listen: Listener) -> None:
    """Move one tag, unless it stands as it should or must not move.

    Somebody else may have moved it since it was frozen; what it has then is judged anew.
    """
    if destination.status.get(tag) is None and await _has_changed(destination, tag):
        await _look(destination, tag)
    if tag not in destination.status:
        await destination.remote.put_manifest(destination.submission.root, tag=tag)
        await _confirm(destination, tag)
        moved = TagStatus.MOVED if destination.old[tag] else TagStatus.CREATED
        destination.status[tag] = moved
    _told(destination, tag, destination.status[tag], listen)


async def _has_changed(destination: Destination, tag: str) -> bool:
    found = await destination.remote.head(tag)
    frozen = destination.old[tag]
    return (found and found.digest) != (frozen and frozen.descriptor.digest)


async def _look(destination: Destination, tag: str) -> None:
    """Keep what the tag has, and judge it.

    Raises:
        TagRefusedError: it must not move from there.
    """
    found = await destination.remote.head(tag)
    standing: ImageIndex | ImageManifest | None = None
    if found:
        standing = await destination.remote.get_manifest(found.digest)
    destination.old[tag] = standing
    if found and found.digest == destination.submission.root.descriptor.digest:
        destination.status[tag] = TagStatus.UNCHANGED
        return
    verdict = await asyncio.to_thread(destination.target.guard, tag, standing)
    if verdict.reason:
        destination.reasons[tag] = verdict.reason
    if verdict.may == "keep":
        destination.status[tag] = TagStatus.KEPT
    elif verdict.may == "refuse":
        raise TagRefusedError(f"{destination.name}:{tag}", verdict.reason)


async def _confirm(destination: Destination, tag: str) -> None:
    for wait_s in (*SETTLE_S, None):
        if await _shows_ours(destination, tag):
            return
        if wait_s is not None:
            await asyncio.sleep(wait_s)
    ours = destination.submission.root.descriptor.digest
    raise TagOvertakenError(f"{destination.name}:{tag}", str(ours))


async def _shows_ours(destination: Destination, tag: str) -> bool:
    found = await destination.remote.head(tag)
    return found is not None and found.digest == destination.submission.root.descriptor.digest


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
    as_it_was = old if status in {TagStatus.RESTORED, TagStatus.KEPT} else None
    listen(
        TagMoved(
            repository=destination.name,
            tag=tag,
            digest=(as_it_was or destination.submission.root).descriptor.digest,
            status=status,
            reason=destination.reasons.get(tag, ""),
        )
    )
