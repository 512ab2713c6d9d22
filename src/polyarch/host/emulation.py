"""Which platforms' programs this machine can run, and by what.

Sources: Linux, Documentation/admin-guide/binfmt-misc.rst; QEMU's scripts/qemu-binfmt-conf.sh.
"""

import platform as python_platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.process import find_program
from polyarch.host.qemu import QEMU_NAMES, version_of
from polyarch.oci.platform import Platform, unique

_BINFMT = "proc/sys/fs/binfmt_misc"
_CONTROL_FILES = frozenset({"register", "status"})

_ARM_VARIANTS = ("v5", "v6", "v7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """What runs a foreign platform's programs.

    `binfmt`: the kernel starts `interpreter` by itself; `program`: it must be called with the
    program. `in_containers`: works inside another root filesystem without being put there.
    `version` is QEMU's, as `7.2.22`; empty where it was not asked or its file is not here.
    """

    kind: Literal["binfmt", "program"]
    interpreter: str
    in_containers: bool
    version: str = ""

    @property
    def title(self) -> str:
        """What a person reads: which one, and how it is registered."""
        name = f"QEMU {self.version}" if self.version else Path(self.interpreter).name
        if self.kind == "program":
            return f"{name}, on PATH only: the kernel does not start it"
        flag = "with flag F" if self.in_containers else "without flag F, so not inside containers"
        return f"{name}, registered {flag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What this machine runs.

    `native` is certain. `perhaps` are platforms that processors of this kind often run as well, of
    which nothing here says whether this one does. `binfmt` tells whether the kernel's binfmt_misc
    is mounted and switched on. `programs` maps an architecture to the path of its qemu, `versions`
    an interpreter or program to its version.
    """

    native: tuple[Platform, ...]
    perhaps: tuple[Platform, ...] = ()
    binfmt: bool = False
    entries: tuple[BinfmtEntry, ...] = ()
    programs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def platform(self) -> Platform:
        """The platform that the kernel was built for."""
        return self.native[0]

    def runs_natively(self, platform: Platform) -> bool:
        """Whether programs of `platform` run here without emulation, for certain."""
        return any(platform.satisfies(native) for native in self.native)

    @property
    def emulated(self) -> tuple[Platform, ...]:
        """The platforms whose programs the kernel hands to an emulator, in its entries' order."""
        enabled = [e.architecture for e in self.entries if self.binfmt and e.enabled]
        platforms = (
            Platform.of("linux", architecture, variant)
            for architecture in enabled
            for variant in (_ARM_VARIANTS if architecture == "arm" else ("",))
        )
        return unique(each for each in platforms if not self.runs_natively(each))

    def emulator_for(self, platform: Platform) -> Emulator | None:
        """What would emulate `platform`, the best first; None for native or when nothing does.

        An entry of the kernel with flag F is the best, then one without, then a program on PATH.
        """
        if platform.os != "linux" or self.runs_natively(platform):
            return None
        fitting = [
            entry
            for entry in self.entries
            if self.binfmt and entry.enabled and entry.architecture == platform.architecture
        ]
        for entry in sorted(fitting, key=lambda entry: not entry.fixed):
            return self._emulator("binfmt", entry.interpreter, in_containers=entry.fixed)
        program = self.programs.get(platform.architecture)
        return self._emulator("program", program, in_containers=False) if program else None

    def _emulator(
        self, kind: Literal["binfmt", "program"], interpreter: str, *, in_containers: bool
    ) -> Emulator:
        return Emulator(
            kind=kind,
            interpreter=interpreter,
            in_containers=in_containers,
            version=self.versions.get(interpreter, ""),
        )

    def with_versions(
        self, environment: Mapping[str, str], platforms: Iterable[Platform]
    ) -> "Machine":
        """The same, and which QEMU emulates those platforms: each one is asked, in about 5 ms."""
        emulators = map(self.emulator_for, platforms)
        wanted = dict.fromkeys(each.interpreter for each in emulators if each)
        versions = {path: version_of(path, environment) for path in wanted}
        return replace(self, versions=MappingProxyType({**self.versions, **versions}))


def read_machine(
    environment: Mapping[str, str],
    *,
    root: Path = Path("/"),
    system: str = python_platform.system(),
    machine: str = python_platform.machine(),
) -> Machine:
    """Look at this machine; never fails. `root` is where `proc` stands."""
    if system != "Linux":
        # Containers run in a virtual machine there; its engine must be asked, not this kernel.
        return Machine(native=(Platform.of(system, machine),))
    native, perhaps = _native(machine, root)
    folder = root / _BINFMT
    return Machine(
        native=native,
        perhaps=perhaps,
        binfmt=_read(folder / "status").strip() == "enabled",
        entries=_entries(folder),
        programs=MappingProxyType(_programs(environment)),
    )


def _native(machine: str, root: Path) -> tuple[tuple[Platform, ...], tuple[Platform, ...]]:
    # A 32-bit user space on a 64-bit processor says armv8l; its programs are ARMv7.
    own = Platform.of("linux", "armv7l" if machine == "armv8l" else machine)
    if own.architecture == "amd64":
        old = Platform.of("linux", "386")
        # The kernel has this switch only when it was built to run 32-bit programs
        # (Linux, arch/x86/entry/vdso/vdso32-setup.c).
        known = (root / "proc/sys/abi/vsyscall32").exists()
        return ((own, old), ()) if known else ((own,), (old,))
    if own.architecture == "arm64":
        # Whether the processor still has the 32-bit mode stands in no file: newer ones lack it.
        return (own,), tuple(Platform.of("linux", "arm", each) for each in reversed(_ARM_VARIANTS))
    return (own,), ()


def _entries(folder: Path) -> tuple[BinfmtEntry, ...]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return ()
    found = (
        BinfmtEntry.parse(name, _read(folder / name))
        for name in names
        if name not in _CONTROL_FILES
    )
    return tuple(entry for entry in found if entry)


def _programs(environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for architecture, name in QEMU_NAMES.items():
        # Since Debian 13 the plain name is the static program, with no second one beside it.
        for program in (f"qemu-{name}-static", f"qemu-{name}"):
            path = find_program(program, environment)
            if path:
                found.setdefault(architecture, path)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
