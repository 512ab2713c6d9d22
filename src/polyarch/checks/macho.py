"""Reading the header of a Mach-O file, thin or fat.

Source: Apple's <mach-o/loader.h>, <mach-o/fat.h> and <mach/machine.h>.
"""

import struct
from collections.abc import Mapping

from polyarch.checks.binary import Format, Kind, Program
from polyarch.checks.window import Window
from polyarch.oci.platform import Platform

_THIN: Mapping[bytes, tuple[str, int]] = {
    b"\xfe\xed\xfa\xce": (">", 32),
    b"\xfe\xed\xfa\xcf": (">", 64),
    b"\xce\xfa\xed\xfe": ("<", 32),
    b"\xcf\xfa\xed\xfe": ("<", 64),
}
_FAT: Mapping[bytes, struct.Struct] = {
    b"\xca\xfe\xba\xbe": struct.Struct(">IIIII"),
    b"\xca\xfe\xba\xbf": struct.Struct(">IIQQII"),
}
MAGICS = frozenset({*_THIN, *_FAT})

MAX_PARTS = 30
"""A class file of Java has the same magic, and 45 or more where the number of parts stands."""

_WIDE, _ILP32 = 0x01000000, 0x02000000
_ARCHITECTURES: Mapping[int, str] = {
    7: "386",
    7 | _WIDE: "amd64",
    12: "arm",
    12 | _WIDE: "arm64",
    12 | _ILP32: "arm64p32",
    18: "ppc",
    18 | _WIDE: "ppc64",
}
_KINDS = {1: Kind.OBJECT, 2: Kind.PROGRAM, 4: Kind.CORE, 6: Kind.LIBRARY, 8: Kind.LIBRARY}
_SYSTEMS = ("darwin", "ios")


def read_macho(window: Window) -> Program | None:
    """What the file says, None where it is none of these."""
    magic = window.read(0, 4) or b""
    if magic in _THIN:
        return _thin(window, 0)
    return _fat(window, _FAT[magic]) if magic in _FAT else None


def _thin(window: Window, start: int) -> Program | None:
    order, bits = _THIN.get(window.read(start, 4) or b"", ("", 0))
    rest = window.read(start + 4, 12)
    if not order or rest is None:
        return None
    machine, _, kind = struct.unpack(f"{order}III", rest)
    return Program(
        format=Format.MACH_O,
        kind=_KINDS.get(kind, Kind.LIBRARY),
        systems=_SYSTEMS,
        targets=(_target(machine),),
        bits=bits,
        order="little" if order == "<" else "big",
    )


def _fat(window: Window, part: struct.Struct) -> Program | None:
    count = int.from_bytes(window.read(4, 4) or b"", "big")
    if not 0 < count <= MAX_PARTS:
        return None
    table = window.read(8, count * part.size)
    if table is None:
        return Program(format=Format.MACH_O, kind=Kind.LIBRARY, damage="it ends within its header")
    parts = [*part.iter_unpack(table)]
    first = _thin(window, parts[0][2])
    targets = tuple(dict.fromkeys(_target(fields[0]) for fields in parts))
    kind = first.kind if first else Kind.PROGRAM
    return Program(format=Format.MACH_O, kind=kind, systems=_SYSTEMS, targets=targets)


def _target(machine: int) -> Platform:
    return Platform(os="darwin", architecture=_ARCHITECTURES.get(machine, f"machine {machine}"))
