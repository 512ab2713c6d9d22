"""A tar archive read once for its names, then at any place: nothing is ever unpacked to a name.

Hostile archives are refused: names that lead outside, two members of one name, sizes beyond the
file, sparse members, links that lead anywhere but to one other member. What is read is still to be
proven by its digest.
"""

import io
import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from polyarch.content.files import open_regular
from polyarch.content.reader import CHUNK_BYTES
from polyarch.content.tarheader import (
    BLOCK,
    FILES,
    HARD_LINK,
    LONG_LINK,
    LONG_NAME,
    PAX,
    PAX_GLOBAL,
    SPARSE,
    SYMBOLIC_LINK,
    WITHOUT_DATA,
    Header,
    malformed,
    name_in,
    parse_pax,
    pax_size,
)
from polyarch.content.unpacking import unpacked
from polyarch.errors import ArchiveNotFoundError, shorten

MAX_MEMBERS = 200_000
MAX_EXTENSION_BYTES = 1024 * 1024
MAX_NAME = 4096
_ESSENTIAL = frozenset({"path", "size", "linkpath"})


class TarIndex:
    """The members of one archive; use it as a context manager, reading ends with it.

    The file is kept open: whoever replaces it meanwhile changes nothing here.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self.where = where
        self._file = file
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._length = os.fstat(file.fileno()).st_size
        for name, header, start in self._members():
            self._keep(name, header, start)

    @classmethod
    def of(cls, path: Path, spool: Path) -> Self:
        """Open an archive; one that is compressed is unpacked into the folder `spool` first.

        Raises:
            ArchiveNotFoundError: there is no such file.
            MalformedManifestError: it is no archive, or a hostile one.
            StorageError: there is no room to unpack it.
        """
        try:
            file: BinaryIO = open_regular(path)
        except OSError as error:
            raise ArchiveNotFoundError(str(path), error.strerror or str(error)) from error
        try:
            file = unpacked(file, spool, str(path))
            return cls(file, str(path))
        except BaseException:
            file.close()
            raise

    def names(self) -> tuple[str, ...]:
        """All files, in the archive's order."""
        return tuple(self._files)

    def size(self, name: str) -> int | None:
        """The size of a file in bytes, None where there is none of this name."""
        found = self._locate(name)
        return found[1] if found else None

    def open(self, name: str, offset: int = 0) -> BinaryIO | None:
        """A file from `offset` on, or None where there is none of this name; any number at once."""
        found = self._locate(name)
        if found is None:
            return None
        start, size = found
        skip = min(offset, size)
        return io.BufferedReader(
            _Slice(self._file.fileno(), start + skip, size - skip), CHUNK_BYTES
        )

    def read(self, name: str, limit: int) -> bytes | None:
        """A small file whole, None where there is none.

        Raises:
            MalformedManifestError: larger than `limit` bytes.
        """
        size = self.size(name)
        if size is not None and size > limit:
            raise malformed(f"`{name}` in it is larger than {limit} bytes", self.where)
        content = self.open(name)
        if content is None:
            return None
        with content:
            return content.read()

    def close(self) -> None:
        """End reading."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _locate(self, name: str) -> tuple[int, int] | None:
        return self._files.get(name) or self._files.get(self._links.get(name, ""))

    def _keep(self, name: str, header: Header, start: int) -> None:
        is_link = header.kind in {HARD_LINK, SYMBOLIC_LINK}
        if not is_link and (header.kind not in FILES or header.name.endswith("/")):
            return
        if name in self._files or name in self._links:
            raise malformed(f"`{shorten(name)}` stands in it twice", self.where)
        if is_link:
            beside = posixpath.dirname(name) if header.kind == SYMBOLIC_LINK else ""
            # A target that leads out of the archive is no member's name, so it leads nowhere.
            self._links[name] = posixpath.normpath(posixpath.join(beside, header.link))
        else:
            self._files[name] = (start, header.size)

    def _members(self) -> Iterator[tuple[str, Header, int]]:
        """Every member with its clean name and where its content starts."""
        place, count = 0, 0
        extended: dict[str, str] = {}
        while place < self._length:
            header = Header.parse(self._block(place), self.where)
            if header is None:
                return
            count += 1
            if count > MAX_MEMBERS:
                raise malformed(f"it has more than {MAX_MEMBERS} members", self.where)
            place += BLOCK
            if header.kind in {PAX, PAX_GLOBAL, LONG_NAME, LONG_LINK}:
                extended |= self._extension(header, place)
            else:
                header = self._extended(header, extended)
                extended = {}
                if header.kind == SPARSE:
                    raise malformed(
                        "a file in it is sparse: make it without `--sparse`", self.where
                    )
                yield self._clean(header.name), header, place
            length = 0 if header.kind in WITHOUT_DATA else header.size
            if place + length > self._length:
                raise malformed("it is cut off", self.where)
            place += -(-length // BLOCK) * BLOCK
        if place == 0:
            raise malformed("it is empty", self.where)

    def _block(self, place: int) -> bytes:
        block = os.pread(self._file.fileno(), BLOCK, place)
        if len(block) < BLOCK:
            raise malformed("it is cut off", self.where)
        return block

    def _extension(self, header: Header, place: int) -> Mapping[str, str]:
        """What an extension header says of the member that follows."""
        if header.size > MAX_EXTENSION_BYTES:
            raise malformed("an extended header is far too large", self.where)
        data = os.pread(self._file.fileno(), header.size, place)
        if header.kind == LONG_NAME:
            return {"path": name_in(data)}
        if header.kind == LONG_LINK:
            return {"linkpath": name_in(data)}
        found = parse_pax(data, self.where)
        if header.kind == PAX:
            return found
        if _ESSENTIAL.intersection(found) or any(key.startswith("GNU.sparse") for key in found):
            raise malformed("one header gives all members one name or size", self.where)
        return {}

    def _extended(self, header: Header, extended: Mapping[str, str]) -> Header:
        if not extended:
            return header
        sparse = any(key.startswith("GNU.sparse") for key in extended)
        size = extended.get("size")
        return Header(
            name=extended.get("path", header.name),
            kind=SPARSE if sparse else header.kind,
            size=header.size if size is None else pax_size(size, self.where),
            link=extended.get("linkpath", header.link),
        )

    def _clean(self, name: str) -> str:
        parts = name.split("/")
        if len(name) > MAX_NAME:
            raise malformed(f"a name in it is longer than {MAX_NAME} characters", self.where)
        if name.startswith("/") or ".." in parts:
            raise malformed("a name in it leads outside of it", self.where)
        return "/".join(part for part in parts if part not in {"", "."})


class _Slice(io.RawIOBase):
    """A part of an open file, read without moving the file's own place."""

    def __init__(self, handle: int, start: int, size: int) -> None:
        super().__init__()
        self._handle = os.dup(handle)
        self._place = start
        self._end = start + size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer."""
        wanted = min(len(buffer), self._end - self._place)
        data = os.pread(self._handle, wanted, self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        """Let the file go."""
        if not self.closed:
            os.close(self._handle)
        super().close()
