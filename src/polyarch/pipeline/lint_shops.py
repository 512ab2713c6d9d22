"""Where `lint` finds base images: registries, and OCI layouts on disk."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from polyarch.content.entries import choose
from polyarch.content.layout import LayoutStore
from polyarch.content.places import Kind, Place
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import Reference, Repository, TagReference
from polyarch.registry.blocking import BlockingRegistries

T = TypeVar("T")

WITHIN_S = 30.0
"""For one answer of a registry: a look-up is no work that waits."""

MAX_TAGS = 10_000
"""Of one repository; registries list them without any order that helps."""


class Shop(Protocol):
    """A place that has images under names."""

    @property
    def is_local(self) -> bool:
        """Whether reading costs nobody a download."""
        ...

    def store(self, repository: Repository) -> Fetcher:
        """Where the repository's content is read."""
        ...

    def root(self, reference: Reference) -> ImageIndex | ImageManifest:
        """What stands under a reference.

        Raises:
            PolyarchError: nothing does, or nobody can say.
            TimeoutError: no answer in time.
        """
        ...

    def child(self, repository: Repository, child: Descriptor) -> ImageIndex | ImageManifest:
        """A manifest that an index names; raises as `root` does."""
        ...

    def config(self, repository: Repository, manifest: ImageManifest) -> ImageConfig:
        """The config of an image; raises as `root` does."""
        ...

    def tags(self, repository: Repository) -> tuple[str, ...]:
        """Other tags of the repository; raises as `root` does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryShop:
    """The registries that references name."""

    registries: BlockingRegistries

    @property
    def is_local(self) -> bool:
        """No."""
        return False

    def store(self, repository: Repository) -> Fetcher:
        """Its repository's blobs, one stream each."""
        return self.registries.store(repository)

    def root(self, reference: Reference) -> ImageIndex | ImageManifest:
        """Asks for the manifest alone."""
        wanted = reference.tag if isinstance(reference, TagReference) else reference.digest
        remote = self.registries.remote(reference.repository)
        return self._within(remote.get_manifest(wanted))

    def child(self, repository: Repository, child: Descriptor) -> ImageIndex | ImageManifest:
        """The manifest by its digest."""
        return self._within(self.registries.remote(repository).get_manifest(child.digest))

    def config(self, repository: Repository, manifest: ImageManifest) -> ImageConfig:
        """The config's bytes, read."""
        remote = self.registries.remote(repository)
        return ImageConfig.parse(self._within(remote.read_blob(manifest.config)))

    def tags(self, repository: Repository) -> tuple[str, ...]:
        """The registry's list, as far as it is worth reading."""
        return self._within(self.registries.remote(repository).tags(MAX_TAGS))

    def _within(self, work: Coroutine[Any, Any, T]) -> T:
        return self.registries.run(asyncio.wait_for(work, WITHIN_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutShop:
    """An OCI layout whose entries have names, with repository and tag."""

    layout: LayoutStore

    @property
    def is_local(self) -> bool:
        """Yes."""
        return True

    def store(self, repository: Repository) -> Fetcher:
        """The layout itself."""
        del repository  # a layout has one set of blobs
        return self.layout

    def root(self, reference: Reference) -> ImageIndex | ImageManifest:
        """The entry of the name, written in full or short; one of a digest whatever its name."""
        is_tag = isinstance(reference, TagReference)
        place = Place(
            kind=Kind.LAYOUT,
            path=str(self.layout.root),
            tag=str(reference) if is_tag else "",
            digest=None if isinstance(reference, TagReference) else reference.digest,
        )
        found = choose(self.layout.entries(), place)
        return parse_any(read_small(self.layout, found), found.media_type)

    def child(self, repository: Repository, child: Descriptor) -> ImageIndex | ImageManifest:
        """The manifest by its digest."""
        del repository  # a layout has one set of blobs
        return parse_any(read_small(self.layout, child), child.media_type)

    def config(self, repository: Repository, manifest: ImageManifest) -> ImageConfig:
        """The config's bytes, read."""
        del repository
        return ImageConfig.parse(read_small(self.layout, manifest.config))

    def tags(self, repository: Repository) -> tuple[str, ...]:
        """None: a layout is what somebody put there, not what there is."""
        del repository
        return ()
