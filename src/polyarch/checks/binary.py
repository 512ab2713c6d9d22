"""A program or library as its header tells of it: what it was compiled for, what it asks for."""

from dataclasses import dataclass, replace
from enum import StrEnum

from polyarch.oci.platform import Platform


class Format(StrEnum):
    """The form of the file, in the word that people use for it."""

    ELF = "ELF"
    MACH_O = "Mach-O"
    PE = "PE"
    WASM = "WebAssembly"


class Kind(StrEnum):
    """What the file is for."""

    PROGRAM = "program"
    LIBRARY = "shared library"
    OBJECT = "object file"
    CORE = "core dump"


class Misfit(StrEnum):
    """Why a program cannot run on a platform; the values are codes of findings."""

    SYSTEM = "wrong-system"
    ARCHITECTURE = "wrong-architecture"
    VARIANT = "wrong-variant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a header says; nothing of it was run.

    `systems` are the operating systems that may load it, in Go's names; `targets` the architectures
    it has code for (several in a fat Mach-O), each with the variant where the file tells one.
    `device` says that it is no code for the machine's processor: of a GPU, a microcontroller,
    firmware, or managed code. `damage` says why it cannot be loaded at all. `complete` is false
    where what it is linked with lies in parts that were not at hand.
    """

    format: Format
    kind: Kind
    systems: tuple[str, ...] = ()
    targets: tuple[Platform, ...] = ()
    bits: int = 0
    order: str = ""
    notes: tuple[str, ...] = ()
    device: str = ""
    damage: str = ""
    complete: bool = True
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """In a few words, as in `ELF program for arm/v7, hard float`."""
        return f"{self.format} {self.kind} {self._made_for}"

    @property
    def description(self) -> str:
        """In a line, as `file` would say it."""
        width = [f"{self.bits}-bit"] if self.bits else []
        order = [f"{self.order}-endian"] if self.order else []
        return ", ".join(
            [" ".join([self.format, *width, *order, self.kind, self._made_for]), *self._linked]
        )

    @property
    def _made_for(self) -> str:
        if self.damage:
            return f"that is damaged: {self.damage}"
        if self.device:
            return f"for {self.device}"
        names = " and ".join(dict.fromkeys(map(_name, self.targets)))
        return ", ".join([f"for {names or 'no known machine'}", *self.notes])

    @property
    def _linked(self) -> tuple[str, ...]:
        if self.format is not Format.ELF or self.kind in {Kind.OBJECT, Kind.CORE}:
            return ()
        if self.interpreter:
            return ("dynamically linked", f"loader {self.interpreter}")
        return ("dynamically linked",) if self.needed else ("statically linked",)

    def misfit(self, platform: Platform) -> Misfit | None:
        """Why it cannot be loaded on the platform; None where it can, or is for no processor."""
        if self.device:
            return None
        if self.systems and platform.os not in self.systems:
            return Misfit.SYSTEM
        same = [target for target in self.targets if target.architecture == platform.architecture]
        if not same:
            return Misfit.ARCHITECTURE
        fits = any(replace(target, os=platform.os).satisfies(platform) for target in same)
        return None if fits else Misfit.VARIANT

    def loads(self, library: "Program") -> bool:
        """Whether this program's loader takes the library for one of its kind.

        glibc and musl pass over files of another class, byte order or machine; glibc's of ARM also
        over those of the other float ABI.
        """
        if library.damage or library.kind not in {Kind.LIBRARY, Kind.PROGRAM}:
            return False
        mine, its = _machine(self), _machine(library)
        return mine == its and not (
            _float(self) and _float(library) and _float(self) != _float(library)
        )


HARD_FLOAT, SOFT_FLOAT = "hard float", "soft float"


def _machine(program: Program) -> tuple[object, ...]:
    return (
        program.format,
        program.bits,
        program.order,
        {target.architecture for target in program.targets},
    )


def _float(program: Program) -> str:
    return next((note for note in program.notes if note in {HARD_FLOAT, SOFT_FLOAT}), "")


def _name(target: Platform) -> str:
    return str(target) if target.os else str(target).lstrip("/")
