"""One read for all uploads: each stretch of a blob is read once and handed to every registry.

Uploads of one blob that keep pace share what was read last; one that falls far behind reads for
itself, so that no registry waits for a slower one. What is kept in memory is bounded for all blobs
together.
"""

import io
import threading
from collections import OrderedDict
from typing import BinaryIO, cast

from polyarch.content.reader import CHUNK_BYTES
from polyarch.content.store import Fetcher
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.registry.body import Body

KEPT_BYTES = 32 * 1024 * 1024
"""Of all blobs together, however many registries and images there are."""


class Supply:
    """Bodies of blobs whose readers share what is read. Any thread may read."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._guard = threading.Lock()
        self._most = max(1, kept_bytes // CHUNK_BYTES)
        self._kept: OrderedDict[tuple[Digest, int], bytes] = OrderedDict()
        self._sources: dict[Digest, _Source] = {}

    def body(self, source: Fetcher, blob: Descriptor) -> Body:
        """A blob as a body that can be sent any number of times, by several uploads at once."""
        return Body(
            size=blob.size,
            open=lambda offset: cast("BinaryIO", _Shared(self, source, blob, offset)),
            name=str(blob.digest),
        )

    def chunk(self, source: Fetcher, blob: Descriptor, number: int) -> bytes:
        """One aligned stretch of the blob, read once for whoever wants it soon.

        Raises:
            BlobNotFoundError: the source does not hold it.
            OSError: it cannot be read.
        """
        with self._guard:
            reader = self._sources.setdefault(blob.digest, _Source(source, blob))
        with reader.lock:
            key = blob.digest, number
            with self._guard:
                if found := self._kept.get(key):
                    return found
            found = reader.read(number)
            with self._guard:
                self._kept[key] = found
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found

    def done(self, blob: Descriptor) -> None:
        """Close what is open of a blob that everybody has."""
        with self._guard:
            reader = self._sources.pop(blob.digest, None)
            for key in [key for key in self._kept if key[0] == blob.digest]:
                del self._kept[key]
        if reader:
            reader.close()

    def close(self) -> None:
        """Close all sources."""
        for reader in list(self._sources.values()):
            self.done(reader.blob)


class _Source:
    """One open file of a blob, read in order as long as nobody asks for an earlier place."""

    def __init__(self, source: Fetcher, blob: Descriptor) -> None:
        self.blob = blob
        self.lock = threading.Lock()
        self._source = source
        self._file: BinaryIO | None = None
        self._place = 0

    def read(self, number: int) -> bytes:
        """The stretch of this number; the file is opened anew where it is behind or far ahead."""
        if self._file is None or self._place != number:
            self.close()
            self._file = self._source.open(self.blob, number * CHUNK_BYTES)
        self._place = number + 1
        parts: list[bytes] = []
        left = min(CHUNK_BYTES, self.blob.size - number * CHUNK_BYTES)
        while left > 0 and (part := self._file.read(left)):
            parts.append(part)
            left -= len(part)
        if self._place * CHUNK_BYTES >= self.blob.size:
            self.close()  # a run may have thousands of blobs, and an end is read once mostly
        return b"".join(parts)

    def close(self) -> None:
        """Let the file go; it is opened again when somebody reads."""
        if self._file is not None:
            self._file.close()
            self._file = None


class _Shared(io.RawIOBase):
    """A blob as one upload reads it; nothing of its own is open."""

    def __init__(self, supply: Supply, source: Fetcher, blob: Descriptor, offset: int) -> None:
        super().__init__()
        if not 0 <= offset <= blob.size:
            raise BlobNotFoundError(str(blob.digest), f"{source} from byte {offset} on")
        self._supply = supply
        self._source = source
        self._blob = blob
        self._place = offset

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, fewer at the end of a stretch."""
        if self._place >= self._blob.size or size == 0:
            return b""
        number, within = divmod(self._place, CHUNK_BYTES)
        size = CHUNK_BYTES if size < 0 else size
        found = self._supply.chunk(self._source, self._blob, number)[within : within + size]
        self._place += len(found)
        return found
