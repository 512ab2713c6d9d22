"""A layout that is filled while it is read: a blob goes on to readers as it comes in.

Whoever reads sees bytes before their digest is known, and an error in place of the last ones if it
is wrong: as with every store, nothing that was read counts before its end. What is kept is proven.
"""

import io
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import proven_chunks
from polyarch.content.store import Fetcher
from polyarch.errors import BlobUnreadableError, PolyarchError, StorageError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest

WHOLE_BYTES = 1024 * 1024
"""Smaller blobs are fetched before they are handed out: most are manifests and configs."""

_READ_BYTES = 1024 * 1024
_PATIENCE_S = 1.0
"""For a fetch that is given up; its source ends it then."""


class FollowingStore:
    """Reads from `layout`; what it lacks is fetched into it from `source`, once for all readers.

    Close it at the end: what is under way then is given up.
    """

    def __init__(self, layout: LayoutStore, source: Fetcher) -> None:
        self._layout = layout
        self._source = source
        self._guard = threading.Lock()
        self._under_way: dict[Digest, _Arrival] = {}

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on, as far as they are here, then as they come."""
        with self._guard:
            if self._layout.exists(descriptor):
                return self._layout.open(descriptor, offset)
            arrival = self._under_way.get(descriptor.digest)
            if arrival and arrival.error:
                arrival.give_up()
                arrival = None
            if arrival is None:
                arrival = _Arrival(descriptor, self._layout, self._source)
                self._under_way[descriptor.digest] = arrival
                arrival.start()
        if descriptor.size <= WHOLE_BYTES:
            arrival.wait_for(descriptor.size)
            return self._layout.open(descriptor, offset)
        arrival.wait_for(min(offset + 1, descriptor.size))  # what is not there is told at once
        return io.BufferedReader(_Following(arrival, offset), _READ_BYTES)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether it is here or there."""
        return self._layout.exists(descriptor) or self._source.exists(descriptor)

    def close(self) -> None:
        """Give up what is still coming."""
        with self._guard:
            arrivals, self._under_way = list(self._under_way.values()), {}
        for arrival in arrivals:
            arrival.give_up()

    def __str__(self) -> str:
        return str(self._source)


class _Arrival:
    """One blob on its way into the layout; `come` bytes of it can be read."""

    def __init__(self, blob: Descriptor, layout: LayoutStore, source: Fetcher) -> None:
        self.blob = blob
        self.error: PolyarchError | None = None
        self._layout = layout
        self._source = source
        self._news = threading.Condition()
        self._come = 0
        self._done = False
        self._given_up = False
        self._thread = threading.Thread(target=self._fetch, name="arrival", daemon=True)
        try:
            layout.root.mkdir(parents=True, exist_ok=True)
            handle, self._path = tempfile.mkstemp(dir=layout.root, prefix=".arriving-")
        except OSError as error:
            raise StorageError(str(layout.root), error.strerror or str(error)) from error
        self._file = os.fdopen(handle, "w+b", buffering=0)

    def start(self) -> None:
        """Begin to fetch."""
        self._thread.start()

    def wait_for(self, size: int) -> int:
        """Wait until so many bytes have come; the last ones come when all is proven.

        So does the end of an empty blob, which is all that there is to wait for.

        Raises:
            PolyarchError: what came of the fetching.
        """
        with self._news:
            self._news.wait_for(lambda: self._done or self.error or 0 < size <= self._come)
            if self.error:
                raise self.error
            return self.blob.size if self._done else self._come

    def read(self, place: int, size: int) -> bytes:
        """At most `size` bytes from `place` on, at least one unless it has ended."""
        come = self.wait_for(min(place + 1, self.blob.size))
        return os.pread(self._file.fileno(), min(size, come - place), place)

    def give_up(self) -> None:
        """End the fetching, unless it has ended."""
        with self._news:
            self._given_up = True
        self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._file.close()

    def _fetch(self) -> None:
        error: PolyarchError | None = None
        try:
            self._take()
        except PolyarchError as found:
            error = found
        except OSError as found:
            error = StorageError(str(self._layout), found.strerror or str(found))
        except Exception as found:  # noqa: BLE001 - whoever waits must hear of it, and this thread ends
            error = self._unreadable(f"it was ended ({type(found).__name__})")
        with suppress(OSError):
            Path(self._path).unlink(missing_ok=True)
        with self._news:
            self._done = error is None
            self.error = error
            self._news.notify_all()
        if self._given_up:
            self._file.close()

    def _take(self) -> None:
        with self._source.open(self.blob) as content:
            held = b""
            for chunk in proven_chunks(self.blob, content, str(self._source)):
                # The last chunk is shown when the loop has ended, which is when it is proven.
                self._show(held)
                held = chunk
                self._file.write(chunk)
                if self._given_up:
                    raise self._unreadable("nobody waits for it any more")
        target = self._layout.path_of(self.blob.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(self._path).replace(target)

    def _unreadable(self, reason: str) -> BlobUnreadableError:
        return BlobUnreadableError(str(self.blob.digest), str(self._source), reason)

    def _show(self, chunk: bytes) -> None:
        with self._news:
            self._come += len(chunk)
            self._news.notify_all()


class _Following(io.RawIOBase):
    """A blob as one reader sees it."""

    def __init__(self, arrival: _Arrival, place: int) -> None:
        super().__init__()
        self._arrival = arrival
        self._place = place

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some of it, waited for."""
        if self._place >= self._arrival.blob.size:
            return 0
        data = self._arrival.read(self._place, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
