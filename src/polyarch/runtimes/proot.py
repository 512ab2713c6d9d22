"""PRoot: another root for a program by rewriting what it asks the kernel, with no entry anywhere.

Every program goes through QEMU where the platform is foreign, also those of this machine, which
would run natively else. It keeps paths apart and is no wall against a program that wants out.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.errors import EngineUnusableError, PolyarchError
from polyarch.host.emulation import Machine, read_machine
from polyarch.host.process import find_program, run
from polyarch.host.watched import Bounds, watch
from polyarch.oci.platform import Platform
from polyarch.runtimes.base import Ended, Execute, HeldImage, Launch, RuntimeInfo, shell_status
from polyarch.runtimes.emulators import LAST_WORDS
from polyarch.runtimes.jail import jail, powerless
from polyarch.runtimes.versions import number, said_version

NAME = "proot"
_INSTALL = "install PRoot (Debian: `apt-get install proot`)"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_HOST = "/host-rootfs"
"""Where it shows the whole machine to the program when QEMU is used."""
_ITS_WORDS = re.compile(r"^proot (?:info|warning|error): .*\n?", re.MULTILINE)
_ENDS_ALL = (5, 2)
"""The first version that does not wait for what a command leaves behind."""
_SIGNAL = re.compile(r"^proot info: pid \d+: terminated with signal (\d+)$", re.MULTILINE)
_FAULT = re.compile(r"^(?:proot error|fatal error): .*$", re.MULTILINE)
_OF_LOADERS = ("LD_", "GLIBC_", "MALLOC_", "PROOT_", "GCONV_PATH", "LOCPATH", "QEMU_LD_PREFIX")
"""Variables that would change PRoot itself, which is a program of this machine."""


class Proot:
    """Runs programs with `proot`."""

    name = NAME

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def probe(self) -> RuntimeInfo:
        """Ask for its version, and try whether it works."""
        if find_program(NAME, self._environment) is None:
            return RuntimeInfo(name=NAME, problem="no program `proot` on PATH", hint=_INSTALL)
        version = said_version(NAME, self._environment)
        title = f"PRoot {version}".rstrip()
        problem, hint = self._trial()
        if problem:
            return RuntimeInfo(name=NAME, version=version, title=title, problem=problem, hint=hint)
        machine = read_machine(self._environment)
        return RuntimeInfo(
            name=NAME,
            version=version,
            title=title,
            native=machine.native,
            emulated=tuple(_emulated(machine)),
            perhaps=machine.perhaps,
            # Programs that root starts are root's, and it is no wall.
            last=os.geteuid() == 0,
        )

    @contextlib.contextmanager
    def holding(self, image: HeldImage) -> Iterator[Execute]:
        """The unpacked folder is all that it needs.

        Raises:
            EngineUnusableError: nothing shuts the program in any more.
        """
        walls = jail(self._environment, network=image.network)
        taken = powerless(self._environment)
        if walls is None or taken is None:
            raise EngineUnusableError(NAME, "no namespaces can be had any more")
        machine = read_machine(self._environment)
        emulator = machine.programs.get(image.platform.architecture)
        version = number(said_version(NAME, self._environment))
        yield _Traced(
            ends_all=version >= _ENDS_ALL,
            environment=self._environment,
            image=image,
            walls=(*walls, *taken),
            emulator=emulator if image.how == "emulated" else None,
        ).execute

    def _trial(self) -> tuple[str, str]:
        walls = jail(self._environment)
        taken = powerless(self._environment)
        if walls is None or taken is None:
            return (
                "no namespaces can be had here to cut off network and processes",
                "install util-linux 2.36 or later, and let this user make user namespaces",
            )
        try:
            tried = run(
                [*walls, *taken, NAME, "-r", "/", "/bin/true"],
                environment=self._environment,
                check=False,
                timeout_s=20,
            )
        except PolyarchError as error:
            return f"it cannot be started: {error.message}", _INSTALL
        if tried.status == 0:
            return "", ""
        lines = tried.stderr.strip().splitlines()
        return f"it does not work here: {lines[0] if lines else 'it does not say why'}", _INSTALL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traced:
    environment: Mapping[str, str]
    image: HeldImage
    walls: tuple[str, ...]
    ends_all: bool
    emulator: str | None

    def execute(self, launch: Launch, bounds: Bounds) -> Ended:
        """Run one command.

        Raises:
            ProgramNotFoundError, ProcessFailedError, InterruptedByUserError: as `watch`.
        """
        own = find_program(NAME, self.environment) or NAME
        ended = watch(
            [*self.walls, own, *self._options(launch), *launch.arguments],
            environment=self._variables(launch),
            bounds=bounds,
            tools=self.environment,
            last_words=LAST_WORDS if self.emulator else None,
        )
        said = ended.output.decode("utf-8", "replace")
        status = shell_status(ended.status)
        killed = _SIGNAL.findall(said)
        if status == 255 and killed:  # noqa: PLR2004 - what it ends with then
            status = 128 + int(killed[-1])
        fault = _FAULT.search(said)
        return Ended(
            status=None if ended.cut else status,
            output=_ITS_WORDS.sub("", said),
            seconds=ended.seconds,
            cut=ended.cut,
            load=ended.load,
            quiet_s=ended.quiet_s,
            fault=fault[0] if fault and status == 1 else "",
            dropped=ended.dropped,
        )

    def _options(self, launch: Launch) -> Iterator[str]:
        account = launch.account
        if self.emulator:
            hidden = self._folder("host")
            yield from ("-q", self.emulator, "-b", f"{hidden}:{_HOST}")
            yield from ("-b", f"{self.emulator}:{_HOST}{self.emulator}")
        yield from ("-r", str(self.image.unpacked.root.folder))
        if self.ends_all:
            yield "--kill-on-exit"
        yield from ("-i", f"{account.uid}:{account.gid}", "-w", launch.working_dir)
        for device in ("/proc", *_DEVICES):
            yield from ("-b", device)
        if not launch.uses("/tmp"):  # noqa: S108 - of the image
            yield from ("-b", f"{self._folder('tmp')}:/tmp")

    def _variables(self, launch: Launch) -> dict[str, str]:
        kept = {
            name: value
            for name, value in launch.variables.items()
            if not name.startswith(_OF_LOADERS)
        }
        # Programs of this machine run natively without it, whatever the image is for.
        forced = {"PROOT_FORCE_FOREIGN_BINARY": "1"} if self.emulator else {}
        return {**kept, **forced, "PROOT_TMP_DIR": str(self._folder("proot"))}

    def _folder(self, name: str) -> Path:
        folder = self.image.folder / name
        folder.mkdir(exist_ok=True)
        return folder


def _emulated(machine: Machine) -> Iterator[Platform]:
    """It needs QEMU as a program, and no entry of the kernel."""
    for architecture in sorted(machine.programs):
        variants = ("v5", "v6", "v7") if architecture == "arm" else ("",)
        for variant in variants:
            platform = Platform.of("linux", architecture, variant)
            if not machine.runs_natively(platform):
                yield platform
