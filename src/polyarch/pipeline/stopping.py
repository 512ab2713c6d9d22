"""A store whose reading ends where a run is being ended: a layer may be gigabytes."""

import io
from typing import Any, BinaryIO, cast

from polyarch.content.store import Fetcher
from polyarch.host.process import check_not_ending
from polyarch.oci.descriptor import Descriptor


class Stopping:
    """Reads as another store does, until everything is being ended."""

    def __init__(self, store: Fetcher) -> None:
        self._store = store

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on.

        Raises:
            InterruptedByUserError: here or while they are read: everything is being ended.
        """
        check_not_ending()
        return cast("BinaryIO", _Reader(self._store.open(descriptor, offset)))

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the store holds the whole content."""
        return self._store.exists(descriptor)

    def __str__(self) -> str:
        return str(self._store)


class _Reader(io.RawIOBase):
    def __init__(self, content: BinaryIO) -> None:
        super().__init__()
        self._content = content

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        check_not_ending()
        return self._content.read(size)

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._content.close()
        super().close()
