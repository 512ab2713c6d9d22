"""Programs of a few hundred bytes, static and for any Linux: they say something and end.

Those for amd64 and arm64 run; the others have a true header and no code. Sources: the gABI ("ELF
Header", "Program Header"), Linux's system call tables, Intel's and Arm's manuals for the opcodes.
"""

import struct
from collections.abc import Callable, Mapping

_AT = 0x400000


def program(platform: str, says: str = "hello\n", status: int = 0) -> bytes:
    """An executable for a platform, as `linux/arm64`."""
    machine, bits, order, flags = _MACHINES[platform]
    make = _CODE.get(platform)
    code = make(says.encode(), status) if make else b""
    return _wrapped(code + says.encode(), machine, bits, order, flags)


def hanging(platform: str) -> bytes:
    """An executable for amd64 or arm64 that never ends."""
    machine, bits, order, flags = _MACHINES[platform]
    jump = {"linux/amd64": b"\xeb\xfe", "linux/arm64": struct.pack("<I", 0x14000000)}[platform]
    return _wrapped(jump, machine, bits, order, flags)


def _wrapped(content: bytes, machine: int, bits: int, order: str, flags: int) -> bytes:
    wide = bits == 64
    start = 64 + 56 if wide else 52 + 32
    size = start + len(content)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    if wide:
        header = struct.pack(
            f"{order}HHIQQQIHHHHHH", 2, machine, 1, _AT + start, 64, 0, flags, 64, 56, 1, 0, 0, 0
        )
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, _AT, _AT, size, size, 0x10000)
    else:
        header = struct.pack(
            f"{order}HHIIIIIHHHHHH", 2, machine, 1, _AT + start, 52, 0, flags, 52, 32, 1, 0, 0, 0
        )
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, _AT, _AT, size, size, 5, 0x10000)
    return ident + header + segment + content


def _amd64(says: bytes, status: int) -> bytes:
    after = struct.pack("<BI", 0xBA, len(says)) + b"\x0f\x05"  # mov edx, length; syscall
    after += struct.pack("<BIBI", 0xB8, 60, 0xBF, status) + b"\x0f\x05"  # exit(status)
    before = struct.pack("<BIBI", 0xB8, 1, 0xBF, 1)  # write(1,
    return before + b"\x48\x8d\x35" + struct.pack("<i", len(after)) + after  # lea rsi, [rip+…]


def _arm64(says: bytes, status: int) -> bytes:
    def move(register: int, value: int) -> int:
        return 0xD2800000 | (value & 0xFFFF) << 5 | register

    call, length = 0xD4000001, 8
    offset = (length - 2) * 4  # from the `adr` to the text behind the code
    address = 0x10000001 | (offset & 3) << 29 | (offset >> 2) << 5
    words = [
        move(8, 64), move(0, 1), address, move(2, len(says)), call,
        move(8, 93), move(0, status), call,
    ]  # fmt: skip
    return struct.pack("<8I", *words)


_CODE: Mapping[str, Callable[[bytes, int], bytes]] = {"linux/amd64": _amd64, "linux/arm64": _arm64}

_MACHINES: Mapping[str, tuple[int, int, str, int]] = {
    "linux/386": (3, 32, "<", 0),
    "linux/amd64": (62, 64, "<", 0),
    "linux/arm/v7": (40, 32, "<", 0x5000400),
    "linux/arm64": (183, 64, "<", 0),
    "linux/ppc64le": (21, 64, "<", 2),
    "linux/riscv64": (243, 64, "<", 5),
    "linux/s390x": (22, 64, ">", 0),
}
"""By `e_machine`, class, byte order and flags."""
