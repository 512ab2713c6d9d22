"""One entry of a layer, as far as a check needs it."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from polyarch.checks.binary import Program


class EntryKind(IntEnum):
    """What an entry does to the tree."""

    FILE = 0
    FOLDER = 1
    SYMBOLIC_LINK = 2
    HARD_LINK = 3
    DEVICE = 4
    PIPE = 5
    WHITEOUT = 6
    OPAQUE = 7


class Entry(NamedTuple):
    """A named tuple, as a layer may have a million: half again as fast to make as a dataclass.

    `path` is clean: no leading slash, no empty parts, no `.` and `..`; that of a whiteout names
    what it removes, of an opaque mark the folder. `link` is a symbolic link's target as it stands
    there, or the path of what a hard link leads to. `text` is a script's first line, or the content
    of a file that tells where libraries are.
    """

    path: str
    kind: EntryKind
    mode: int = 0
    link: str = ""
    program: Program | None = None
    text: str = ""


RUN_BITS = 0o111

KINDS: Mapping[bytes, EntryKind] = {
    b"1": EntryKind.HARD_LINK,
    b"2": EntryKind.SYMBOLIC_LINK,
    b"3": EntryKind.DEVICE,
    b"4": EntryKind.DEVICE,
    b"5": EntryKind.FOLDER,
    b"6": EntryKind.PIPE,
}
"""By tar's type flag; every other one is a file (POSIX.1-2017, "ustar Interchange Format")."""
