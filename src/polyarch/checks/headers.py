"""Which files are looked into, by how they begin."""

from collections.abc import Sequence

from polyarch.checks import elf, macho, pe
from polyarch.checks.binary import Format, Kind, Program
from polyarch.checks.window import Range, Window
from polyarch.oci.platform import Platform

WASM = b"\0asm"
_WASM_SYSTEMS = ("wasip1", "wasi", "js", "linux")
_WASM_TARGET = Platform(os="", architecture="wasm")

SCRIPT = b"#!"
MAGICS = frozenset({elf.MAGIC, WASM, *macho.MAGICS})
"""Of four bytes; those of two are `SCRIPT` and `pe.MAGIC`."""

HEAD_BYTES = 64 * 1024
"""Of a file that is no ELF, this much is looked at."""


def is_program(head: bytes) -> bool:
    """Whether the first four bytes are those of a program or library of any system."""
    return head in MAGICS or head[:2] == pe.MAGIC


def read_program(window: Window) -> Program | None:
    """What the file is, None where it is no program after all."""
    magic = window.read(0, min(4, window.size)) or b""
    if magic == elf.MAGIC:
        return elf.read_elf(window)
    if magic in macho.MAGICS:
        return macho.read_macho(window)
    if magic[:2] == pe.MAGIC:
        return pe.read_pe(window)
    if magic == WASM:
        return _wasm(window)
    return None


def wanted(window: Window) -> Sequence[Range]:
    """Which pieces of a file tell more than its beginning, as offsets."""
    return elf.wanted(window) if window.read(0, 4) == elf.MAGIC else ()


def _wasm(window: Window) -> Program:
    # A component has another version than a module; both are run by the same runtimes.
    damage = "" if window.read(4, 4) else "it ends within its header"
    return Program(
        format=Format.WASM,
        kind=Kind.PROGRAM,
        systems=_WASM_SYSTEMS,
        targets=(_WASM_TARGET,),
        damage=damage,
    )
