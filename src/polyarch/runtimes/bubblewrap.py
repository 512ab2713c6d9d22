"""bubblewrap: namespaces of its own around an unpacked image, as root and as anybody else."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.host.emulation import Machine, read_machine
from polyarch.host.process import find_program, run
from polyarch.host.watched import Bounds, watch
from polyarch.oci.platform import Platform
from polyarch.runtimes.base import Ended, Execute, HeldImage, Launch, RuntimeInfo, shell_status
from polyarch.runtimes.emulators import LAST_WORDS, held_open
from polyarch.runtimes.preparing import folder_for
from polyarch.runtimes.versions import number, said_version

NAME = "bubblewrap"
PROGRAM = "bwrap"
_INSTALL = "install bubblewrap (Debian: `apt-get install bubblewrap`)"
_ALLOW = (
    "let this user make user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, "
    "`kernel.apparmor_restrict_unprivileged_userns=0`, or a container that is allowed to)"
)
_NO_USERNS = (0, 8)
"""The first version that takes further user namespaces from the program."""
_CLEAN = (0, 5)
"""The first version that forgets the environment, and sets the rights of what it mounts."""
_TMP_BYTES = 64 << 20
_ABSENT = "bwrap: execvp "
_SETTINGS = ("sys", "sysrq-trigger", "acpi", "asound", "fs", "scsi")


class Bubblewrap:
    """Runs programs with `bwrap`."""

    name = NAME

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def probe(self) -> RuntimeInfo:
        """Ask for its version, and try whether namespaces can be had."""
        if find_program(PROGRAM, self._environment) is None:
            return RuntimeInfo(name=NAME, problem=f"no program `{PROGRAM}` on PATH", hint=_INSTALL)
        version = said_version(PROGRAM, self._environment)
        title = f"bubblewrap {version}".rstrip()
        if number(version) < _CLEAN:
            problem = f"`{PROGRAM}` is version {version or 'unknown'}, and 0.5 or later is needed"
            return RuntimeInfo(name=NAME, title=title, problem=problem, hint=_INSTALL)
        if refused := self._trial():
            return RuntimeInfo(
                name=NAME, version=version, title=title, problem=refused, hint=_ALLOW
            )
        machine = read_machine(self._environment)
        return RuntimeInfo(
            name=NAME,
            version=version,
            title=title,
            native=machine.native,
            emulated=tuple(_emulated(machine)),
            perhaps=machine.perhaps,
        )

    @contextlib.contextmanager
    def holding(self, image: HeldImage) -> Iterator[Execute]:
        """The unpacked folder is all that it needs."""
        version = number(said_version(PROGRAM, self._environment))
        wrapped = _Wrapped(environment=self._environment, image=image, version=version)
        yield wrapped.execute

    def _trial(self) -> str | None:
        # Nothing of this machine is in it: mounts that come and go would be its troubles, too.
        words = (PROGRAM, *_NAMESPACES, "--uid", "1", "--gid", "1")
        try:
            tried = run(
                [*words, "--proc", "/proc", "--dev", "/dev", "--", "/nothing"],
                environment=self._environment,
                check=False,
                timeout_s=20,
            )
        except PolyarchError as error:
            return f"it cannot be started: {error.message}"
        lines = tried.stderr.strip().splitlines()
        if tried.status == 0 or _ABSENT in tried.stderr:
            return None
        return f"no namespaces can be had here: {lines[-1] if lines else 'it does not say why'}"


_NAMESPACES = ("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapped:
    environment: Mapping[str, str]
    image: HeldImage
    version: tuple[int, ...]

    def execute(self, launch: Launch, bounds: Bounds) -> Ended:
        """Run one command.

        Raises:
            ProgramNotFoundError, ProcessFailedError, InterruptedByUserError: as `watch`.
        """
        emulated = self.image.how == "emulated"
        ended = watch(
            [PROGRAM, *self._options(launch), "--", *launch.arguments],
            environment={"PATH": self.environment.get("PATH", "")},
            bounds=bounds,
            last_words=LAST_WORDS if emulated else None,
        )
        output = ended.output.decode("utf-8", "replace")
        last = output.rstrip("\n").rpartition("\n")[2]
        # Nothing but its own words tell a command that it could not start from one that failed.
        fault = last if ended.status == 1 and last.startswith("bwrap: ") else ""
        return Ended(
            status=None if ended.cut else shell_status(ended.status),
            output=output,
            seconds=ended.seconds,
            cut=ended.cut,
            load=ended.load,
            quiet_s=ended.quiet_s,
            fault=fault,
            dropped=ended.dropped,
        )

    def _options(self, launch: Launch) -> Iterator[str]:
        root = self.image.unpacked.root
        yield from _NAMESPACES
        if self.version >= _NO_USERNS:
            yield "--disable-userns"
        if self.image.network:
            yield "--share-net"
        yield from ("--uid", str(launch.account.uid), "--gid", str(launch.account.gid))
        yield from ("--hostname", "polyarch-smoke", "--ro-bind", str(root.folder), "/")
        yield from self._mounts(launch)
        yield from ("--chdir", launch.working_dir, "--clearenv")
        for name, value in launch.variables.items():
            yield from ("--setenv", name, value)

    def _mounts(self, launch: Launch) -> Iterator[str]:
        root = self.image.unpacked.root
        for kind, path in (("--proc", "/proc"), ("--dev", "/dev")):
            if real := folder_for(root, path):
                yield from (kind, real)
                yield from _kept(real) if path == "/proc" else ()
        tmp = folder_for(root, "/tmp", 0o1777)  # noqa: S108 - of the image
        # What the image runs from there would be hidden.
        if tmp and not launch.uses(tmp):
            yield from ("--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", tmp)


def _kept(proc: str) -> Iterator[str]:
    """Keep the kernel's settings from being written.

    Where root starts it, every user in the namespace is root to the kernel, which asks nothing else
    of who writes to /proc/sys; bubblewrap looks at the folder's rights alone.
    """
    for name in _SETTINGS:
        yield from ("--ro-bind-try", f"/proc/{name}", f"{proc}/{name}")


def _emulated(machine: Machine) -> Iterator[Platform]:
    return (each for each in machine.emulated if held_open(machine, each))
