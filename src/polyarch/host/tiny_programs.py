"""The smallest program of each architecture: it ends at once with a known status.

An ELF header, one segment and a few instructions that call exit(2): what they give back proves that
the kernel or an emulator has executed them. Sources: elf(5); syscall(2) for the registers; Linux,
the tables of system calls of each architecture; each processor's manual for the instructions.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

STATUS = 42
"""What the programs end with."""

_ADDRESS = 0x10000
"""Where the file is laid in memory: above what Linux keeps free, the same on all architectures."""

_EXECUTABLE, _VERSION, _LOAD, _READ_EXECUTE = 2, 1, 1, 5
_ALIGNED = 0x10000
"""The largest page of any of them (64 KiB on some arm64 and ppc64le kernels)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """`number` is e_machine, `flags` e_flags, `code` the instructions as they lie in memory."""

    number: int
    bits: Literal[32, 64]
    order: Literal["<", ">"]
    code: bytes
    flags: int = 0


def _little(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def _big(*words: int) -> bytes:
    return struct.pack(f">{len(words)}I", *words)


# addiu $2, $0, NUMBER; addiu $4, $0, 42; syscall
_MIPS_O32 = (0x24020FA1, 0x2404002A, 0x0000000C)  # 4001 is exit
_MIPS_N64 = (0x240213C2, 0x2404002A, 0x0000000C)  # 5058 is exit
# li r0, 1 (exit); li r3, 42; sc
_POWER = (0x38000001, 0x3860002A, 0x44000002)

_EABI5 = 0x05000000
_ELF_V2 = 2
"""ABI 2 of ppc64: the entry is an address of code, and no descriptor of a function."""
_MIPS64_R2, _MIPS32_R2, _O32 = 0x80000000, 0x70000000, 0x1000
_LP64D = 0x43

_MACHINES: Mapping[str, _Machine] = MappingProxyType(
    {
        # mov eax, 1 (exit); mov ebx, 42; int 0x80
        "386": _Machine(
            number=3, bits=32, order="<", code=bytes.fromhex("b801000000 bb2a000000 cd80")
        ),
        # mov eax, 60 (exit); mov edi, 42; syscall
        "amd64": _Machine(
            number=62, bits=64, order="<", code=bytes.fromhex("b83c000000 bf2a000000 0f05")
        ),
        # mov r0, #42; mov r7, #1 (exit); svc 0: there since the first ARM, so for all variants
        "arm": _Machine(
            number=40, bits=32, order="<", flags=_EABI5,
            code=_little(0xE3A0002A, 0xE3A07001, 0xEF000000),
        ),
        # mov x0, #42; mov x8, #93 (exit); svc 0
        "arm64": _Machine(
            number=183, bits=64, order="<", code=_little(0xD2800540, 0xD2800BA8, 0xD4000001)
        ),
        # addi.w $a0, $zero, 42; addi.w $a7, $zero, 93 (exit); syscall 0
        "loong64": _Machine(
            number=258, bits=64, order="<", flags=_LP64D,
            code=_little(0x0280A804, 0x0281740B, 0x002B0000),
        ),
        "mips": _Machine(
            number=8, bits=32, order=">", flags=_MIPS32_R2 | _O32, code=_big(*_MIPS_O32)
        ),
        "mipsle": _Machine(
            number=8, bits=32, order="<", flags=_MIPS32_R2 | _O32, code=_little(*_MIPS_O32)
        ),
        "mips64": _Machine(number=8, bits=64, order=">", flags=_MIPS64_R2, code=_big(*_MIPS_N64)),
        "mips64le": _Machine(
            number=8, bits=64, order="<", flags=_MIPS64_R2, code=_little(*_MIPS_N64)
        ),
        "ppc64": _Machine(number=21, bits=64, order=">", flags=_ELF_V2, code=_big(*_POWER)),
        "ppc64le": _Machine(number=21, bits=64, order="<", flags=_ELF_V2, code=_little(*_POWER)),
        # addi a0, zero, 42; addi a7, zero, 93 (exit); ecall
        "riscv64": _Machine(
            number=243, bits=64, order="<", code=_little(0x02A00513, 0x05D00893, 0x00000073)
        ),
        # lghi %r2, 42; svc 1 (exit)
        "s390x": _Machine(number=22, bits=64, order=">", code=bytes.fromhex("a729002a 0a01")),
    }
)  # fmt: skip

ARCHITECTURES = tuple(_MACHINES)
"""Those that a program can be made for."""


def tiny_program(architecture: str) -> bytes | None:
    """The whole file of a static Linux program that exits with `STATUS`; None for others."""
    machine = _MACHINES.get(architecture)
    if machine is None:
        return None
    header, segment = _sizes(machine.bits)
    start = header + segment
    size = start + len(machine.code)
    return _header(machine, _ADDRESS + start) + _segment(machine, size) + machine.code


def _sizes(bits: Literal[32, 64]) -> tuple[int, int]:
    """The bytes of an ELF header and of an entry of the program header table."""
    return (52, 32) if bits == 32 else (64, 56)  # noqa: PLR2004 - bits of an address


def _header(machine: _Machine, entry: int) -> bytes:
    wide = machine.bits == 64  # noqa: PLR2004 - bits of an address
    size, segment = _sizes(machine.bits)
    order = 1 if machine.order == "<" else 2
    identity = b"\x7fELF" + bytes([2 if wide else 1, order, _VERSION]) + bytes(9)
    word = "Q" if wide else "I"
    return identity + struct.pack(
        f"{machine.order}HHI{word}{word}{word}IHHHHHH",
        _EXECUTABLE,
        machine.number,
        _VERSION,
        entry,
        size,  # the program header table follows at once
        0,  # no sections
        machine.flags,
        size,
        segment,
        1,
        0,
        0,
        0,
    )


def _segment(machine: _Machine, size: int) -> bytes:
    """The whole file, its header included, laid at `_ADDRESS`."""
    if machine.bits == 64:  # noqa: PLR2004 - bits of an address
        fields = (_LOAD, _READ_EXECUTE, 0, _ADDRESS, _ADDRESS, size, size, _ALIGNED)
        return struct.pack(f"{machine.order}IIQQQQQQ", *fields)
    fields = (_LOAD, 0, _ADDRESS, _ADDRESS, size, size, _READ_EXECUTE, _ALIGNED)
    return struct.pack(f"{machine.order}IIIIIIII", *fields)
