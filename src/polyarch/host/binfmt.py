"""One entry of the kernel's binfmt_misc: which programs it hands to which interpreter.

Sources: Linux, Documentation/admin-guide/binfmt-misc.rst; elf(5), `e_machine`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

_MACHINES: Mapping[tuple[int, int, str], str] = {
    # (e_machine, bits, byte order) as an ELF header has them: architecture
    (3, 32, "little"): "386",
    (8, 32, "big"): "mips",
    (8, 32, "little"): "mipsle",
    (8, 64, "big"): "mips64",
    (8, 64, "little"): "mips64le",
    (21, 64, "big"): "ppc64",
    (21, 64, "little"): "ppc64le",
    (22, 64, "big"): "s390x",
    (40, 32, "little"): "arm",
    (62, 64, "little"): "amd64",
    (183, 64, "little"): "arm64",
    (243, 64, "little"): "riscv64",
    (258, 64, "little"): "loong64",
}

_ELF = b"\x7fELF"
_CLASS, _DATA, _MACHINE = 4, 5, slice(18, 20)
"""Places in an ELF header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinfmtEntry:
    """One registered interpreter of foreign programs.

    `fixed` is flag F: the kernel holds the interpreter open, so that it also works inside another
    root filesystem, as in a container.
    """

    name: str
    architecture: str
    interpreter: str
    enabled: bool
    fixed: bool

    @classmethod
    def parse(cls, name: str, text: str) -> Self | None:
        """Read an entry's file; None for one that is not about the programs of a known machine."""
        lines = text.splitlines()
        said = dict(line.rstrip().partition(" ")[::2] for line in lines)
        architecture = _architecture(said.get("magic", ""), said.get("offset", ""))
        # The N32 form of MIPS has the numbers of the plain one; no image has it.
        if architecture is None or "n32" in name:
            return None
        return cls(
            name=name,
            architecture=architecture,
            interpreter=said.get("interpreter", ""),
            enabled=lines[0].strip() == "enabled",
            fixed="F" in said.get("flags:", ""),
        )


def _architecture(magic: str, offset: str) -> str | None:
    try:
        header = bytes.fromhex(magic)
    except ValueError:
        return None
    return architecture_of(header) if offset == "0" else None


def architecture_of(header: bytes) -> str | None:
    """The architecture that a program's first 20 bytes name; None where they name no known one."""
    if not header.startswith(_ELF) or len(header) < _MACHINE.stop:
        return None
    order: Literal["little", "big"] = "big" if header[_DATA] == 2 else "little"  # noqa: PLR2004 - ELFDATA2MSB
    bits = 64 if header[_CLASS] == 2 else 32  # noqa: PLR2004 - ELFCLASS64
    return _MACHINES.get((int.from_bytes(header[_MACHINE], order), bits, order))
