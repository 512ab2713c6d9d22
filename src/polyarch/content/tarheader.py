"""One header of a tar archive, read by ourselves: bounded, and nothing of it is believed.

Python's own reader takes extension headers of any size into memory and follows what they say.
Sources: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual,
"Basic Tar Format".
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from polyarch.errors import MalformedManifestError

BLOCK = 512
_CHECKSUM = slice(148, 156)
_ADLER = 65521
_BASE_256 = 0x80
_FAR = 1 << 62
_MOST_DIGITS = 18
_OCTAL = frozenset(b"01234567")
_DECIMAL = frozenset(b"0123456789")

FILES = frozenset({b"0", b"\0", b"7"})
HARD_LINK, SYMBOLIC_LINK = b"1", b"2"
WITHOUT_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Links, devices, folders and pipes: their size says nothing of what follows."""
PAX, PAX_GLOBAL = b"x", b"g"
LONG_NAME, LONG_LINK = b"L", b"K"
SPARSE = b"S"


def malformed(reason: str, where: str) -> MalformedManifestError:
    """The error for an archive that is damaged or hostile."""
    return MalformedManifestError("tar archive", reason, where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`size` is in bytes and never negative; names are as they stand there."""

    name: str
    kind: bytes
    size: int
    link: str

    @classmethod
    def parse(cls, block: bytes, where: str) -> Self | None:
        """Read a block of 512 bytes; None for the zeros at an archive's end.

        Raises:
            MalformedManifestError: it is no header.
        """
        if not any(block):
            return None
        checksum = block[_CHECKSUM]
        # Adler-32 has the sum of all bytes in its lower half, and is not computed in Python.
        summed = (zlib.adler32(block, 0) & 0xFFFF) - sum(checksum) + 8 * ord(" ")
        told = _octal(checksum)
        if told is None or (told - summed) % _ADLER:
            raise malformed("a header's checksum is wrong", where)
        name = _text(block[:100])
        if block[345] and block[257:263] == b"ustar\0":
            name = f"{_text(block[345:500])}/{name}"
        return cls(
            name=name,
            kind=block[156:157],
            size=_number(block[124:136], where),
            link=_text(block[157:257]) if block[157] else "",
        )


def parse_pax(data: bytes, where: str) -> Mapping[str, str]:
    """The records of an extended header: `length key=value` and a line's end each.

    Raises:
        MalformedManifestError: a length is wrong.
    """
    found: dict[str, str] = {}
    place = 0
    while place < len(data) and data[place] != 0:
        space = data.find(b" ", place, place + 20)
        digits = data[place:space]
        if space < 0 or not digits or not _DECIMAL.issuperset(digits):
            raise malformed("an extended header is damaged", where)
        end = place + int(digits)
        record = data[space + 1 : end]
        if end > len(data) or end <= space + 1 or not record.endswith(b"\n"):
            raise malformed("an extended header is damaged", where)
        key, _, value = record[:-1].partition(b"=")
        found[_decode(key)] = _decode(value)
        place = end
    return found


def pax_size(text: str, where: str) -> int:
    """The size that an extended header gives.

    Raises:
        MalformedManifestError: it is no number that a size can be.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise malformed("a size is no number", where)
    return int(text)


def name_in(data: bytes) -> str:
    """The name that a GNU long-name header holds."""
    return _text(data)


def _number(field: bytes, where: str) -> int:
    number = int.from_bytes(field[1:], "big") if field[0] == _BASE_256 else _octal(field)
    if number is None:
        raise malformed("a number in a header is none", where)
    if number > _FAR:
        raise malformed("a size is beyond all bounds", where)
    return number


def _octal(field: bytes) -> int | None:
    digits = field.strip(b" \0")
    return int(digits or b"0", 8) if _OCTAL.issuperset(digits) else None


def _text(field: bytes) -> str:
    return _decode(field.partition(b"\0")[0])


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
