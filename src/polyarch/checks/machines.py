"""What ELF's numbers for machines mean.

Sources: the gABI's registry of e_machine; the processor supplements of ARM ("ELF for the Arm
Architecture"), MIPS, RISC-V (riscv-elf-psabi), LoongArch (la-abi-specs) and 64-bit PowerPC ELFv2.
A machine is told only together with class and byte order: `e_machine` alone is read wrongly where
the order is not known.
"""

from collections.abc import Mapping

from polyarch.checks.binary import HARD_FLOAT, SOFT_FLOAT

LITTLE, BIG = "little", "big"

ARM, PPC64, RISCV, LOONGARCH, MIPS = 40, 21, 243, 258, 8

ARCHITECTURES: Mapping[tuple[int, int, str], str] = {
    (62, 64, LITTLE): "amd64",
    (62, 32, LITTLE): "amd64p32",  # Go's name for what is else called x32
    (3, 32, LITTLE): "386",
    (183, 64, LITTLE): "arm64",
    (183, 64, BIG): "arm64be",
    (183, 32, LITTLE): "arm64p32",
    (ARM, 32, LITTLE): "arm",
    (ARM, 32, BIG): "armbe",
    (PPC64, 64, LITTLE): "ppc64le",
    (PPC64, 64, BIG): "ppc64",
    (20, 32, BIG): "ppc",
    (20, 32, LITTLE): "ppcle",
    (22, 64, BIG): "s390x",
    (22, 32, BIG): "s390",
    (RISCV, 64, LITTLE): "riscv64",
    (RISCV, 32, LITTLE): "riscv",
    (LOONGARCH, 64, LITTLE): "loong64",
    (LOONGARCH, 32, LITTLE): "loong32",
    (MIPS, 32, BIG): "mips",
    (MIPS, 32, LITTLE): "mipsle",
    (MIPS, 64, BIG): "mips64",
    (MIPS, 64, LITTLE): "mips64le",
    (2, 32, BIG): "sparc",
    (18, 32, BIG): "sparc",
    (43, 64, BIG): "sparc64",
    (4, 32, BIG): "m68k",
    (15, 32, BIG): "hppa",
    (15, 64, BIG): "hppa64",
    (42, 32, LITTLE): "sh4",
    (50, 64, LITTLE): "ia64",
    (0x9026, 64, LITTLE): "alpha",
    (252, 32, LITTLE): "csky",
    (92, 32, BIG): "or1k",
    (189, 32, LITTLE): "microblaze",
    (113, 32, LITTLE): "nios2",
}

OTHER_NAMES: Mapping[int, str] = {
    94: "xtensa",
    93: "arc",
    195: "arc",
    83: "avr",
    105: "msp430",
    164: "hexagon",
}
"""Machines that no image's platform names, in whatever class and order."""

DEVICES: Mapping[int, str] = {
    190: "NVIDIA GPUs",
    224: "AMD GPUs",
    247: "the kernel's BPF machine",
    251: "vector engines",
}
"""Code that the machine's processor never runs, so that it fits every image."""

_KNOWN = {machine for machine, _, _ in ARCHITECTURES}

_ARM_HARD, _ARM_SOFT = 0x400, 0x200
_MIPS_N32 = 0x20
_ELFV1 = 1
_RISCV_FLOATS = {0: SOFT_FLOAT, 2: "single float", 4: "double float", 6: "quad float"}
_LOONG_FLOATS = {1: SOFT_FLOAT, 2: "single float", 3: "double float"}


def architecture(machine: int, bits: int, order: str, flags: int) -> str:
    """The name in Go's words, empty where class and order contradict the machine."""
    name = ARCHITECTURES.get((machine, bits, order), "")
    if machine == MIPS and bits == 32 and flags & _MIPS_N32:  # noqa: PLR2004 - of the class
        return "mips64p32le" if order == LITTLE else "mips64p32"
    if name == "ppc64le" and flags & 3 == _ELFV1:
        return "ppc64le-elfv1"  # no distribution has such libraries; ppc64le means ELFv2
    if name or machine in _KNOWN:
        return name
    return OTHER_NAMES.get(machine, f"machine {machine}")


def notes(machine: int, flags: int) -> tuple[str, ...]:
    """What the flags say, in words."""
    if machine == ARM:
        return tuple(
            text for bit, text in ((_ARM_HARD, HARD_FLOAT), (_ARM_SOFT, SOFT_FLOAT)) if flags & bit
        )
    if machine == PPC64:
        return (f"ELFv{flags & 3}",) if flags & 3 else ()
    if machine == RISCV:
        return (_RISCV_FLOATS[flags & 6],)
    if machine == LOONGARCH:
        return tuple(filter(None, (_LOONG_FLOATS.get(flags & 7),)))
    return ()
