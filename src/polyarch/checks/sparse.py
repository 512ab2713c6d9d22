"""Files with holes in a tar archive: how much is stored, and how much of it begins the file.

Only what stands before the first hole is looked at, which holds the headers of a program.
Source: GNU tar manual, "Storing Sparse Files"; old GNU form, and pax forms 0.1 and 1.0.
"""

from collections.abc import Callable, Mapping

from polyarch.content.tarheader import BLOCK
from polyarch.errors import LayerDamagedError

NAME = "GNU.sparse.name"
MAX_EXTENTS = 65_536

_MAP, _MAJOR = "GNU.sparse.map", "GNU.sparse.major"
_SIZES = ("GNU.sparse.realsize", "GNU.sparse.size")
_EXTENTS_AT, _MORE_AT, _SIZE_AT = 386, 482, 483
_NEXT_MORE_AT = 504
_NUMBER = 12
_MOST_DIGITS = 18

NextBlock = Callable[[], bytes | None]


def of_header(block: bytes, next_block: NextBlock) -> tuple[int, int]:
    """The old form: size of the whole file, and of what begins it; reads the blocks that follow."""
    start = _number(block[_EXTENTS_AT : _EXTENTS_AT + _NUMBER])
    length = _number(block[_EXTENTS_AT + _NUMBER : _EXTENTS_AT + 2 * _NUMBER])
    more, extents = block[_MORE_AT], 0
    while more:
        extents += 1
        following = next_block()
        if following is None or extents > MAX_EXTENTS:
            raise LayerDamagedError("a sparse file in it has no end")
        more = following[_NEXT_MORE_AT]
    size = _number(block[_SIZE_AT : _SIZE_AT + _NUMBER])
    return size, length if start == 0 else 0


def is_listed(extended: Mapping[str, str]) -> bool:
    """Whether an extended header is that of a sparse file."""
    return _MAP in extended or _MAJOR in extended or "GNU.sparse.numblocks" in extended


def of_listing(extended: Mapping[str, str], next_block: NextBlock) -> tuple[int, int, int]:
    """The pax forms: size of the file, of what begins it, and of the list that stands before."""
    size = next((_decimal(extended[key]) for key in _SIZES if key in extended), 0)
    if extended.get(_MAJOR) == "1":
        numbers, taken = _listed_in_blocks(next_block)
    else:
        # Form 0.0 repeats its keys, so that only the last piece is known here: not looked into.
        listed = extended[_MAP].split(",")[:2] if _MAP in extended else []
        numbers, taken = [_decimal(each) for each in listed], 0
    begins = len(numbers) > 1 and numbers[0] == 0
    return size, numbers[1] if begins else 0, taken


def _listed_in_blocks(next_block: NextBlock) -> tuple[list[int], int]:
    """Form 1.0: how many pieces, then offset and size of each, one in a line; the first of them."""
    data = b""
    taken = 0
    lines = wanted = 0
    while lines <= wanted:
        block = next_block()
        if block is None or wanted > 2 * MAX_EXTENTS:
            raise LayerDamagedError("a sparse file in it has no end")
        taken += BLOCK
        data += block if len(data) <= BLOCK else b""
        lines += block.count(b"\n")
        first = data.partition(b"\n")
        wanted = 2 * _decimal(first[0].decode("ascii", "replace")) if first[1] else 0
        if not lines:
            raise LayerDamagedError("the list of a sparse file in it is none")
    return [_decimal(each) for each in data.decode("ascii", "replace").split("\n")[1:3]], taken


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0").decode("ascii", "replace")
    if digits and set(digits) - set("01234567"):
        raise LayerDamagedError("a sparse file in it has a size that is none")
    return int(digits or "0", 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise LayerDamagedError("a sparse file in it has a size that is none")
    return int(text)
