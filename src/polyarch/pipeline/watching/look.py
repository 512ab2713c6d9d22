"""Looking at what stands in registries: each tag by HEAD, each manifest read once from anywhere.

A digest's bytes are the same everywhere, so they are read where reads count against no quota, and
kept for the next time; the other registries are only asked whether they have them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from polyarch.content.shelf import Shelf
from polyarch.errors import (
    ContentError,
    ManifestNotFoundError,
    PolyarchError,
    RateLimitedError,
    RegistryError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    SpecError,
)
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest, parse_any
from polyarch.oci.reference import Repository
from polyarch.pipeline.watching.view import Root, Sight, View, is_image
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository

T = TypeVar("T")

MOST_CHILDREN = 1000
"""Of one index; no image has as many, and each is several requests."""

_DEPTH = 4
_SAME_ERRORS = 3
"""Different errors of one repository that are told."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """One repository while it is looked at; `is_down`: it is not asked any more."""

    remote: RemoteRepository
    listed: bool = False
    tags: dict[str, Descriptor] = field(default_factory=dict)
    dangling: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    present: set[Digest] = field(default_factory=set)
    asked: set[Digest] = field(default_factory=set)
    absent: set[Digest] = field(default_factory=set)
    lacking: set[Digest] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    errors: dict[str, PolyarchError] = field(default_factory=dict)
    is_down: bool = False

    async def ask(self, work: Callable[[], Awaitable[T]]) -> tuple[T] | None:
        """Ask; None where the registry did not say, which is noted."""
        if self.is_down:
            return None
        try:
            return (await work(),)
        except RegistryError as error:
            self.note(error)
            return None

    def note(self, error: RegistryError) -> None:
        """It did not say something; of one that is out of reach nothing more is asked."""
        if isinstance(error, RegistryUnavailableError | RateLimitedError):
            self.is_down = True
        if len(self.errors) < _SAME_ERRORS:
            self.errors.setdefault(error.message, error)

    def sight(self) -> Sight:
        """What was seen."""
        return Sight(
            repository=self.remote.repository,
            listed=self.listed,
            tags=dict(self.tags),
            dangling=frozenset(self.dangling),
            unsure=frozenset(self.unsure),
            absent=frozenset(self.absent),
            lacking=frozenset(self.lacking),
            broken=dict(self.broken),
            errors=tuple(self.errors.values()),
        )


class Looker:
    """Looks at images with one client; what several of them have in common is asked for once.

    `passed_over` says of tags that they are none of an image. Unless all is looked at as a `whole`,
    nothing below what tags point to is asked for. Use it on the client's loop.
    """

    def __init__(
        self,
        client: RegistryClient,
        shelf: Shelf,
        passed_over: Callable[[str], bool],
        *,
        whole: bool = True,
    ) -> None:
        self._whole = whole
        self._client = client
        self._shelf = shelf
        self._passed_over = passed_over
        self._places: dict[Repository, asyncio.Task[_Place]] = {}
        self._locks: dict[Digest, asyncio.Lock] = {}
        self._manifests: dict[Digest, Root] = {}
        self._configs: dict[Digest, ImageConfig] = {}

    async def look(self, images: Mapping[str, Sequence[Repository]]) -> dict[str, View]:
        """See all tags of images, and all that is below them, in each of their repositories.

        Never raises for a registry: who does not answer is told in the view.
        """
        await asyncio.gather(*(self._look(each) for each in images.values()))
        return {name: await self.view(name, places) for name, places in images.items()}

    async def view(self, image: str, repositories: Sequence[Repository]) -> View:
        """What is known of an image by now."""
        places = await asyncio.gather(*(self._opened(each) for each in repositories))
        return View(
            image=image,
            sights=tuple(place.sight() for place in places),
            manifests=self._manifests,
            configs=self._configs,
        )

    async def _look(self, repositories: Sequence[Repository]) -> None:
        places = await asyncio.gather(*(self._opened(each) for each in repositories))
        holders: dict[Digest, tuple[Descriptor, list[_Place]]] = {}
        for place in places:
            for found in {each.digest: each for each in place.tags.values()}.values():
                holders.setdefault(found.digest, (found, []))[1].append(place)
        await asyncio.gather(*(self._root(found, there) for found, there in holders.values()))

    async def read(self, repositories: Sequence[Repository], wanted: Descriptor) -> Root | None:
        """A manifest by digest, wherever it still is; what is below it is not asked for."""
        places = await asyncio.gather(*(self._opened(each) for each in repositories))
        return await self._read(wanted, places)

    async def config(self, repositories: Sequence[Repository], image: Descriptor) -> None:
        """Let the view of whoever looked have the config of an image, if it can be had."""
        if image.digest in self._configs:
            return
        places = await asyncio.gather(*(self._opened(each) for each in repositories))
        root = await self._read(image, places)
        if not isinstance(root, ImageManifest) or not is_image(root):
            return
        for place in places:
            if root.config.digest in place.lacking or image.digest in place.absent:
                continue
            try:
                got = await place.ask(partial(place.remote.read_blob, root.config))
                if got:
                    self._configs[image.digest] = ImageConfig.parse(got[0], root.config.media_type)
                    return
            except (ContentError, SpecError):
                continue

    async def _opened(self, repository: Repository) -> _Place:
        if repository not in self._places:
            self._places[repository] = asyncio.create_task(self._open(repository))
        return await self._places[repository]

    async def _open(self, repository: Repository) -> _Place:
        place = _Place(remote=self._client.repository(repository))
        got = await place.ask(place.remote.tags)
        if got is None:
            return place
        place.listed = True
        tags = [tag for tag in got[0] if not self._passed_over(tag)]
        await asyncio.gather(*(self._head(place, tag) for tag in tags))
        return place

    async def _head(self, place: _Place, tag: str) -> None:
        try:
            got = await place.ask(lambda: place.remote.head(tag))
        except (SpecError, ContentError) as error:
            place.broken[tag] = error.message.partition("\n")[0]
            return
        if got is None:
            place.unsure.add(tag)
        elif got[0] is None:
            place.dangling.add(tag)
        else:
            place.tags[tag] = got[0]
            place.present.add(got[0].digest)

    async def _root(self, root: Descriptor, places: Sequence[_Place]) -> None:
        node = await self._read(root, places)
        if isinstance(node, ImageManifest) and is_image(node):
            repositories = [place.remote.repository for place in places]
            await asyncio.gather(
                self._below(node, places, 0), self.config(repositories, node.descriptor)
            )
        elif node is not None and is_image(node):
            await self._below(node, places, 0)

    async def _below(self, node: Root, places: Sequence[_Place], depth: int) -> None:
        if not self._whole:
            return
        if isinstance(node, ImageManifest):
            blobs = [each for each in node.blobs if mediatype.is_distributed(each.media_type)]
            await asyncio.gather(*(_see_blob(p, blob) for p in places for blob in blobs))
            return
        children = [each for each in node.manifests if _is_node(each)]
        if depth >= _DEPTH or len(children) > MOST_CHILDREN:
            for place in places:
                place.broken[str(node.descriptor.digest)] = "it is larger than any image's index"
            return
        await asyncio.gather(*(self._child(child, places, depth) for child in children))

    async def _child(self, child: Descriptor, places: Sequence[_Place], depth: int) -> None:
        node = await self._read(child, places)
        seen = (_see_manifest(place, child.digest) for place in places)
        if node is None:
            await asyncio.gather(*seen)
            return
        await asyncio.gather(*seen)
        there = [place for place in places if child.digest not in place.absent]
        await self._below(node, there, depth + 1)

    async def _read(self, wanted: Descriptor, places: Sequence[_Place]) -> Root | None:
        async with self._locks.setdefault(wanted.digest, asyncio.Lock()):
            known = self._manifests.get(wanted.digest) or await self._kept(wanted)
            if known is None:
                known = await self._fetched(wanted, places)
            if known is not None:
                self._manifests[wanted.digest] = known
            return known

    async def _kept(self, wanted: Descriptor) -> Root | None:
        raw = await asyncio.to_thread(self._shelf.get, wanted.digest)
        try:
            return parse_any(raw, wanted.media_type) if raw else None
        except SpecError:
            return None

    async def _fetched(self, wanted: Descriptor, places: Sequence[_Place]) -> Root | None:
        for place in _readers(wanted.digest, places):
            if wanted.digest in place.absent:
                continue
            try:
                got = await place.ask(partial(_present, place, wanted.digest))
            except (SpecError, ContentError) as error:
                place.broken[str(wanted.digest)] = error.message.partition("\n")[0]
                continue
            if got and got[0]:
                await asyncio.to_thread(self._shelf.put, wanted.digest, got[0].raw)
                return got[0]
        return None


async def _present(place: _Place, digest: Digest) -> Root | None:
    """Read a manifest; that it is missing is an answer."""
    try:
        found = await place.remote.get_manifest(digest)
    except (ManifestNotFoundError, RepositoryNotFoundError):
        place.absent.add(digest)
        return None
    place.present.add(digest)
    return found


async def _see_manifest(place: _Place, digest: Digest) -> None:
    if digest in place.present or digest in place.asked or digest in place.absent:
        return
    place.asked.add(digest)
    try:
        got = await place.ask(lambda: place.remote.head(digest))
    except (SpecError, ContentError) as error:
        place.broken[str(digest)] = error.message.partition("\n")[0]
        return
    if got is not None and got[0] is None:
        place.absent.add(digest)


async def _see_blob(place: _Place, blob: Descriptor) -> None:
    if blob.digest in place.asked:
        return
    place.asked.add(blob.digest)
    got = await place.ask(lambda: place.remote.blob_exists(blob))
    if got is not None and not got[0]:
        place.lacking.add(blob.digest)


def _readers(digest: Digest, places: Sequence[_Place]) -> list[_Place]:
    """Registries in the order in which they are asked to send it: free ones first, in turn."""
    free = [place for place in places if not place.remote.profile.metered_reads]
    counted = [place for place in places if place.remote.profile.metered_reads]
    at = int(digest.encoded[:8], 16) % len(free) if free else 0
    return [*free[at:], *free[:at], *counted]


def _is_node(child: Descriptor) -> bool:
    return mediatype.is_index(child.media_type) or mediatype.is_manifest(child.media_type)
