"""What the first bytes of a file say it is.

Sources: ELF's gABI (e_ident, e_machine and the registry of machines), Mach-O's and PE's magic.
"""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.oci.platform import Platform

_MACHINES = {
    (3, 1, 1): "386",
    (20, 1, 2): "ppc",
    (21, 2, 1): "ppc64le",
    (21, 2, 2): "ppc64",
    (22, 2, 2): "s390x",
    (40, 1, 1): "arm",
    (62, 2, 1): "amd64",
    (183, 2, 1): "arm64",
    (243, 2, 1): "riscv64",
    (258, 2, 1): "loong64",
}
"""By e_machine, class (1: 32 bits, 2: 64) and order of bytes (1: little, 2: big)."""

_ELF = b"\x7fELF"
_FOREIGN = (b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_HEADER = 20
_BIG_ENDIAN = 2
_MOST_ARCHITECTURES = 30
"""Above what a universal Mach-O holds, below the major version of any Java class."""


class FileType(StrEnum):
    """What a file is, as far as its first bytes tell."""

    ELF = "an ELF file"
    FOREIGN = "a program of another system"
    OTHER = "no machine's program"
    """A script, a text, an archive: the same for every machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBytes:
    """`architecture` is Go's name for an ELF file's machine, else empty."""

    type: FileType
    architecture: str = ""

    def runs_on(self, platform: Platform) -> bool:
        """Whether the platform's machines can run it; variants of arm are not told apart."""
        if self.type is FileType.ELF:
            return self.architecture == platform.architecture
        return self.type is FileType.OTHER


def judge(head: bytes) -> FirstBytes:
    """Judge a file by its beginning, of which 20 bytes are enough."""
    if head.startswith(_FOREIGN):
        count = int.from_bytes(head[4:8], "big")
        is_class = head.startswith(_FOREIGN[-1]) and count > _MOST_ARCHITECTURES
        return FirstBytes(type=FileType.OTHER if is_class else FileType.FOREIGN)
    if not head.startswith(_ELF) or len(head) < _HEADER:
        return FirstBytes(type=FileType.OTHER)
    size, order = head[4], head[5]
    machine = int.from_bytes(head[18:20], "big" if order == _BIG_ENDIAN else "little")
    found = _MACHINES.get((machine, size, order), "other")
    return FirstBytes(type=FileType.ELF, architecture=found)
