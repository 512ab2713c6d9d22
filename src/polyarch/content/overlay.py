"""A store with a manifest beside it that it does not hold."""

import io
from typing import BinaryIO

from polyarch.content.store import Fetcher
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest


class Overlay:
    """Reads the manifest from memory, all else from the store."""

    def __init__(self, store: Fetcher, manifest: ImageIndex | ImageManifest) -> None:
        self._store = store
        self._manifest = manifest

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        if descriptor.digest == self._manifest.descriptor.digest:
            return io.BytesIO(self._manifest.raw[offset:])
        return self._store.open(descriptor, offset)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether it is here or there."""
        own = descriptor.digest == self._manifest.descriptor.digest
        return own or self._store.exists(descriptor)

    def __str__(self) -> str:
        return str(self._store)
