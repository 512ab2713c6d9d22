"""What an ELF file is linked with: its loader, the libraries it names and where it looks for them.

Source: the gABI, "Dynamic Section"; glibc's elf.h for DT_FLAGS_1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.checks.window import Window

MAX_DYNAMIC = 1024 * 1024
MAX_NAMES = 1024
MAX_NAME = 4096
_MAX_NAMES_BYTES = 64 * 1024

_NEEDED, _STRING_TABLE, _SONAME, _RPATH, _RUNPATH, _FLAGS_1 = 1, 5, 14, 15, 29, 0x6FFFFFFB
_PIE = 0x08000000

Loads = Sequence[tuple[int, int, int]]
"""Address, offset and size of each part that is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """`complete` is false where some of it lies in parts that are not at hand."""

    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    is_pie: bool = False
    complete: bool = True
    damage: str = ""


def read_links(
    window: Window,
    entry: struct.Struct,
    *,
    interpreter: tuple[int, int] | None,
    dynamic: tuple[int, int] | None,
    loads: Loads,
) -> Links:
    """Read both segments; `entry` is how an entry of the dynamic one lies."""
    loader: str | None = ""
    if interpreter:
        at, size = interpreter
        size = min(size, MAX_NAME)
        if window.read(at, size) is None:
            return Links(complete=False)
        loader = window.text(at, size)
        if not loader:
            return Links(damage="the name of its loader cannot be read")
    found: dict[int, list[int]] | None = _entries(window, entry, dynamic) if dynamic else {}
    if found is None:
        return Links(interpreter=loader or "", complete=False)
    table = _offset(found.get(_STRING_TABLE, [0])[0], loads)
    names = _Names(window, table)
    links = Links(
        interpreter=loader or "",
        needed=tuple(names.at(each) for each in found.get(_NEEDED, ())[:MAX_NAMES]),
        soname="".join(names.at(each) for each in found.get(_SONAME, ())[:1]),
        rpath=_folders(names, found.get(_RPATH, ())),
        runpath=_folders(names, found.get(_RUNPATH, ())),
        is_pie=any(each & _PIE for each in found.get(_FLAGS_1, ())),
    )
    return (
        Links(interpreter=links.interpreter, is_pie=links.is_pie, complete=False)
        if names.lacking
        else links
    )


def _entries(
    window: Window, entry: struct.Struct, dynamic: tuple[int, int]
) -> dict[int, list[int]] | None:
    at, size = dynamic
    size = min(size, MAX_DYNAMIC)
    data = window.read(at, size - size % entry.size)
    if data is None:
        return None
    found: dict[int, list[int]] = {}
    for tag, value in entry.iter_unpack(data):
        if tag == 0:
            break
        found.setdefault(tag, []).append(value)
    return found


def _offset(address: int, loads: Loads) -> int | None:
    """Where in the file an address of memory lies."""
    for start, offset, size in loads:
        if start <= address < start + size:
            return offset + address - start
    return None


def _folders(names: "_Names", found: Sequence[int]) -> tuple[str, ...]:
    return tuple(part for each in found[:1] for part in names.at(each).split(":") if part)


class _Names:
    """The table of names; `lacking` tells that one could not be read or that they are too many."""

    def __init__(self, window: Window, table: int | None) -> None:
        self._window = window
        self._table = table
        self._left = _MAX_NAMES_BYTES
        self.lacking = False

    def at(self, place: int) -> str:
        """The name there, empty where there is none."""
        text = None
        if self._table is not None and self._left > 0:
            text = self._window.text(self._table + place, MAX_NAME)
        if text is None:
            self.lacking = True
            return ""
        self._left -= len(text) + 64
        return text
