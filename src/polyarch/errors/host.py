"""What this machine lacks or refuses."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


class HostError(PolyarchError):
    """This machine lacks something that the work needs."""

    code = "host"


class CertificatesNotFoundError(HostError):
    """An image is to trust this machine's authorities, or those of a file, and there are none."""

    code = "certificates-not-found"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"no CA certificates for an image: {reason}",
            where=place,
            hint="install `ca-certificates`, name a PEM file of the project in `ca-certificates`"
            " of the table `direct`, or set it to `false`",
        )


class ProgramNotFoundError(HostError):
    """A program that must run is not on PATH, or cannot be started."""

    code = "program-not-found"

    def __init__(
        self, program: str, *, problem: str | None = None, named_by: str | None = None
    ) -> None:
        absent = f"install `{program}`, or run `polyarch doctor`"
        super().__init__(
            f"the program `{program}` {problem or 'is not on PATH'}",
            where=f"{named_by}, on this machine" if named_by else "this machine",
            hint=f"see that `{program}` can be run by hand from the same folder"
            if problem
            else absent,
        )
        self.program = program


class NotRunError(HostError):
    """A program of an image that was to be started, and was only looked at."""

    code = "not-run"

    def __init__(self, subject: str, platform: str, reason: str, *, hint: str) -> None:
        super().__init__(
            f"inspected only, not run: {shorten(reason, 300)}",
            where=f"{subject}, {platform}",
            hint=hint or "install bubblewrap and QEMU; `--level deep` asks for no run",
        )


class UnsupportedProxyError(HostError):
    """A proxy setting that cannot be used; the text of the setting may hold a password."""

    code = "unsupported-proxy"

    def __init__(self, variable: str, scheme: str) -> None:
        super().__init__(
            f"the proxy in `{variable}` cannot be used: its scheme is `{shorten(scheme)}`",
            where="the environment",
            hint="only `http://host:port` proxies are understood (they carry HTTPS as well)",
        )


class CallFailedError(HostError):
    """A web service that was asked by the way gave no usable answer."""

    code = "call-failed"

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(
            f"`{shorten(host)}` was asked and gave no answer: {shorten(problem)}",
            where=shorten(host),
            hint="see that it can be reached from here, through which proxy, and with which token",
        )
        self.problem = shorten(problem)


class EngineUnusableError(HostError):
    """An engine that is absent, too old, or set up so that it cannot do the work."""

    code = "engine-unusable"

    def __init__(self, engine: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"the engine `{engine}` cannot be used: {problem}",
            where="this machine",
            hint=hint or "run `polyarch doctor`",
        )
        self.engine = engine


class EventFileError(HostError):
    """The file in which the CI describes its event is broken."""

    code = "event-file"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"the event file cannot be used: {problem}",
            where=f"GITHUB_EVENT_PATH, `{shorten(path)}`",
            hint="unset GITHUB_EVENT_PATH, or let it name the JSON object that the CI wrote",
        )


class GitRefusedError(HostError):
    """Git does not read a folder that belongs to somebody else (safe.directory)."""

    code = "git-refused"

    def __init__(self, folder: str) -> None:
        super().__init__(
            "git does not trust this folder: it belongs to another user",
            where=folder,
            hint=f"run `git config --global --add safe.directory {shorten(folder)}`",
        )


class NoEngineError(EngineUnusableError):
    """No engine that could do it can be used; `problems` are (engine, what is wrong).

    `task` is `build` an image or `load` it into an engine's store.
    """

    code = "no-engine"

    def __init__(
        self, image: str, problems: Sequence[tuple[str, str]], *, hint: str, task: str = "build"
    ) -> None:
        listed = "".join(f"\n  `{engine}`: {problem}" for engine, problem in problems)
        PolyarchError.__init__(
            self, f"no engine can {task} `{image}` here{listed}", where="this machine", hint=hint
        )
        self.engine = ", ".join(engine for engine, _ in problems)


class EmulatorMissingError(EngineUnusableError):
    """Programs of a platform must be executed, and this machine cannot.

    `found` is what this machine says about it, where it builds itself.
    """

    code = "emulator-missing"

    def __init__(
        self, engine: str, platform: str, *, log: str | None = None, found: str = ""
    ) -> None:
        super().__init__(
            engine,
            f"programs of `{platform}` cannot be executed where it builds (exec format error)"
            + (f"; {found}" if found else ""),
            hint=(
                "`polyarch doctor --fix` there registers emulators (by hand: `apt-get install "
                "qemu-user-static binfmt-support`, or `docker run --privileged --rm "
                "tonistiigi/binfmt --install all`); or let the Dockerfile cross-compile in a "
                "`FROM --platform=$BUILDPLATFORM` stage"
                + (f"; the whole log is `{log}`" if log else "")
            ),
        )


class StorageError(HostError):
    """A disk that is full, read-only or gone."""

    code = "storage"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write: {reason}",
            where=path,
            hint=f"{_room(reason)}; nothing half-written was kept",
        )


class MachineRefusedError(HostError):
    """A system call that is refused for want of rights, or of one of the system's bounds."""

    code = "machine-refused"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"this machine refuses: {reason}",
            where=path,
            hint="see who may read and write there; `ulimit -a` shows the bounds of this shell",
        )


class PortTakenError(HostError):
    """A sandbox registry cannot listen where it should."""

    code = "port-taken"

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"a sandbox registry cannot listen on `{address}`: {reason}",
            where="this machine",
            hint="stop what listens there, name another port, or leave the port out for a free one",
        )


class SandboxBusyError(HostError):
    """The folder of sandbox registries is in another process's hands."""

    code = "sandbox-busy"

    def __init__(self, folder: str) -> None:
        super().__init__(
            "another polyarch runs the sandbox registries of this project",
            where=folder,
            hint="stop it: `polyarch sandbox` runs until Ctrl-C; `--memory` needs no folder",
        )


class SandboxStoppedError(HostError):
    """The address of a sandbox registry was asked for before it was started."""

    code = "sandbox-stopped"

    def __init__(self) -> None:
        super().__init__(
            "this sandbox registry has no address yet: it was never started",
            hint="start it first, or give it a fixed port",
        )


def _room(reason: str) -> str:
    """What helps a disk that cannot be written."""
    if any(word in reason.lower() for word in ("space", "quota", "large")):
        return "free some space"
    return "see who may write there, and whether the disk is mounted for writing"
