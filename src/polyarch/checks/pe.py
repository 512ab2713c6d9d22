"""Reading the header of a PE file: programs and libraries of Windows, firmware, managed code.

Source: Microsoft's "PE Format"; the machine numbers of ready-to-run .NET code are those of
dotnet/runtime docs/design/coreclr/botr/readytorun-format.md, which are never looked at, as its CLR
header tells that .NET loads the file and not the system.
"""

import struct
from collections.abc import Mapping

from polyarch.checks.binary import Format, Kind, Program
from polyarch.checks.window import Window
from polyarch.oci.platform import Platform

MAGIC = b"MZ"

_ARCHITECTURES: Mapping[int, str] = {
    0x014C: "386",
    0x8664: "amd64",
    0xAA64: "arm64",
    0x01C0: "arm",
    0x01C2: "arm",
    0x01C4: "arm",
    0x0200: "ia64",
    0x5032: "riscv",
    0x5064: "riscv64",
    0x6232: "loong32",
    0x6264: "loong64",
}
_LIBRARY = 0x2000
_OPTIONAL = {0x10B: (32, 92), 0x20B: (64, 108)}
"""Width, and where the number of data directories stands, by the optional header's magic."""
_CLR = 14
_FIRMWARE = frozenset({10, 11, 12, 13, 16})


def read_pe(window: Window) -> Program | None:
    """What the file says; None for one that only begins like it, or is DOS's."""
    start = window.read(0x3C, 4)
    at = int.from_bytes(start, "little") if start else 0
    head = window.read(at, 24)
    if not start or head is None or not head.startswith(b"PE\0\0"):
        return None
    machine, _, _, _, _, size, flags = struct.unpack("<HHIIIHH", head[4:])
    optional = window.read(at + 24, size) or b""
    name = _ARCHITECTURES.get(machine, f"machine {machine:#x}")
    return Program(
        format=Format.PE,
        kind=Kind.LIBRARY if flags & _LIBRARY else Kind.PROGRAM,
        systems=("windows",),
        targets=(Platform(os="windows", architecture=name),),
        bits=_OPTIONAL.get(_short(optional, 0), (0, 0))[0],
        order="little",
        device=_loaded_by_others(optional),
    )


def _loaded_by_others(optional: bytes) -> str:
    if _short(optional, 68) in _FIRMWARE:
        return "UEFI firmware"
    _, count_at = _OPTIONAL.get(_short(optional, 0), (0, 0))
    entry = count_at + 4 + _CLR * 8
    count = int.from_bytes(optional[count_at : count_at + 4], "little")
    if count_at and count > _CLR and any(optional[entry : entry + 8]):
        return ".NET"
    return ""


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
