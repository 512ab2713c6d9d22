"""Layers that an archive holds as files, by the digests that they have."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from polyarch.content.reader import CHUNK_BYTES
from polyarch.content.tarindex import TarIndex
from polyarch.errors import BlobNotFoundError, MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest

_GZIP = b"\x1f\x8b"
_KIND = "Docker archive"


class SavedStore:
    """Files of an archive by the digests that they should have, and what was made beside them."""

    def __init__(
        self, tar: TarIndex, files: Mapping[Digest, str], made: Mapping[Digest, bytes]
    ) -> None:
        self._tar = tar
        self._files = files
        self._made = made

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        made = self._made.get(descriptor.digest)
        if made is not None:
            return io.BytesIO(made[offset:])
        found = self._tar.open(self._files.get(descriptor.digest, ""), offset)
        if found is None:
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        return found

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether it is there."""
        return descriptor.digest in self._made or descriptor.digest in self._files

    def __str__(self) -> str:
        return self._tar.where


def layer_of(tar: TarIndex, file: str, diff_id: Digest) -> Descriptor:
    """A layer as it stands in an archive; `diff_id` is its digest without compression.

    Only a compressed one is read here: that of the other is proven by whoever reads it.

    Raises:
        MalformedManifestError: it is absent, damaged or another layer.
    """
    content = tar.open(file)
    if content is None:
        raise _malformed(f"there is no `{file}` in it", tar)
    with content:
        size = tar.size(file) or 0
        if content.read(len(_GZIP)) != _GZIP:
            return Descriptor(media_type=mediatype.OCI_LAYER, digest=diff_id, size=size)
    with tar.open(file) or io.BytesIO() as content:
        packed, plain = _both_digests(content, diff_id.algorithm, tar)
    if plain != diff_id:
        raise _malformed(f"`{file}` in it is not the layer that its config names", tar)
    return Descriptor(media_type=mediatype.OCI_LAYER_GZIP, digest=packed, size=size)


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, content: BinaryIO) -> None:
        super().__init__()
        self._content = content
        self.checker = hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        data = self._content.read(len(buffer))
        self.checker.update(data)
        buffer[: len(data)] = data
        return len(data)


def _both_digests(content: BinaryIO, algorithm: str, tar: TarIndex) -> tuple[Digest, Digest]:
    """The digests of a compressed layer as it stands there, and of what it unpacks to."""
    plain = hashlib.new(algorithm)
    hashing = _Hashing(content)
    try:
        with gzip.GzipFile(fileobj=io.BufferedReader(hashing, CHUNK_BYTES)) as unpacked:
            while chunk := unpacked.read(CHUNK_BYTES):
                plain.update(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise _malformed(f"the compression of a layer is damaged ({error})", tar) from error
    return (
        Digest(algorithm="sha256", encoded=hashing.checker.hexdigest()),
        Digest(algorithm=algorithm, encoded=plain.hexdigest()),
    )


def _malformed(reason: str, tar: TarIndex) -> MalformedManifestError:
    return MalformedManifestError(_KIND, reason, where=tar.where)
