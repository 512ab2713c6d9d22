"""Reading just enough of an ELF file to say what it was compiled for.

Source: the gABI ("ELF Header", "Sections") and ARM's ELF and ABI addenda (build attributes).
"""

import struct
from dataclasses import dataclass

CLASSES = {1: 32, 2: 64}
ORDERS = {1: "little", 2: "big"}
MACHINES = {
    3: "386",
    21: "ppc64",
    22: "s390",
    40: "arm",
    62: "x86-64",
    183: "aarch64",
    243: "riscv",
}
DYNAMIC, INTERPRETER = 2, 3

ARM_ATTRIBUTES = 0x70000003
ARM_ARCHITECTURES = {4: "v5TE", 5: "v5TEJ", 6: "v6", 7: "v6KZ", 8: "v6T2", 9: "v6K", 10: "v7"}
TAG_CPU_ARCH = 6


@dataclass(frozen=True)
class Elf:
    """The header's fields; `bits` is 32 or 64, `arm` is what its attributes say, if any."""

    bits: int
    order: str
    machine: str
    flags: int
    static: bool
    arm: str | None

    @classmethod
    def parse(cls, data: bytes) -> "Elf":
        """Read an executable."""
        assert data[:4] == b"\x7fELF"
        bits, order = CLASSES[data[4]], ORDERS[data[5]]
        mark = "<" if order == "little" else ">"
        word = "I" if bits == 32 else "Q"
        _, machine, _, _, programs, sections, flags, _, p_size, p_count, s_size, s_count, _ = (
            struct.unpack_from(f"{mark}HHI{word}{word}{word}IHHHHHH", data, 16)
        )
        kinds = [
            struct.unpack_from(f"{mark}I", data, programs + i * p_size)[0] for i in range(p_count)
        ]
        arm = None
        for i in range(s_count):
            start = sections + i * s_size
            _, kind, _, _, offset, size = struct.unpack_from(
                f"{mark}II{word}{word}{word}{word}", data, start
            )
            if kind == ARM_ATTRIBUTES and machine == 40:
                arm = _cpu_arch(data[offset : offset + size])
        return cls(
            bits=bits,
            order=order,
            machine=MACHINES[machine],
            flags=flags,
            static=INTERPRETER not in kinds and DYNAMIC not in kinds,
            arm=arm,
        )


def _cpu_arch(section: bytes) -> str:
    assert section[:1] == b"A"
    at = section.index(b"aeabi\0") + len(b"aeabi\0")
    assert section[at] == 1, "attributes of the whole file"
    at += 5
    while True:
        tag, at = _number(section, at)
        if tag in {4, 5} or (tag > 32 and tag % 2):
            at = section.index(b"\0", at) + 1
            continue
        value, at = _number(section, at)
        if tag == TAG_CPU_ARCH:
            return ARM_ARCHITECTURES[value]


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
