"""Small files in the forms of other systems: Mach-O, PE, WebAssembly. None of them runs."""

import struct

_MACHO = {"386": 7, "amd64": 0x01000007, "arm64": 0x0100000C, "arm": 12}
_PE = {"386": 0x14C, "amd64": 0x8664, "arm64": 0xAA64}


def macho(name: str, *, kind: int = 2) -> bytes:
    return struct.pack("<IIIIIIII", 0xFEEDFACF, _MACHO[name], 3, kind, 0, 0, 0, 0)


def macho_fat(*names: str) -> bytes:
    head = struct.pack(">II", 0xCAFEBABE, len(names))
    at, table, body = 4096, b"", b""
    for name in names:
        part = macho(name)
        table += struct.pack(">IIIII", _MACHO[name], 3, at + len(body), len(part), 12)
        body += part
    return (head + table).ljust(at, b"\0") + body


def _pe(name: str, subsystem: int, *, clr: bool = False) -> bytes:
    directories = [(0, 0)] * 16
    if clr:
        directories[14] = (0x2000, 72)
    optional = struct.pack("<H", 0x20B).ljust(68, b"\0") + struct.pack("<H", subsystem)
    optional = optional.ljust(108, b"\0") + struct.pack("<I", 16)
    optional += b"".join(struct.pack("<II", *each) for each in directories)
    coff = struct.pack("<HHIIIHH", _PE[name], 1, 0, 0, 0, len(optional), 0x22)
    return (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)).ljust(0x80, b"\0") + (
        b"PE\0\0" + coff + optional
    )


def pe(name: str) -> bytes:
    return _pe(name, 3)


def efi(name: str) -> bytes:
    return _pe(name, 10)


def dotnet() -> bytes:
    return _pe("386", 3, clr=True)


def wasm() -> bytes:
    return b"\0asm\1\0\0\0"
