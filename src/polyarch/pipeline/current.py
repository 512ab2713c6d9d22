"""What the tags have now, asked of every registry. What cannot be asked is unknown, not absent."""

import asyncio
from collections.abc import Iterable

from polyarch.errors import PolyarchError, RegistryError
from polyarch.host.moment import read_time
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import TagReference
from polyarch.pipeline.plan import Current, State
from polyarch.registry.client import RegistryClient

NOT_ASKED = Current(state=State.UNKNOWN, reason="not asked")

CurrentTags = dict[TagReference, Current]


async def ask_current(client: RegistryClient, tags: Iterable[TagReference]) -> CurrentTags:
    """Ask for all tags at once; never raises for a registry that does not answer."""
    wanted = tuple(dict.fromkeys(tags))
    found = await asyncio.gather(*(_ask(client, tag) for tag in wanted))
    return dict(zip(wanted, found, strict=True))


async def _ask(client: RegistryClient, tag: TagReference) -> Current:
    remote = client.repository(tag.repository)
    try:
        head = await remote.head(tag.tag)
        return current_of(await remote.known_manifest(head) if head else None)
    except PolyarchError as error:
        return Current(state=State.UNKNOWN, reason=_reason(error), error=error)


def current_of(manifest: ImageManifest | ImageIndex | None) -> Current:
    """What a tag has that points to this; None for a tag that is not there."""
    if manifest is None:
        return Current(state=State.ABSENT)
    return Current(
        state=State.PRESENT,
        digest=manifest.descriptor.digest,
        version=manifest.annotations.get(annotation.VERSION),
        revision=manifest.annotations.get(annotation.REVISION),
        created=read_time(manifest.annotations.get(annotation.CREATED)),
        platforms=manifest.platforms if isinstance(manifest, ImageIndex) else (),
    )


def _reason(error: PolyarchError) -> str:
    status = error.exchange.status if isinstance(error, RegistryError) else None
    told = error.message.partition("\n")[0]
    return f"{status}: {told}" if status else told
