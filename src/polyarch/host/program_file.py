"""What a program's file says of itself: whether it stands alone, and whose it is.

Source: elf(5).
"""

import struct
from pathlib import Path

_INTERPRETER = 3
_WIDE, _BIG = 2, 2
_MOST = 64
"""Entries that are looked at; programs have about ten."""


def is_static(path: Path) -> bool:
    """Whether a program needs no other file; False for what is no program, or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if not head.startswith(b"\x7fELF"):
                return False
            order = ">" if head[5] == _BIG else "<"
            wide = head[4] == _WIDE
            where, size, count = _table(head, order, wide=wide)
            file.seek(where)
            table = file.read(min(count, _MOST) * size)
            kinds = (struct.unpack_from(f"{order}I", table, i * size)[0] for i in range(count))
            return count <= _MOST and _INTERPRETER not in tuple(kinds)
    except (OSError, struct.error, IndexError, ValueError):
        return False


def _table(head: bytes, order: str, *, wide: bool) -> tuple[int, int, int]:
    """Where the program headers are, how large one is, and how many."""
    where: int
    size: int
    count: int
    (where,) = struct.unpack_from(f"{order}Q" if wide else f"{order}I", head, 32 if wide else 28)
    size, count = struct.unpack_from(f"{order}HH", head, 54 if wide else 42)
    return where, size, count


def is_roots_own(path: Path) -> bool:
    """Whether nobody but root can put another program in its place, as far as the file says."""
    try:
        state = path.stat()
    except OSError:
        return False
    return state.st_uid == 0 and not state.st_mode & 0o022
