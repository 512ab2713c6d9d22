"""Reading an ELF file: what it was compiled for, its loader and the libraries that it names.

Source: the gABI ("ELF Header", "Program Header", "Dynamic Section"). Every number in the file is
somebody's claim: nothing is allocated, looped over or followed beyond the bounds here.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyarch.checks import arm, machines
from polyarch.checks.binary import Format, Kind, Program
from polyarch.checks.elf_links import Links, read_links
from polyarch.checks.window import Range, Window
from polyarch.oci.platform import Platform

MAGIC = b"\x7fELF"
MAX_SEGMENTS = 512
MAX_SECTIONS = 8192
MAX_PIECE = 2 * 1024 * 1024

_BITS = {1: 32, 2: 64}
_ORDERS = {1: machines.LITTLE, 2: machines.BIG}
_MARKS = {machines.LITTLE: "<", machines.BIG: ">"}
_RELOCATABLE, _EXECUTABLE, _SHARED, _CORE = 1, 2, 3, 4
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3

_SYSTEMS: Mapping[int, tuple[str, ...]] = {
    2: ("netbsd",),
    3: ("linux", "android"),
    6: ("solaris", "illumos"),
    9: ("freebsd",),
    12: ("openbsd",),
}
"""By EI_OSABI; others do not tell: 0 stands in the programs of Linux and of most others."""
_UNTOLD = ("linux", "android", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the numbers of a class and byte order lie: header, segment, section, dynamic entry."""

    header: struct.Struct
    segment: struct.Struct
    section: struct.Struct
    dynamic: struct.Struct
    wide: bool

    @classmethod
    def of(cls, bits: int, order: str) -> "Layout":
        """The layout of one of the four."""
        mark, word = _MARKS[order], "I" if bits == 32 else "Q"  # noqa: PLR2004 - a class
        segment = "IIIIIIII" if word == "I" else "IIQQQQQQ"
        return cls(
            header=struct.Struct(f"{mark}HHI{word}{word}{word}IHHHHHH"),
            segment=struct.Struct(f"{mark}{segment}"),
            section=struct.Struct(f"{mark}II{word}{word}{word}{word}II{word}{word}"),
            dynamic=struct.Struct(f"{mark}{word}{word}"),
            wide=word == "Q",
        )


