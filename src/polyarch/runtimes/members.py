"""The members of a layer's tar archive, one after the other, each with its content.

Names are as they stand there; nothing of it is believed. Sources: POSIX.1-2017 pax, "ustar
Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarch.content.tarheader import (
    BLOCK,
    SPARSE,
    WITHOUT_DATA,
    Header,
    pax_size,
)
from polyarch.content.tarpieces import EXTENSIONS, TarPieces
from polyarch.errors import LayerDamagedError, MalformedManifestError

_ZEROS = bytes(BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`mode` has the permission bits, and those that change users, as the layer says.

    A sparse file is of kind `SPARSE`; its content is not what the file holds.
    """

    name: str
    kind: bytes
    link: str
    size: int
    mode: int
    uid: int
    gid: int


@dataclass(slots=True)
class Members(TarPieces):
    """Reads an archive as it comes in pieces."""

    _left: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Member]:
        """Each member; what `content` leaves of one is passed over. Reads to the end.

        Raises:
            LayerDamagedError: cut off, or no archive.
        """
        try:
            yield from self._members()
        except MalformedManifestError as error:
            reason = error.message.partition(": ")[2]
            raise LayerDamagedError(f"its tar archive is damaged ({reason})") from error
        for _ in self.pieces:
            pass

    def content(self) -> Iterator[bytes]:
        """What the member that was just handed out holds."""
        while self._left:
            if self._at == len(self._piece):
                self._next()
            part = self._piece[self._at : self._at + self._left]
            self._at += len(part)
            self._left -= len(part)
            yield part

    def _members(self) -> Iterator[Member]:
        extended: dict[str, str] = {}
        while (block := self._block()) is not None and block != _ZEROS:
            header = Header.parse(block, "")
            if header is None:
                return
            if header.kind in EXTENSIONS:
                extended |= self._extension(header)
                continue
            member = _extended(_member(block, header), extended)
            extended = {}
            self._left = 0 if member.kind in WITHOUT_DATA else member.size
            padding = -self._left % BLOCK
            yield member
            for _ in self.content():
                pass
            self._skip(padding)


def _member(block: bytes, header: Header) -> Member:
    return Member(
        name=header.name,
        kind=header.kind,
        link=header.link,
        size=header.size,
        mode=_octal(block[100:108]) & 0o7777,
        uid=_octal(block[108:116]),
        gid=_octal(block[116:124]),
    )


def _extended(member: Member, extended: Mapping[str, str]) -> Member:
    if not extended:
        return member
    sparse = any(key.startswith("GNU.sparse") for key in extended)
    return replace(
        member,
        name=extended.get("path", member.name),
        kind=SPARSE if sparse else member.kind,
        link=extended.get("linkpath", member.link),
        size=pax_size(extended["size"], "") if "size" in extended else member.size,
        uid=_number(extended.get("uid"), member.uid),
        gid=_number(extended.get("gid"), member.gid),
    )


def _number(text: str | None, default: int) -> int:
    fits = text is not None and text.isascii() and text.isdecimal() and len(text) <= 10  # noqa: PLR2004 - digits of 32 bits
    return int(text) if text is not None and fits else default


def _octal(data: bytes) -> int:
    """A number of a header; 0 where it is none, which is the most careful to believe."""
    digits = data.strip(b" \0")
    if data[:1] == b"\x80":
        return int.from_bytes(data[1:], "big")
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else 0
