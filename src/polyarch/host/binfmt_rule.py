"""The line that registers an interpreter with the kernel.

Sources: Linux, Documentation/admin-guide/binfmt-misc.rst; QEMU's scripts/qemu-binfmt-conf.sh, for
which bytes of an ELF header count.
"""

import re
from pathlib import Path

from polyarch.host.qemu import QEMU_NAMES
from polyarch.host.tiny_programs import tiny_program

_HEADER = 20
"""Bytes up to and with `e_machine`."""

# All but the OS ABI count (Linux programs say 0 or 3 there), and of the type all but the lowest
# bit: 2 is an executable, 3 one that may lie anywhere in memory.
_MASK_LITTLE = bytes.fromhex("ffffffffffffff00 ffffffffffffffff fe ff ffff")
_MASK_BIG = bytes.fromhex("ffffffffffffff00 ffffffffffffffff ff fe ffff")
_BIG_ENDIAN = 2
_DATA = 5
_PRESERVES_NAMES = ((6, 0), (5, 12))
"""QEMU and Linux since these understand flag P without an agreement between them."""


def entry_name(architecture: str) -> str:
    """What an entry is called; the same as distributions call it, so that there is only one."""
    return f"qemu-{QEMU_NAMES[architecture]}"


def rule(architecture: str, interpreter: Path, *, qemu: str, kernel: str) -> str:
    """The line for `register`; `qemu` and `kernel` are versions.

    Flag F opens the interpreter now, so that it also works in containers; P keeps the name by which
    a program was started.
    """
    program = tiny_program(architecture)
    if program is None:
        raise ValueError(architecture)
    magic = program[:_HEADER]
    mask = _MASK_BIG if magic[_DATA] == _BIG_ENDIAN else _MASK_LITTLE
    oldest_qemu, oldest_kernel = _PRESERVES_NAMES
    named = _numbers(qemu) >= oldest_qemu and _numbers(kernel) >= oldest_kernel
    flags = "PF" if named else "F"
    name = entry_name(architecture)
    return f":{name}:M::{_escaped(magic)}:{_escaped(mask)}:{interpreter}:{flags}"


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
