"""ELF files made byte by byte: every field as asked for, true or not, and nothing that runs."""

import struct
from dataclasses import dataclass, field

LITTLE, BIG = "<", ">"

# machine, bits, order, flags, loader of glibc, loader of musl
MACHINES = {
    "amd64": (62, 64, LITTLE, 0, "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
    "386": (3, 32, LITTLE, 0, "/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1"),
    "arm64": (183, 64, LITTLE, 0, "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"),
    "arm": (
        40,
        32,
        LITTLE,
        0x5000400,
        "/lib/ld-linux-armhf.so.3",
        "/lib/ld-musl-armhf.so.1",
    ),
    "ppc64le": (21, 64, LITTLE, 2, "/lib64/ld64.so.2", "/lib/ld-musl-powerpc64le.so.1"),
    "ppc64": (21, 64, BIG, 1, "/lib64/ld64.so.1", "/lib/ld-musl-powerpc64.so.1"),
    "s390x": (22, 64, BIG, 0, "/lib/ld64.so.1", "/lib/ld-musl-s390x.so.1"),
    "riscv64": (
        243,
        64,
        LITTLE,
        5,
        "/lib/ld-linux-riscv64-lp64d.so.1",
        "/lib/ld-musl-riscv64.so.1",
    ),
    "loong64": (
        258,
        64,
        LITTLE,
        0x43,
        "/lib64/ld-linux-loongarch-lp64d.so.1",
        "/lib/ld-musl-loongarch64.so.1",
    ),
    "mips64le": (8, 64, LITTLE, 0x80000000, "/lib64/ld.so.1", "/lib/ld-musl-mips64el.so.1"),
}
EXECUTABLE, SHARED, RELOCATABLE = 2, 3, 1
_BASE = 0x10000
_ATTRIBUTES = 0x70000003


@dataclass(frozen=True, kw_only=True)
class Elf:
    """`interpreter` and `needed` make it dynamic; `cpu` is Tag_CPU_arch of ARM's attributes."""

    machine: int
    bits: int
    order: str
    flags: int = 0
    kind: int = EXECUTABLE
    osabi: int = 0
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    runpath: str = ""
    rpath: str = ""
    cpu: int | None = None
    padding: int = 0
    tail: bytes = field(default=b"", repr=False)

    @property
    def _word(self) -> str:
        return "Q" if self.bits == 64 else "I"

    def _pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def _segment(self, kind: int, offset: int, size: int) -> bytes:
        address = _BASE + offset
        if self.bits == 64:
            return self._pack("IIQQQQQQ", kind, 5, offset, address, address, size, size, 8)
        return self._pack("IIIIIIII", kind, offset, address, address, size, size, 5, 8)

    def build(self) -> bytes:
        """The file."""
        head, phdr = (64, 56) if self.bits == 64 else (52, 32)
        is_dynamic = bool(self.needed or self.soname or self.runpath or self.rpath)
        count = 1 + bool(self.interpreter) + is_dynamic
        body = bytearray(head + phdr * count + self.padding)
        segments: list[tuple[int, int, int]] = []
        if self.interpreter:
            segments.append((3, *self._add(body, self.interpreter.encode() + b"\0")))
        if is_dynamic:
            segments.append((2, *self._add_dynamic(body)))
        section_table, sections = self._sections(body)
        body += self.tail
        segments.insert(0, (1, 0, len(body)))
        body[head : head + phdr * count] = b"".join(self._segment(*each) for each in segments)
        body[:head] = self._header(head, phdr, count, section_table, sections)
        return bytes(body)

    @staticmethod
    def _add(body: bytearray, data: bytes) -> tuple[int, int]:
        at = len(body)
        body += data
        return at, len(data)

    def _add_dynamic(self, body: bytearray) -> tuple[int, int]:
        names, entries = bytearray(b"\0"), []
        told = [(1, name) for name in self.needed]
        told += [(14, self.soname), (29, self.runpath), (15, self.rpath)]
        for tag, text in told:
            if text:
                entries.append((tag, len(names)))
                names += text.encode() + b"\0"
        at, _ = self._add(body, bytes(names))
        entries += [(5, _BASE + at), (10, len(names)), (0, 0)]
        form = f"{self._word}{self._word}"
        return self._add(body, b"".join(self._pack(form, *each) for each in entries))

    def _sections(self, body: bytearray) -> tuple[int, int]:
        if self.cpu is None:
            return 0, 0
        inner = bytes([6, self.cpu])
        file_part = b"\x01" + self._pack("I", len(inner) + 5) + inner
        vendor = b"aeabi\0" + file_part
        at, size = self._add(body, b"A" + self._pack("I", len(vendor) + 4) + vendor)
        w = self._word
        form = f"II{w}{w}{w}{w}II{w}{w}"
        table = self._pack(form, *[0] * 10)
        table += self._pack(form, 0, _ATTRIBUTES, 0, 0, at, size, 0, 0, 1, 0)
        return self._add(body, table)[0], 2

    def _header(self, head: int, phdr: int, count: int, table: int, sections: int) -> bytes:
        ident = b"\x7fELF" + bytes([self.bits // 32, 1 if self.order == LITTLE else 2, 1])
        ident += bytes([self.osabi]) + bytes(8)
        if self.kind == RELOCATABLE:
            head_of, phdr, count = 0, 0, 0
        else:
            head_of = head
        shdr = 64 if self.bits == 64 else 40
        w = self._word
        return ident + self._pack(
            f"HHI{w}{w}{w}IHHHHHH",
            self.kind,
            self.machine,
            1,
            _BASE,
            head_of,
            table,
            self.flags,
            head,
            phdr,
            count,
            shdr,
            sections,
            0,
        )


def elf(name: str, **changed: object) -> bytes:
    """A static program of a machine of the table, with whatever is `changed`."""
    machine, bits, order, flags, _, _ = MACHINES[name]
    fields: dict[str, object] = {"machine": machine, "bits": bits, "order": order, "flags": flags}
    return Elf(**(fields | changed)).build()  # type: ignore[arg-type] # fields by their names


def glibc_loader(name: str) -> str:
    return MACHINES[name][4]


def musl_loader(name: str) -> str:
    return MACHINES[name][5]


def dynamic(name: str, *needed: str, musl: bool = False, **changed: object) -> bytes:
    """A program that a loader of glibc or musl loads."""
    loader = musl_loader(name) if musl else glibc_loader(name)
    return elf(name, interpreter=loader, needed=needed or ("libc.so.6",), **changed)


def library(name: str, soname: str, *needed: str, **changed: object) -> bytes:
    return elf(name, kind=SHARED, soname=soname, needed=needed, **changed)
