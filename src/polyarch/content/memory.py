"""A store in memory, for small content and for tests."""

import io
from typing import BinaryIO

from polyarch.content.reader import proven_chunks
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest


class MemoryStore:
    """Blobs and tags in two dicts."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}
        self._tags: dict[str, Descriptor] = {}

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        blob = self._blobs.get(descriptor.digest)
        if blob is None:
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        return io.BytesIO(blob[offset:])

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether it is there."""
        return descriptor.digest in self._blobs

    def push(self, descriptor: Descriptor, content: BinaryIO) -> None:
        """Keep proven content."""
        if not self.exists(descriptor):
            blob = b"".join(proven_chunks(descriptor, content, str(self)))
            self._blobs[descriptor.digest] = blob

    def add(self, media_type: str, data: bytes) -> Descriptor:
        """Keep bytes at hand and say what they are."""
        descriptor = Descriptor.of(media_type, data)
        self._blobs[descriptor.digest] = data
        return descriptor

    def resolve(self, tag: str) -> Descriptor | None:
        """What the tag points to."""
        return self._tags.get(tag)

    def tag(self, descriptor: Descriptor, tag: str) -> None:
        """Move a tag."""
        if not self.exists(descriptor):
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        self._tags[tag] = descriptor

    def __str__(self) -> str:
        return "memory"
