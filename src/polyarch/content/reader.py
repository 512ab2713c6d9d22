"""Reading content that proves itself: size and digest are compared before anything is believed."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from polyarch.content.store import Fetcher
from polyarch.errors import (
    BlobUnreadableError,
    DigestMismatchError,
    MalformedManifestError,
    SizeMismatchError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import MAX_MANIFEST_BYTES

CHUNK_BYTES = 1024 * 1024


def proven_chunks(descriptor: Descriptor, content: BinaryIO, store: str) -> Iterator[bytes]:
    """The content in chunks; stops reading one byte after the expected size.

    The last chunk is handed out before the digest is known: use nothing until the iterator ended.

    Raises:
        SizeMismatchError: fewer or more bytes than the descriptor says.
        DigestMismatchError: other bytes.
        BlobUnreadableError: the store fails while it is read.
    """
    checker = hashlib.new(descriptor.digest.algorithm)
    read = 0
    while chunk := _read(content, min(CHUNK_BYTES, descriptor.size - read + 1), descriptor, store):
        read += len(chunk)
        if read > descriptor.size:
            raise SizeMismatchError(str(descriptor.digest), descriptor.size, read, store)
        checker.update(chunk)
        yield chunk
    if read != descriptor.size:
        raise SizeMismatchError(str(descriptor.digest), descriptor.size, read, store)
    if checker.hexdigest() != descriptor.digest.encoded:
        found = f"{descriptor.digest.algorithm}:{checker.hexdigest()}"
        raise DigestMismatchError(str(descriptor.digest), found, store)


def _read(content: BinaryIO, size: int, descriptor: Descriptor, store: str) -> bytes:
    try:
        return content.read(size)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BlobUnreadableError(str(descriptor.digest), store, reason) from error


def read_small(fetcher: Fetcher, descriptor: Descriptor) -> bytes:
    """The whole of a manifest or config, proven; larger content than those may have is refused.

    Raises:
        MalformedManifestError: larger than any manifest may be.
        BlobNotFoundError, SizeMismatchError, DigestMismatchError: as the names say.
    """
    if descriptor.size > MAX_MANIFEST_BYTES:
        raise MalformedManifestError(
            "manifest", f"its descriptor says {descriptor.size} bytes", where=str(descriptor.digest)
        )
    with fetcher.open(descriptor) as content:
        return b"".join(proven_chunks(descriptor, content, str(fetcher)))
