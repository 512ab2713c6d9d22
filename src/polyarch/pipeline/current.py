"""What the tags have now, asked of every registry. What cannot be asked is unknown, not absent."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from polyarch.errors import PolyarchError, RegistryError
from polyarch.host.moment import read_time
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository, TagReference
from polyarch.pipeline.plan import Current, State
from polyarch.registry.client import RegistryClient
from polyarch.transaction.hold import Hold, Holds

T = TypeVar("T")

NO_LABELS: Mapping[str, str] = MappingProxyType({})

NOT_ASKED = Current(state=State.UNKNOWN, reason="not asked")

CurrentTags = dict[TagReference, Current]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tag has, and the bytes of it where they could be read."""

    current: Current
    manifest: ImageManifest | ImageIndex | None = None


Answers = Mapping[TagReference, Answer]


async def ask_tags(
    client: RegistryClient, tags: Iterable[TagReference]
) -> dict[TagReference, Answer]:
    """Ask for all tags at once; never raises for a registry that does not answer."""
    by_repository: dict[Repository, dict[str, None]] = {}
    for tag in tags:
        by_repository.setdefault(tag.repository, {})[tag.tag] = None
    found: dict[TagReference, Answer] = {}
    for each in await asyncio.gather(
        *(_ask(client, repository, tuple(names)) for repository, names in by_repository.items())
    ):
        found.update(each)
    return found


async def _ask(
    client: RegistryClient, repository: Repository, tags: Sequence[str]
) -> dict[TagReference, Answer]:
    """The tags of one repository; what several of them point to is read once."""
    remote = client.repository(repository)
    heads = await asyncio.gather(*(_told(remote.head(tag)) for tag in tags))
    distinct = {head.digest: head for head in heads if isinstance(head, Descriptor)}
    read = await asyncio.gather(*(_told(remote.known_manifest(each)) for each in distinct.values()))
    manifests = dict(zip(distinct, read, strict=True))
    return {
        repository.tag(tag): _answer(
            manifests[head.digest] if isinstance(head, Descriptor) else head
        )
        for tag, head in zip(tags, heads, strict=True)
    }


async def _told(asked: Awaitable[T]) -> T | PolyarchError:
    try:
        return await asked
    except PolyarchError as error:
        return error


def _answer(found: ImageManifest | ImageIndex | PolyarchError | None) -> Answer:
    if isinstance(found, PolyarchError):
        unknown = Current(state=State.UNKNOWN, reason=_reason(found), error=found)
        return Answer(current=unknown)
    return Answer(current=current_of(found), manifest=found)


def current_of(
    manifest: ImageManifest | ImageIndex | None,
    labels: Mapping[str, str] = NO_LABELS,
    holds: Sequence[Hold] = (),
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
        holds=tuple(holds),
    )


async def with_holds(client: RegistryClient, current: CurrentTags, holds: Holds) -> CurrentTags:
    """The same with what keeps tags where they were put back to; who does not say it is unknown."""
    there: dict[tuple[Repository, Digest], set[str]] = {}
    for tag, found in current.items():
        if found.digest:
            there.setdefault((tag.repository, found.digest), set()).add(tag.tag)

    async def one(tag: TagReference, found: Current) -> Current:
        if found.digest is None:
            return found
        tags = there[tag.repository, found.digest]
        try:
            held = await holds.on(client.repository(tag.repository), found.digest, tags)
        except PolyarchError as error:
            return Current(state=State.UNKNOWN, reason=_reason(error), error=error)
        return replace(found, holds=tuple(hold for hold in held if hold.tag == tag.tag))

    asked = (one(tag, found) for tag, found in current.items())
    return dict(zip(current, await asyncio.gather(*asked), strict=True))


def _reason(error: PolyarchError) -> str:
    status = error.exchange.status if isinstance(error, RegistryError) else None
    told = error.message.partition("\n")[0]
    return f"{status}: {told}" if status else told


async def ask_current(client: RegistryClient, tags: Iterable[TagReference]) -> CurrentTags:
    """What each tag has."""
    return {tag: answer.current for tag, answer in (await ask_tags(client, tags)).items()}
