"""Buildah: the image pulled into its store, a container of it for each command, all removed again.

Where it isolates with chroot alone, namespaces of ours are laid around it. Programs write into the
container, which is thrown away: Buildah mounts nothing read-only.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.content.archive import write_archive
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.host.emulation import read_machine
from polyarch.host.process import Finished, find_program, run, stream
from polyarch.host.watched import Bounds, watch
from polyarch.runtimes.base import Ended, Execute, HeldImage, Launch, RuntimeInfo, shell_status
from polyarch.runtimes.emulators import LAST_WORDS, held_open
from polyarch.runtimes.jail import jail
from polyarch.runtimes.versions import number, said_version

NAME = "buildah"
_INSTALL = "install Buildah (Debian: `apt-get install buildah crun`)"
_MINIMUM = (1, 28)
_NO_SUCH_PROGRAM = "/polyarch-probe"
_ISOLATIONS = ("oci", "rootless", "chroot")
_LOAD_S = 1800
_SILENT_TRIES = 2
_ITS_WORDS = re.compile(
    r"^(?:subprocess exited .*|Error: exit status \d+|Error: while running runtime: .*)\n?",
    re.MULTILINE,
)
_SIGNAL = re.compile(r"^subprocess exited on ([a-z ]+)$", re.MULTILINE)
_SIGNALS = {
    "segmentation fault": 11,
    "illegal instruction": 4,
    "aborted": 6,
    "killed": 9,
    "bus error": 7,
    "trace/breakpoint trap": 5,
    "floating point exception": 8,
    "terminated": 15,
}
"""As Go says them (syscall package, `signals`)."""
_FAULT = re.compile(r"process failed to start with error: (.*?)(?:process exited|\n|$)")
_ID = re.compile(r"^[0-9a-f]{64}$")


class Buildah:
    """Runs programs with `buildah run`."""

    name = NAME

    def __init__(self, environment: Mapping[str, str]) -> None:
        config = environment.get("DOCKER_CONFIG")
        absent = config is not None and not Path(config, "config.json").is_file()
        # Buildah stops at one without a file in it (seen in 1.28).
        left_out = {"DOCKER_CONFIG"} if absent else set()
        self._environment = {
            name: value for name, value in environment.items() if name not in left_out
        }

    def probe(self) -> RuntimeInfo:
        """Ask for its version, and try how it can start containers."""
        if find_program(NAME, self._environment) is None:
            return RuntimeInfo(name=NAME, problem="no program `buildah` on PATH", hint=_INSTALL)
        version = said_version(NAME, self._environment)
        title = f"Buildah {version}".rstrip()
        if number(version) < _MINIMUM:
            problem = f"`buildah` is version {version or 'unknown'}, and 1.28 or later is needed"
            return RuntimeInfo(name=NAME, title=title, problem=problem, hint=_INSTALL)
        isolation = _isolation(self._environment)
        if isolation == "chroot" and jail(self._environment) is None:
            return RuntimeInfo(
                name=NAME,
                version=version,
                title=title,
                problem="it can start programs with chroot alone here, and nothing cuts off the "
                "network then",
                hint="use Docker or bubblewrap",
            )
        machine = read_machine(self._environment)
        return RuntimeInfo(
            name=NAME,
            version=version,
            title=f"{title} with {isolation} isolation",
            native=machine.native,
            emulated=tuple(each for each in machine.emulated if held_open(machine, each)),
            perhaps=machine.perhaps,
            guarded=False,
            last=isolation == "chroot",
        )

    @contextlib.contextmanager
    def holding(self, image: HeldImage) -> Iterator[Execute]:
        """Pull the image from an archive, and remove it afterwards.

        Raises:
            EngineUnusableError: it does not take the image, or takes another one for it.
            InterruptedByUserError: everything is being ended.
        """
        isolation = _isolation(self._environment)
        walls = jail(self._environment, network=image.network) if isolation == "chroot" else ()
        held = _Held(
            environment=self._environment,
            image=image,
            isolation=isolation,
            walls=walls or (),
            token=secrets.token_hex(6),
        )
        try:
            held.load()
            yield held.execute
        finally:
            held.remove()


@dataclass(slots=True)
class _Held:
    environment: Mapping[str, str]
    image: HeldImage
    isolation: str
    walls: tuple[str, ...]
    token: str
    _id: str = ""
    _count: int = field(default=0)

    @property
    def _name(self) -> str:
        return f"localhost/polyarch-smoke:{self.token}"

    def load(self) -> None:
        """Have the image under our name.

        Raises:
            EngineUnusableError: Buildah does not take it, or has another one then.
        """
        archive = self.image.folder / "image.tar"
        write_archive(archive, self.image.store, self.image.descriptor, self._name)
        lines: list[str] = []
        try:
            # Behind a colon in the path Buildah would look for an image's name.
            stream(
                ["buildah", "pull", "--quiet", f"docker-archive:{archive.name}"],
                environment=self.environment,
                on_line=lines.append,
                folder=archive.parent,
                timeout_s=_LOAD_S,
            )
        except ProcessFailedError as error:
            problem = f"it does not take the image: {' '.join(error.last_lines)}"
            raise EngineUnusableError(NAME, problem) from error
        finally:
            archive.unlink(missing_ok=True)
        found = next((line for line in reversed(lines) if _ID.match(line)), "")
        config = self.image.unpacked.manifest.config.digest
        if found != config.encoded:
            problem = (
                f"it shows `{found or 'no image'}` after pulling {self.image.descriptor.digest}"
            )
            raise EngineUnusableError(NAME, problem, hint="update it")
        self._id = found

    def remove(self) -> None:
        """Take our name away, and the image with it where it has no other."""
        self._run("rmi", self._name)

    def execute(self, launch: Launch, bounds: Bounds) -> Ended:
        """Run one command in a container of its own.

        With chroot isolation Buildah now and then ends before it has handed on what the command
        said (seen in 1.28 on a busy machine), so that silence is looked at again.

        Raises:
            ProgramNotFoundError, ProcessFailedError, InterruptedByUserError: as `watch`.
        """
        ended = self._execute(launch, bounds)
        for _ in range(_SILENT_TRIES if self.isolation == "chroot" else 0):
            if ended.output or ended.fault or ended.cut:
                break
            ended = self._execute(launch, bounds)
        return ended

    def _execute(self, launch: Launch, bounds: Bounds) -> Ended:
        self._count += 1
        name = f"polyarch-smoke-{self.token}-{self._count}"
        try:
            made = self._run("from", "--pull=never", "--name", name, self._id)
            if made.status != 0:
                said = made.stderr.strip().splitlines()
                return Ended(
                    status=None, output="", seconds=0, fault=said[-1] if said else "it fails"
                )
            ended = watch(
                [*self.walls, *self._words(name, launch)],
                environment=self.environment,
                bounds=bounds,
                last_words=LAST_WORDS if self.image.how == "emulated" else None,
            )
        finally:
            self._run("rm", name)
        said_all = ended.output.decode("utf-8", "replace")
        fault = _FAULT.search(said_all)
        return Ended(
            status=None if ended.cut else _status(shell_status(ended.status), said_all),
            output=_ITS_WORDS.sub("", said_all),
            seconds=ended.seconds,
            cut=ended.cut,
            load=ended.load,
            quiet_s=ended.quiet_s,
            fault=fault[1] if fault and not ended.cut and ended.status == 1 else "",
            dropped=ended.dropped,
        )

    def _words(self, name: str, launch: Launch) -> Iterator[str]:
        yield from ("buildah", "run", "--isolation", self.isolation)
        if not self.image.network and not self.walls:
            yield from ("--network", "none")
        account = launch.account
        yield from ("--user", f"{account.uid}:{account.gid}")
        yield from ("--workingdir", launch.working_dir, "--hostname", "polyarch-smoke")
        for variable, value in launch.variables.items():
            yield from ("--env", f"{variable}={value}")
        yield from (name, "--", *launch.arguments)

    def _run(self, *words: str) -> Finished:
        return _buildah(self.environment, *words)


def _status(status: int, said: str) -> int:
    killed = _SIGNAL.findall(said)
    return 128 + _SIGNALS[killed[-1]] if killed and killed[-1] in _SIGNALS else status


def _isolation(environment: Mapping[str, str]) -> str:
    """What the user set; else Buildah's default if it can start a container here; else chroot."""
    chosen = environment.get("BUILDAH_ISOLATION", "").lower()
    if chosen in _ISOLATIONS:
        return chosen
    made = _buildah(environment, "from", "--pull=never", "scratch")
    container = made.stdout.strip()
    if made.status != 0 or not container:
        return "chroot"
    try:
        tried = _buildah(environment, "run", container, "--", _NO_SUCH_PROGRAM)
    finally:
        _buildah(environment, "rm", container)
    started = _NO_SUCH_PROGRAM in tried.stderr and "not found" in tried.stderr.lower()
    return "oci" if started else "chroot"


def _buildah(environment: Mapping[str, str], *words: str) -> Finished:
    try:
        return run([NAME, *words], environment=environment, check=False, timeout_s=120)
    except PolyarchError as error:
        return Finished(status=1, stdout="", stderr=error.message)
