"""A few small files of a base image, found in its layers as they stream by: nothing is unpacked.

Layers are read from the top down, and no further than needed. What stands behind a link in the base
is not followed: then it is as if the file were not there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from polyarch.checks.binary import Program
from polyarch.checks.bounds import DEFAULT_BOUNDS
from polyarch.checks.entry import Entry, EntryKind
from polyarch.checks.tarstream import TarStream
from polyarch.content.inflate import unpacked
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import proven_chunks
from polyarch.content.store import Fetcher
from polyarch.content.tarheader import BLOCK, SPARSE, Header
from polyarch.engines.accounts import GROUP, PASSWD
from polyarch.engines.base import Base
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import parse_reference
from polyarch.pipeline.certificates import PLACES
from polyarch.registry.blocking import BlockingRegistries

MAX_BYTES = 1024 * 1024
"""Of a file that is larger, only that it is there is told."""


@dataclass(slots=True)
class _Finder(TarStream):
    """Keeps the content of the wanted files in place of looking into programs."""

    wanted: frozenset[str] = frozenset()
    contents: dict[str, bytes] = field(default_factory=dict)

    def _content(
        self,
        block: bytes,
        header: Header,
        extended: Mapping[str, str],
        stored: int,
        path: str,
    ) -> tuple[Program | None, str]:
        if header.kind == SPARSE:
            return super(_Finder, self)._content(block, header, extended, stored, path)
        if path in self.wanted:
            self.contents[path] = self._peek(stored) if stored <= MAX_BYTES else b""
        self._skip(-(-stored // BLOCK) * BLOCK)
        return None, ""


WANTED = frozenset(str(path).lstrip("/") for path in (PASSWD, GROUP, *PLACES))
"""What says which users and authorities a base knows."""


def files_of_base(base: Base | None, registries: BlockingRegistries) -> dict[str, bytes]:
    """Those of `WANTED` that a base has; none without one.

    Raises:
        ContentError, RegistryError: a layer of it cannot be read.
    """
    if base is None:
        return {}
    here = LayoutStore(base.layout) if base.layout else None

    def store_of(layer: Descriptor) -> Fetcher:
        if here and (here.exists(layer) or not base.repository):
            return here
        return registries.store(parse_reference(base.repository).repository)

    return find_files(store_of, base.manifest.layers, WANTED)


def find_files(
    store_of: Callable[[Descriptor], Fetcher],
    layers: tuple[Descriptor, ...],
    wanted: frozenset[str],
) -> dict[str, bytes]:
    """The wanted files that the image has, by path without a leading slash; links are empty.

    Raises:
        ContentError: a layer is not there, not what its digest says, or beyond all bounds.
        RegistryError: a layer could not be had.
    """
    found: dict[str, bytes] = {}
    open_paths = wanted
    for layer in reversed(layers):
        if not open_paths:
            break
        there, gone = _of_layer(store_of(layer), layer, open_paths)
        found |= there
        open_paths = frozenset(
            path
            for path in open_paths - there.keys()
            if not any(path == each or path.startswith(f"{each}/") or not each for each in gone)
        )
    return found


def _of_layer(
    store: Fetcher, layer: Descriptor, wanted: frozenset[str]
) -> tuple[dict[str, bytes], frozenset[str]]:
    """What a layer has of the files, and what it hides of the layers below."""
    above = frozenset(_parents(wanted))
    found: dict[str, bytes] = {}
    gone: set[str] = set()
    with closing(store.open(layer)) as content:
        chunks = proven_chunks(layer, content, str(store))
        pieces = unpacked(chunks, DEFAULT_BOUNDS.unpacked(layer.size))
        finder = _Finder(pieces, DEFAULT_BOUNDS, wanted=wanted)
        for entry in finder.entries():
            if entry.path in wanted or entry.path in above:
                _note(entry, finder, found, gone, wanted)
    return found, frozenset(gone)


def _note(
    entry: Entry, finder: _Finder, found: dict[str, bytes], gone: set[str], wanted: frozenset[str]
) -> None:
    if entry.kind in {EntryKind.WHITEOUT, EntryKind.OPAQUE}:
        gone.add(entry.path)
    elif entry.path in wanted and entry.kind is not EntryKind.FOLDER:
        found[entry.path] = finder.contents.get(entry.path, b"")
    elif entry.kind is not EntryKind.FOLDER:
        gone.add(entry.path)  # a file or link in a folder's place hides what was in it


def _parents(paths: frozenset[str]) -> Iterator[str]:
    for path in paths:
        parts = path.split("/")
        yield from ("/".join(parts[:count]) for count in range(len(parts)))
