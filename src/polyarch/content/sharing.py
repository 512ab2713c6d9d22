"""Small content that several stores have in common: fetched once, and asked for in the others.

Registries hold the same manifests and configs under many names. What was read and proven in one of
them need not be fetched again; that another one holds it too is asked, because that is what a check
of it is about.
"""

import io
import threading
from collections import defaultdict
from typing import BinaryIO

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest

SMALL_BYTES = 1024 * 1024
"""Larger content is handed out as it comes: manifests and configs are smaller."""

KEPT_BYTES = 64 * 1024 * 1024
"""In all; what comes later is fetched as often as it is read."""


class SharedReads:
    """What stores have in common; safe in any number of threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)
        self._blobs: dict[Digest, bytes] = {}
        self._stores: dict[str, _Sharing] = {}
        self._kept = 0

    def over(self, store: Fetcher) -> Fetcher:
        """The store, reading through what is known already; the same for stores of one name."""
        with self._guard:
            return self._stores.setdefault(str(store), _Sharing(self, store))

    def lock(self, digest: Digest) -> threading.Lock:
        """Held while the content is fetched."""
        with self._guard:
            return self._locks[digest]

    def get(self, digest: Digest) -> bytes | None:
        """Proven content."""
        return self._blobs.get(digest)

    def keep(self, digest: Digest, blob: bytes) -> None:
        """Proven content, as long as there is room."""
        with self._guard:
            if self._kept + len(blob) <= KEPT_BYTES:
                self._blobs[digest] = blob
                self._kept += len(blob)


class _Sharing:
    """One store among those that share; it remembers what it was asked for."""

    def __init__(self, shared: SharedReads, store: Fetcher) -> None:
        self._shared = shared
        self._store = store
        self._has: dict[Descriptor, bool] = {}
        self._guard = threading.Lock()
        self._asking: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on; small content is proven before it is handed out."""
        if descriptor.size > SMALL_BYTES:
            return self._store.open(descriptor, offset)
        with self._shared.lock(descriptor.digest):
            blob = self._shared.get(descriptor.digest)
            if blob is None:
                blob = read_small(self._store, descriptor)
                self._shared.keep(descriptor.digest, blob)
                self._has[descriptor.bare()] = True
        if not self.exists(descriptor):
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        return io.BytesIO(blob[offset:])

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether this store holds it; asked once."""
        bare = descriptor.bare()
        with self._guard:
            asking = self._asking[descriptor.digest]
        with asking:
            found = self._has.get(bare)
            if found is None:
                found = self._has[bare] = self._store.exists(descriptor)
        return found

    def __str__(self) -> str:
        return str(self._store)
