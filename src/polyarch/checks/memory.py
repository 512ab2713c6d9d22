"""Layers that were read before: platforms share some, and so do the images of a project.

What is remembered is what a layer does to a tree, bound to its digest, and only of layers that were
proven. It lasts as long as this object, or in a folder for longer.
"""

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from polyarch.checks.entry import Entry
from polyarch.checks.names import Oddity
from polyarch.oci.digest import Digest

FORMAT = 1
"""Another one wherever more is read of files, or it is read otherwise."""

MAX_ENTRIES = 250_000
"""Of all layers that are remembered in memory; larger ones are read again."""

_MAX_FILE_BYTES = 64 * 1024 * 1024


class Remembered(NamedTuple):
    """A layer that was read to its end and is what its digest says."""

    entries: tuple[Entry, ...]
    oddities: tuple[Oddity, ...]
    diff_id: str
    unpacked_bytes: int
    programs: int


class LayerMemory:
    """Safe for threads: who asks for a layer that another thread reads waits for that one.

    `folder` keeps it for later runs and other processes; without it, it is gone with the object.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: OrderedDict[Digest, Remembered] = OrderedDict()
        self._entries = 0
        self._lock = threading.Lock()
        self._reading: dict[Digest, threading.Lock] = {}

    @contextmanager
    def reading(self, digest: Digest) -> Iterator[Remembered | None]:
        """What is known of a layer; while the block lasts, nobody else reads it."""
        with self._lock:
            own = self._reading.setdefault(digest, threading.Lock())
        with own:
            yield self._recall(digest)

    def knows(self, digest: Digest) -> bool:
        """Whether an earlier run has kept what it read of a layer; it may prove damaged still."""
        return self._folder is not None and self._file(digest).is_file()

    def keep(self, digest: Digest, layer: Remembered) -> None:
        """Remember a layer, unless it is too large."""
        if len(layer.entries) > MAX_ENTRIES // 2:
            return
        with self._lock:
            self._forget(digest)
            self._kept[digest] = layer
            self._entries += len(layer.entries)
            while self._entries > MAX_ENTRIES:
                self._forget(next(iter(self._kept)))
        if self._folder:
            _write(self._file(digest), layer)

    def _recall(self, digest: Digest) -> Remembered | None:
        with self._lock:
            found = self._kept.get(digest)
            if found:
                self._kept.move_to_end(digest)
                return found
        return _read(self._file(digest)) if self._folder else None

    def _forget(self, digest: Digest) -> None:
        found = self._kept.pop(digest, None)
        self._entries -= len(found.entries) if found else 0

    def _file(self, digest: Digest) -> Path:
        name = f"{digest.algorithm}-{digest.encoded}.{FORMAT}.msgpack"
        return (self._folder or Path()) / name


def _read(path: Path) -> Remembered | None:
    """A file that is none, or of another version, is as good as absent."""
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            return None
        return msgspec.msgpack.decode(path.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _write(path: Path, layer: Remembered) -> None:
    """Whole or not at all; a disk that does not take it costs only the next run's time."""
    with contextlib.suppress(OSError, UnicodeEncodeError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            partial.write_bytes(msgspec.msgpack.encode(layer))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
