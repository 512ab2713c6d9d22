"""A layer's archive read as it streams by: what each entry does, and a look into programs.

Nothing is unpacked anywhere. Python's own reader takes extension headers of any size into memory,
and two and a half times as long. Sources: POSIX.1-2017 "pax"; GNU tar manual, "Storing Sparse
Files".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.checks import headers, sparse
from polyarch.checks.binary import Program
from polyarch.checks.bounds import MEBIBYTE, Bounds
from polyarch.checks.entry import KINDS, Entry, EntryKind
from polyarch.checks.listings import MAX_LISTING, listing
from polyarch.checks.names import Oddity, clean_link, entry_of
from polyarch.checks.window import Range, Window
from polyarch.content.tarheader import (
    BLOCK,
    PAX_GLOBAL,
    SPARSE,
    WITHOUT_DATA,
    Header,
    pax_size,
)
from polyarch.content.tarpieces import EXTENSIONS, TarPieces
from polyarch.errors import LayerBoundsError, LayerDamagedError, MalformedManifestError

KEPT_BYTES = 16 * MEBIBYTE
"""Of a program that is linked with others, this much is kept while it streams by."""

MAX_LINE = 256
"""Of a script's first line the kernel reads no more (BINPRM_BUF_SIZE)."""
_ZEROS = bytes(BLOCK)
_MAX_ODDITIES = 100
_LISTINGS = ("etc/ld.so.c", "etc/ld-musl-")
"""Files that tell where libraries are (`ld.so.conf` and its folder, `ld.so.cache`): kept."""


@dataclass(slots=True)
class TarStream(TarPieces):
    """`oddities` are what no honest layer has, filled while `entries` is read."""

    bounds: Bounds
    oddities: list[Oddity] = field(default_factory=list)
    programs: int = 0

    def entries(self) -> Iterator[Entry]:
        """All that the archive does to the tree, in its order; reads the stream to its end.

        Raises:
            LayerDamagedError: cut off, or no archive.
            LayerBoundsError: too many entries.
        """
        try:
            yield from self._entries()
        except MalformedManifestError as error:
            reason = error.message.partition(": ")[2]
            raise LayerDamagedError(f"its tar archive is damaged ({reason})") from error
        for _ in self.pieces:
            pass

    def _entries(self) -> Iterator[Entry]:
        extended: dict[str, str] = {}
        count = 0
        while (block := self._block()) is not None and block != _ZEROS:
            header = Header.parse(block, "")
            if header is None:
                return
            count += 1
            if count > self.bounds.entries:
                raise LayerBoundsError(f"it has more than {self.bounds.entries} entries")
            if header.kind in EXTENSIONS:
                found = self._extension(header)
                extended |= found if header.kind != PAX_GLOBAL else {}
                continue
            entry = self._entry(block, header, extended)
            extended = {}
            if entry is not None:
                yield entry

    def _entry(self, block: bytes, header: Header, extended: Mapping[str, str]) -> Entry | None:
        name, link, size = header.name, header.link, header.size
        if extended:
            name = extended.get(sparse.NAME) or extended.get("path", name)
            link = extended.get("linkpath", link)
            size = pax_size(extended["size"], "") if "size" in extended else size
        kind = KINDS.get(header.kind, EntryKind.FILE)
        if header.kind == b"\0" and name.endswith("/"):
            kind = EntryKind.FOLDER
        # What has no content is told by its flag: a size beside it says nothing of what follows.
        stored = 0 if header.kind in WITHOUT_DATA else size
        entry = entry_of(name, kind, self.bounds, self._tell)
        if entry is None or kind is not EntryKind.FILE or entry.kind is not EntryKind.FILE:
            self._skip(-(-stored // BLOCK) * BLOCK)
            return self._linked(entry, link) if entry else None
        program, text = self._content(block, header, extended, stored, entry.path)
        return Entry(entry.path, kind, _mode(block), "", program, text)

    def _linked(self, entry: Entry, link: str) -> Entry | None:
        if entry.kind is EntryKind.HARD_LINK:
            target = clean_link(entry.path, link, self.bounds, self._tell)
            return entry._replace(link=target) if target is not None else None
        if entry.kind is not EntryKind.SYMBOLIC_LINK:
            return entry
        if len(link) > self.bounds.name:
            self._tell(Oddity("layer-name", entry.path, "its target is longer than any can be"))
            return None
        return entry._replace(link=link)

    def _content(
        self, block: bytes, header: Header, extended: Mapping[str, str], stored: int, path: str
    ) -> tuple[Program | None, str]:
        """Look into a file and pass over it."""
        size, first, left = stored, stored, stored
        if header.kind == SPARSE:
            size, first = sparse.of_header(block, self._block)
        elif extended and sparse.is_listed(extended):
            size, first, taken = sparse.of_listing(extended, self._block)
            left -= taken
        padded = -(-left // BLOCK) * BLOCK
        before = padded
        program, text = None, ""
        held = min(first, left)
        if held > 1:
            self._fill(min(held, 4))
            head = self._piece[self._at : self._at + min(held, 4)]
            if headers.is_program(head):
                program, taken = self._program(size, held)
                before -= taken
            elif head.startswith(headers.SCRIPT):
                text = self._line(held)
            elif path.startswith(_LISTINGS):
                text = listing(path, self._peek(min(held, MAX_LISTING)))
        self._skip(before)
        return program, text

    def _program(self, size: int, held: int) -> tuple[Program | None, int]:
        """Read a file of which `held` bytes come next; returns how many of them were taken."""
        window = Window(size)
        ranges: tuple[Range, ...] | None = None
        place = 0
        while place < held:
            if self._at == len(self._piece):
                self._next()
            view = memoryview(self._piece)[self._at : self._at + held - place]
            if place < KEPT_BYTES or _meets(ranges or (), place, place + len(view)):
                window.add(place, view)
            self._at += len(view)
            place += len(view)
            if ranges is None and headers.HEAD_BYTES <= place < held:
                ranges = tuple(headers.wanted(window))
                if not ranges:
                    break
        program = headers.read_program(window)
        self.programs += program is not None
        return program, place

    def _line(self, held: int) -> str:
        data = self._peek(min(held, MAX_LINE))
        return data.partition(b"\n")[0].decode("utf-8", "surrogateescape")

    def _tell(self, oddity: Oddity) -> None:
        if len(self.oddities) < _MAX_ODDITIES:
            self.oddities.append(oddity)


def _mode(block: bytes) -> int:
    digits = block[100:108].strip(b" \0")
    return int(digits, 8) & 0o7777 if digits.isdigit() and not set(digits) & set(b"89") else 0


def _meets(ranges: tuple[Range, ...], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in ranges)
