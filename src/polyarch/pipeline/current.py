"""What the tags have now, asked of every registry. What cannot be asked is unknown, not absent."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from polyarch.errors import PolyarchError, RegistryError
from polyarch.host.moment import read_time
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import TagReference
from polyarch.pipeline.plan import Current, State
from polyarch.registry.client import RegistryClient

NO_LABELS: Mapping[str, str] = MappingProxyType({})

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


def current_of(
    manifest: ImageManifest | ImageIndex | None, labels: Mapping[str, str] = NO_LABELS
) -> Current:
    """What a tag has that points to this; None for a tag that is not there.

    `labels` of the image count where it has no annotations.
    """
    if manifest is None:
        return Current(state=State.ABSENT)
    told = {**labels, **manifest.annotations}
    return Current(
        state=State.PRESENT,
        digest=manifest.descriptor.digest,
        version=told.get(annotation.VERSION),
        revision=told.get(annotation.REVISION),
        created=read_time(told.get(annotation.CREATED)),
        platforms=manifest.platforms if isinstance(manifest, ImageIndex) else (),
    )


def _reason(error: PolyarchError) -> str:
    status = error.exchange.status if isinstance(error, RegistryError) else None
    told = error.message.partition("\n")[0]
    return f"{status}: {told}" if status else told
