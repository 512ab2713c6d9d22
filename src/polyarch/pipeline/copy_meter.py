"""What a copy brings to a place of this machine, counted while it is read."""

import io
import time
from typing import TYPE_CHECKING, BinaryIO

from polyarch.content.graph import walk
from polyarch.content.store import Fetcher
from polyarch.events import BlobProgress, BlobStored, Listener, Staged
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.transaction.values import Traffic

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_READ_BYTES = 1 << 20


class Meter:
    """Counts the blobs of one image on their way to one place; a fetcher in front of `store`."""

    def __init__(self, place: str, store: Fetcher, listen: Listener) -> None:
        self._place = place
        self._store = store
        self._listen = listen
        self._begun: float | None = None
        self._read: dict[Digest, int] = {}
        self.traffic = Traffic()

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """As the store gives it; bytes of blobs are told as they are read."""
        if self._begun is None:
            self._begun = time.monotonic()
        content = self._store.open(descriptor, offset)
        if not _is_blob(descriptor):
            return content
        return io.BufferedReader(_Counted(content, self, descriptor, offset), _READ_BYTES)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the store has it."""
        return self._store.exists(descriptor)

    def took(self, descriptor: Descriptor, read: int) -> None:
        """So many bytes of a blob have been read, counted from its first."""
        before = self._read.get(descriptor.digest, 0)
        self._read[descriptor.digest] = max(before, read)
        if before >= descriptor.size:  # some forms of archive need two looks
            return
        self._listen(BlobProgress(repository=self._place, descriptor=descriptor, sent=read))
        if read == descriptor.size:
            self._listen(BlobStored(repository=self._place, descriptor=descriptor, how="uploaded"))

    def end(self, root: Descriptor, *, keeps: bool) -> None:
        """All is there; what was not read of `root` stood there, in a place that `keeps` things.

        Raises:
            ContentError: a manifest cannot be read.
        """
        blobs = {node.digest: node.size for node in walk(self._store, root) if _is_blob(node)}
        uploaded = sum(self._read.values())
        present = sum(size for digest, size in blobs.items() if digest not in self._read)
        self.traffic = Traffic(uploaded=uploaded, present=present if keeps else 0)
        self._listen(
            Staged(
                repository=self._place,
                uploaded=uploaded,
                mounted=0,
                present=self.traffic.present,
                seconds=time.monotonic() - self._begun if self._begun else 0.0,
            )
        )


def _is_blob(node: Descriptor) -> bool:
    return not (mediatype.is_index(node.media_type) or mediatype.is_manifest(node.media_type))


class _Counted(io.RawIOBase):
    """A stream that tells how far it has been read."""

    def __init__(self, content: BinaryIO, meter: Meter, blob: Descriptor, offset: int) -> None:
        self._content = content
        self._meter = meter
        self._blob = blob
        self._at = offset

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read, and tell of it."""
        view = memoryview(buffer).cast("B")
        data = self._content.read(len(view))
        view[: len(data)] = data
        self._at += len(data)
        if data:
            self._meter.took(self._blob, self._at)
        return len(data)

    def close(self) -> None:
        """Close what is read, too."""
        if not self.closed:
            self._content.close()
        super().close()
