"""Moving tags: those that stay first, everywhere; then those that move with every release."""

import asyncio
import math
import time
from collections.abc import Sequence

from polyarch.errors import (
    DeniedError,
    ImmutableTagError,
    LoginRefusedError,
    ManifestRefusedError,
    PolyarchError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    TagOvertakenError,
)
from polyarch.events import DestinationFailed, Listener, TagMoved
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.condition import Condition
from polyarch.transaction.destination import Destination
from polyarch.transaction.journal import Journal
from polyarch.transaction.look import look
from polyarch.transaction.settle import SETTLE_S
from polyarch.transaction.values import TagStatus

REFUSALS = (
    DeniedError,
    ImmutableTagError,
    LoginRefusedError,
    ManifestRefusedError,
    RepositoryNotFoundError,
)
"""What a registry says that has not done what it was asked."""

FRESH_S = 0.3
"""How long a look at a tag counts: looking again takes as long on a line of some length."""

TRIES = 8
"""How often a tag is looked at anew because somebody else has written meanwhile."""


async def flip(
    destinations: Sequence[Destination], journal: Journal, listen: Listener, *, stop_early: bool
) -> None:
    """Move the tags of all destinations; the first failure of each is kept in it and ends it.

    With `stop_early` no tag moves any more once one could not.
    """
    for number in (0, 1):
        going = [each for each in destinations if each.error is None]
        if stop_early and len(going) < len(destinations):
            return
        moves = (_round(each, each.rounds[number], journal, listen) for each in going)
        ended = await asyncio.gather(*moves, return_exceptions=True)
        if bugs := [each for each in ended if isinstance(each, BaseException)]:
            raise bugs[0]  # once nothing moves any more


async def _round(
    destination: Destination, tags: Sequence[str], journal: Journal, listen: Listener
) -> None:
    """Some tags of one destination, at once unless its registry mixes that up."""
    one_by_one = destination.remote.profile.serial_tags or destination.target.merge
    limit = asyncio.Semaphore(1 if one_by_one else len(tags) or 1)

    async def one(tag: str) -> None:
        async with limit:
            await _move(destination, tag, journal, listen)

    try:
        async with asyncio.TaskGroup() as group:
            for tag in tags:
                group.create_task(one(tag))
    except* PolyarchError as errors:
        fail(destination, first_of(errors), listen)


async def _move(destination: Destination, tag: str, journal: Journal, listen: Listener) -> None:
    """Move one tag, unless it stands as it should or must not move.

    Somebody else may have moved it since it was frozen; what it has then is judged anew.
    """
    for _ in range(TRIES):
        if destination.status.get(tag) is None and await _is_stale(destination, tag):
            await look(destination, tag, journal)
        if destination.status.get(tag) is not None:
            break
        await journal.moving(
            destination.target.repository, tag, destination.wanted[tag].descriptor.digest
        )
        destination.status[tag] = TagStatus.FAILED  # until it is known to have moved
        if await _put(destination, tag) and await _arrived(destination, tag):
            moved = TagStatus.MOVED if destination.old[tag] else TagStatus.CREATED
            destination.status[tag] = moved
            journal.moved(
                destination.target.repository, tag, destination.wanted[tag].descriptor.digest
            )
            break
        del destination.status[tag]
        destination.looked[tag] = -math.inf  # somebody was quicker
    else:
        destination.status[tag] = TagStatus.FAILED
        raise _overtaken(destination, tag)
    tell(destination, tag, listen)


async def _put(destination: Destination, tag: str) -> bool:
    """Write the tag; False where its registry says that somebody else was first."""
    wanted, old = destination.wanted[tag], destination.old[tag]
    remote = destination.remote

    async def holds() -> bool:
        return not await _has_changed(destination, tag)

    condition = Condition.found(old.descriptor.digest if old else None, holds)
    destination.writes[tag] = False
    try:
        try:
            await remote.put_manifest(wanted, tag=tag, look=False, condition=condition)
        except PreconditionFailedError:
            if await _has_changed(destination, tag):
                del destination.writes[tag]
                return False
            # It has what was asked for: its registry means something else by the condition.
            await remote.put_manifest(wanted, tag=tag, look=False, condition=condition.untold)
    except REFUSALS:
        del destination.writes[tag]
        raise
    destination.writes[tag] = True
    return True


async def _arrived(destination: Destination, tag: str) -> bool:
    """See that the tag shows what was written, and wait while it shows what it had before.

    Raises:
        TagOvertakenError: it shows something else, and that is not to be merged with.
    """
    old = destination.old[tag]
    before = old and old.descriptor.digest
    ours = destination.wanted[tag].descriptor.digest
    for wait_s in (*SETTLE_S, None):
        found = await destination.remote.head(tag)
        if found and found.digest == ours:
            return True
        if (found and found.digest) != before:
            break
        if wait_s is not None:
            await asyncio.sleep(wait_s)
    if not destination.target.merge or tag in destination.target.aliases:
        raise _overtaken(destination, tag)
    standing = await destination.remote.get_manifest(tag)
    return holds(standing, destination.root)


def holds(standing: ImageIndex | ImageManifest, root: ImageIndex | ImageManifest) -> bool:
    """Whether an index has all images of ours: another writer may have merged with them."""
    if not isinstance(standing, ImageIndex) or not isinstance(root, ImageIndex):
        return standing.descriptor.digest == root.descriptor.digest
    there = {child.digest for child in standing.images}
    return all(child.digest in there for child in root.images)


def _overtaken(destination: Destination, tag: str) -> TagOvertakenError:
    digest = destination.wanted[tag].descriptor.digest
    return TagOvertakenError(f"{destination.name}:{tag}", str(digest))


async def _is_stale(destination: Destination, tag: str) -> bool:
    """Whether the tag has to be judged anew; one that was looked at just now has not changed."""
    if time.monotonic() - destination.looked[tag] < FRESH_S:
        return False
    return await _has_changed(destination, tag)


async def _has_changed(destination: Destination, tag: str) -> bool:
    found = await destination.remote.head(tag)
    frozen = destination.old[tag]
    return (found and found.digest) != (frozen and frozen.descriptor.digest)


def fail(destination: Destination, error: PolyarchError, listen: Listener) -> None:
    """Keep why a destination failed, the first reason counts."""
    if destination.error is None:
        destination.error = error
        listen(DestinationFailed(repository=destination.name, reason=error.message))


def first_of(group: BaseExceptionGroup[PolyarchError]) -> PolyarchError:
    """The first of several errors that came at once."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


def tell(destination: Destination, tag: str, listen: Listener) -> None:
    """Say what has become of a tag."""
    status = destination.status[tag]
    old = destination.old[tag]
    as_it_was = old if status in {TagStatus.RESTORED, TagStatus.KEPT} else None
    listen(
        TagMoved(
            repository=destination.name,
            tag=tag,
            digest=(as_it_was or destination.wanted[tag]).descriptor.digest,
            status=status,
            reason=destination.reasons.get(tag, ""),
        )
    )
