"""A layout that fetches what it lacks from elsewhere, once, when it is first read."""

import threading
from collections import defaultdict
from typing import BinaryIO

from polyarch.content.graph import walk
from polyarch.content.layout import LayoutStore
from polyarch.content.store import Fetcher
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest


class FillingStore:
    """Reads from `layout`; what it lacks is copied into it from the first of `others` that has it.

    Any number of readers, in any threads, cause one fetch.
    """

    def __init__(self, layout: LayoutStore, others: tuple[Fetcher, ...]) -> None:
        self._layout = layout
        self._others = others
        self._guard = threading.Lock()
        self._locks: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on, fetched and proven first where they are not here."""
        if not self._layout.exists(descriptor):
            with self._guard:
                lock = self._locks[descriptor.digest]
            with lock:
                self._fetch(descriptor)
        return self._layout.open(descriptor, offset)

    def fill(self, root: Descriptor) -> None:
        """Fetch whatever below `root` is not here, so that other programs can read the layout."""
        for node in walk(self, root):
            if not self._layout.exists(node):
                self.open(node).close()

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether it is here or can be fetched."""
        return self._layout.exists(descriptor) or any(
            other.exists(descriptor) for other in self._others
        )

    def _fetch(self, descriptor: Descriptor) -> None:
        if self._layout.exists(descriptor):
            return
        for other in self._others:
            if other.exists(descriptor):
                with other.open(descriptor) as content:
                    self._layout.push(descriptor, content)
                return
        raise BlobNotFoundError(str(descriptor.digest), str(self))

    def __str__(self) -> str:
        return str(self._layout)