_LAYOUTS = {(b, o): Layout.of(b, o) for b in _BITS.values() for o in _ORDERS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the file and where it lies in memory."""

    kind: int
    offset: int
    address: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The fixed part of the file; `segments` are None where they are not at hand."""

    layout: Layout
    bits: int
    order: str
    osabi: int
    kind: int
    machine: int
    flags: int
    sections_at: int
    section_count: int
    names_index: int
    segments: tuple[Segment, ...] | None = None
    damage: str = field(default="")


def read_elf(window: Window) -> Program:
    """What the file says, as far as it is at hand; what is broken stands in `damage`."""
    header = _header(window)
    if isinstance(header, str):
        return Program(format=Format.ELF, kind=Kind.OBJECT, damage=header)
    program = _plain(header)
    if program.damage or program.device or program.kind in {Kind.OBJECT, Kind.CORE}:
        return program
    links = _links(window, header)
    variant = _arm_variant(window, header) if header.machine == machines.ARM else ""
    if variant == "microcontroller":
        program = replace(program, device="ARM microcontrollers")
    elif variant:
        targets = tuple(replace(target, variant=variant) for target in program.targets)
        program = replace(program, targets=targets)
    return replace(
        program,
        kind=_kind(header, links),
        damage=links.damage,
        complete=links.complete and header.segments is not None,
        interpreter=links.interpreter,
        needed=links.needed,
        soname=links.soname,
        rpath=links.rpath,
        runpath=links.runpath,
    )


def wanted(window: Window) -> Sequence[Range]:
    """Which pieces beyond the beginning tell more; empty where the beginning says it all."""
    header = _header(window)
    if isinstance(header, str) or not header.segments:
        return ()
    pieces = [
        (each.offset, each.offset + each.size)
        for each in header.segments
        # What patchelf adds is a small segment at the end, with the names of libraries in it.
        if each.kind in {_DYNAMIC, _LOAD, _INTERPRETER} and each.size <= MAX_PIECE
    ]
    if header.machine == machines.ARM:
        pieces += [(at, at + size) for at, size in _telling_sections(window, header)]
    return sorted(pieces) if _is_dynamic(header) or header.machine == machines.ARM else ()


def _is_dynamic(header: Header) -> bool:
    return any(each.kind in {_DYNAMIC, _INTERPRETER} for each in header.segments or ())


def _header(window: Window) -> Header | str:
    ident = window.read(0, 16)
    if ident is None:
        return "it ends within its header"
    bits, order = _BITS.get(ident[4]), _ORDERS.get(ident[5])
    if bits is None or order is None or ident[6] != 1:
        return "its class, byte order or version is none that exists"
    layout = _LAYOUTS[bits, order]
    rest = window.read(16, layout.header.size)
    if rest is None:
        return "it ends within its header"
    kind, machine, version, _, programs, sections, flags, _, *counts = layout.header.unpack(rest)
    p_size, p_count, s_size, s_count, names = counts
    if version != 1:
        return f"its version is {version}"
    segments = _segments(window, layout, (programs, p_size, p_count), kind)
    if isinstance(segments, str):
        return segments
    return Header(
        layout=layout,
        bits=bits,
        order=order,
        osabi=ident[7],
        kind=kind,
        machine=machine,
        flags=flags,
        sections_at=sections,
        section_count=s_count if s_size == layout.section.size else 0,
        names_index=names,
        segments=segments,
    )


def _segments(
    window: Window, layout: Layout, table: tuple[int, int, int], kind: int
) -> tuple[Segment, ...] | str | None:
    start, size, count = table
    if kind in {_RELOCATABLE, _CORE} or not count:
        return "it has nothing to load" if kind == _EXECUTABLE else ()
    if size != layout.segment.size:
        return f"its program headers have {size} bytes each"
    if start + size * count > window.size:
        return "its program headers lie beyond its end"
    if count > MAX_SEGMENTS:
        return f"it has {count} program headers"
    data = window.read(start, size * count)
    if data is None:
        return None
    return tuple(_segment(layout, fields) for fields in layout.segment.iter_unpack(data))


def _segment(layout: Layout, fields: tuple[int, ...]) -> Segment:
    if layout.wide:
        kind, _, offset, address, _, size, *_ = fields
    else:
        kind, offset, address, _, size, *_ = fields
    return Segment(kind=kind, offset=offset, address=address, size=size)


def _plain(header: Header) -> Program:
    kind = {_RELOCATABLE: Kind.OBJECT, _CORE: Kind.CORE, _EXECUTABLE: Kind.PROGRAM}.get(
        header.kind, Kind.LIBRARY
    )
    name = machines.architecture(header.machine, header.bits, header.order, header.flags)
    damage = ""
    device = machines.DEVICES.get(header.machine, "")
    if not name and not device:
        damage = f"no machine {header.machine} is {header.bits}-bit and {header.order}-endian"
    if header.kind not in {_RELOCATABLE, _EXECUTABLE, _SHARED, _CORE}:
        damage = f"it is of no kind that exists ({header.kind})"
    return Program(
        format=Format.ELF,
        kind=kind,
        systems=_SYSTEMS.get(header.osabi, _UNTOLD),
        targets=(Platform(os="", architecture=name),) if name else (),
        bits=header.bits,
        order=header.order,
        notes=machines.notes(header.machine, header.flags),
        device=device,
        damage=damage,
    )


def _kind(header: Header, links: Links) -> Kind:
    """A library may name a loader, as libc does, and a program without one be made like a library.

    Source of the flag: DF_1_PIE, which linkers set since binutils 2.26.
    """
    if header.kind == _EXECUTABLE or links.is_pie:
        return Kind.PROGRAM
    return Kind.PROGRAM if links.interpreter and not links.soname else Kind.LIBRARY


def _links(window: Window, header: Header) -> Links:
    segments = header.segments or ()
    for each in segments:
        if each.offset + each.size > window.size and each.kind in {_LOAD, _DYNAMIC, _INTERPRETER}:
            return Links(damage="it is cut off: a part to load lies beyond its end")
    of_kind = {each.kind: (each.offset, each.size) for each in segments}
    loads = [(each.address, each.offset, each.size) for each in segments if each.kind == _LOAD]
    return read_links(
        window,
        header.layout.dynamic,
        interpreter=of_kind.get(_INTERPRETER),
        dynamic=of_kind.get(_DYNAMIC),
        loads=loads,
    )


def _arm_variant(window: Window, header: Header) -> str:
    for at, size in _telling_sections(window, header):
        section = window.read(at, size) or b""
        if found := arm.from_attributes(section) or arm.from_buildinfo(section):
            return found
    return ""


def _telling_sections(window: Window, header: Header) -> list[tuple[int, int]]:
    """Where ARM's attributes and Go's build information lie, as offset and size."""
    count, layout = header.section_count, header.layout.section
    if not 0 < count <= MAX_SECTIONS:
        return []
    table = window.read(header.sections_at, count * layout.size)
    if table is None:
        return []
    sections = [*layout.iter_unpack(table)]
    names = sections[header.names_index] if header.names_index < count else None
    found = [
        (fields[4], min(fields[5], arm.MAX_SECTION))
        for fields in sections
        if fields[1] == arm.ATTRIBUTES_SECTION or _is_buildinfo(window, names, fields[0])
    ]
    return [(at, min(size, window.size - at)) for at, size in found if at < window.size]


def _is_buildinfo(window: Window, names: tuple[int, ...] | None, name: int) -> bool:
    wanted_name = arm.BUILDINFO_SECTION + b"\0"
    return names is not None and window.read(names[4] + name, len(wanted_name)) == wanted_name
