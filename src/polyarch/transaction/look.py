"""What a tag has, and what it is to get: looked at when tags are frozen and right before a move."""

import asyncio
import time

from polyarch.errors import (
    ContentError,
    FewerPlatformsError,
    NothingToKeepError,
    SpecError,
    TagRefusedError,
)
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.edit import with_platforms
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.transaction.destination import Destination
from polyarch.transaction.hold import Hold
from polyarch.transaction.journal import Journal
from polyarch.transaction.values import Labels, TagStatus

Root = ImageIndex | ImageManifest


async def freeze(destination: Destination, journal: Journal) -> None:
    """Keep what each tag points to now, so that it can be put back byte for byte.

    Raises:
        RegistryError: the registry did not say; nothing may move then.
        PublishError: a tag must not move from what stands there.
        StorageError: the journal cannot be written.
    """
    if destination.target.merge:
        destination.base = await _base(destination)
    async with asyncio.TaskGroup() as group:
        for tag in destination.target.tags:
            group.create_task(look(destination, tag, journal))


async def _base(destination: Destination) -> Root | None:
    """What new tags are merged with: the first of this run's tags that stands."""
    heads = await asyncio.gather(*(destination.remote.head(t) for t in destination.target.tags))
    first = next((head for head in heads if head), None)
    return await destination.remote.get_manifest(first.digest) if first else None


async def look(destination: Destination, tag: str, journal: Journal) -> None:
    """Keep what the tag has, and judge it.

    Raises:
        PublishError: it must not move from there.
    """
    destination.looked[tag] = time.monotonic()
    found = await destination.remote.head(tag)
    standing = await _standing(destination, tag, found)
    destination.old[tag] = standing
    wanted = await _wanted(destination, tag, standing)
    destination.wanted[tag] = wanted
    if standing and standing.descriptor.digest == wanted.descriptor.digest:
        destination.status[tag] = TagStatus.UNCHANGED
        return
    await _judge(destination, tag, standing)
    await journal.frozen(destination.target.repository, tag, standing)


async def _standing(destination: Destination, tag: str, found: Descriptor | None) -> Root | None:
    """What stands there; what is ours already is not read again."""
    if found is None:
        return None
    ours = destination.target.aliases.get(tag) or destination.root
    if found.digest == ours.descriptor.digest:
        return ours
    return await destination.remote.known_manifest(found)


async def _judge(destination: Destination, tag: str, standing: Root | None) -> None:
    name = f"{destination.name}:{tag}"
    if not destination.target.fewer and not destination.target.merge:
        _refuse_fewer(destination.wanted[tag], standing, name)
    labels = await _labels(destination, tag, standing)
    holds = await _holds(destination, tag, standing)
    verdict = await asyncio.to_thread(destination.target.guard, tag, standing, labels, holds)
    if verdict.reason:
        destination.reasons[tag] = verdict.reason
    if verdict.may == "keep":
        destination.status[tag] = TagStatus.KEPT
    elif verdict.may == "refuse":
        raise TagRefusedError(name, verdict.reason)


async def _holds(destination: Destination, tag: str, standing: Root | None) -> tuple[Hold, ...]:
    """What keeps this tag where it was put back to."""
    if standing is None or destination.target.holds is None:
        return ()
    digest = standing.descriptor.digest
    found = await destination.target.holds.on(destination.remote, digest, (tag,))
    return tuple(hold for hold in found if hold.tag == tag)


async def _labels(destination: Destination, tag: str, standing: Root | None) -> Labels:
    """What the image under an alias says of itself: its commit stands in its config alone."""
    if tag not in destination.target.aliases or not isinstance(standing, ImageManifest):
        return {}
    try:
        return ImageConfig.parse(await destination.remote.read_blob(standing.config)).labels
    except (ContentError, SpecError):  # whoever made it: an alias is not kept from moving by that
        return {}


def _refuse_fewer(root: Root, standing: Root | None, name: str) -> None:
    """One platform never takes the place of several unless somebody said so."""
    if not isinstance(standing, ImageIndex):
        return
    ours = set(root.platforms) if isinstance(root, ImageIndex) else set()
    lost = [platform for platform in standing.platforms if platform not in ours]
    if len(ours) <= 1 and len(set(standing.platforms)) > 1 and lost:
        raise FewerPlatformsError(name, [str(platform) for platform in lost])


async def _wanted(destination: Destination, tag: str, standing: Root | None) -> Root:
    """What the tag is to point to; with `merge` all that stands there with our platforms in it.

    Raises:
        NothingToKeepError: nothing stands there.
    """
    root = destination.target.aliases.get(tag) or destination.root
    if not destination.target.merge or not isinstance(root, ImageIndex):
        return root
    standing = standing or destination.base
    if standing is None:
        raise NothingToKeepError(f"{destination.name}:{tag}", [str(p) for p in root.platforms])
    if isinstance(standing, ImageManifest):
        standing = await _index_of(destination, standing)
    return with_platforms(standing, root)


async def _index_of(destination: Destination, standing: ImageManifest) -> ImageIndex:
    """An index of the one image that stands there; its config says of which platform it is."""
    raw = await destination.remote.read_blob(standing.config)
    platform = ImageConfig.parse(raw).platform
    return ImageIndex.build([standing.descriptor.with_platform(platform)])
