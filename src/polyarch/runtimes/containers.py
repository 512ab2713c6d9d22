"""Docker and Podman: the image loaded under a name of its own, run by its ID, and removed again.

What an engine shows after loading is compared with what it was given: its ID is the digest of the
config (Docker's own image store, Podman) or of the manifest (containerd's image store).
"""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyarch.content.archive import write_archive
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.host.kin import load
from polyarch.host.process import Finished, run, stream
from polyarch.host.watched import Bounds, Cut, watch
from polyarch.runtimes.base import Ended, Execute, HeldImage, Launch, RuntimeInfo
from polyarch.runtimes.emulators import LAST_WORDS

REPOSITORY = "localhost/polyarch-smoke"
_LOAD_S = 1800
_TMP = "/tmp:rw,exec,nosuid,nodev,size=64m,mode=1777"  # noqa: S108 - of the image
_NOT_STARTED = re.compile(r"^(?:docker: |Error: |Error response from daemon: )", re.MULTILINE)

Probe = Callable[[Mapping[str, str]], RuntimeInfo]


class ContainerEngine:
    """An engine that is driven as `docker` is; `local` says that this machine runs the programs."""

    def __init__(
        self, name: str, environment: Mapping[str, str], probe: Probe, *, local: bool
    ) -> None:
        self.name = name
        self._environment = environment
        self._probe = probe
        self._local = local

    def probe(self) -> RuntimeInfo:
        """Ask the engine."""
        return self._probe(self._environment)

    @contextlib.contextmanager
    def holding(self, image: HeldImage) -> Iterator[Execute]:
        """Load the image, and remove it afterwards.

        Raises:
            EngineUnusableError: it does not take the image, or takes another one for it.
            InterruptedByUserError: everything is being ended.
        """
        held = _Held(
            program=self.name,
            environment=self._environment,
            image=image,
            token=secrets.token_hex(6),
            local=self._local,
        )
        try:
            held.load()
            yield held.execute
        finally:
            held.remove()


@dataclass(slots=True)
class _Held:
    program: str
    environment: Mapping[str, str]
    image: HeldImage
    token: str
    local: bool
    _id: str = ""
    _is_ours: bool = True
    _count: int = field(default=0)

    @property
    def _name(self) -> str:
        return f"{REPOSITORY}:{self.token}"

    def load(self) -> None:
        """Have the image under our name.

        Raises:
            EngineUnusableError: the engine does not take it, or has another one then.
        """
        manifest, config = self.image.descriptor.digest, self.image.unpacked.manifest.config.digest
        ids = (str(config), str(manifest))
        there = next((found for each in ids if (found := self._inspect(each))), None)
        if there and not (there.get("RepoTags") or there.get("RepoDigests")):
            # An image that has no name would vanish together with the one we gave it.
            self._is_ours = False
            self._id = _full(str(there["Id"]))
            return
        if there and self._run("tag", str(there["Id"]), self._name).status == 0:
            self._id = _full(str(there["Id"]))
            return
        archive = self.image.folder / "image.tar"
        write_archive(archive, self.image.store, self.image.descriptor, self._name)
        try:
            self._load(str(archive))
        finally:
            archive.unlink(missing_ok=True)
        loaded = self._inspect(self._name)
        self._id = _full(str(loaded.get("Id"))) if loaded else ""
        if self._id not in ids:
            problem = f"it shows `{self._id or 'no image'}` after loading {manifest}"
            raise EngineUnusableError(self.program, problem, hint="update it")

    def _load(self, archive: str) -> None:
        try:
            stream(
                [self.program, "load", "--input", archive],
                environment=self.environment,
                on_line=lambda _line: None,
                timeout_s=_LOAD_S,
            )
        except ProcessFailedError as error:
            said = " ".join(error.last_lines)
            problem = f"it does not take the image: {said}"
            raise EngineUnusableError(self.program, problem) from error

    def remove(self) -> None:
        """Take our name away, and the image with it where it has no other."""
        if self._is_ours:
            self._run("rmi", self._name)

    def execute(self, launch: Launch, bounds: Bounds) -> Ended:
        """Run one command in a container of its own."""
        self._count += 1
        name = f"polyarch-smoke-{self.token}-{self._count}"
        try:
            made = self._run(*self._create(name, launch, bounds))
            if made.status != 0:
                return Ended(status=None, output="", seconds=0, fault=_last(made.stderr))
            ended = watch(
                [self.program, "start", "--attach", name],
                environment=self.environment,
                bounds=bounds,
                last_words=LAST_WORDS if self.image.how == "emulated" else None,
            )
            state = self._state(name)
            return Ended(
                status=None if ended.cut else _status(state),
                output=ended.output.decode("utf-8", "replace"),
                seconds=ended.seconds,
                cut=ended.cut,
                load=self._load_of(state) if ended.cut is Cut.TIME else None,
                quiet_s=ended.quiet_s,
                fault="" if ended.cut else _fault(state, ended.output),
                out_of_memory=bool(state.get("OOMKilled")),
                dropped=ended.dropped,
            )
        finally:
            self._run("rm", "--force", "--volumes", name)

    def _create(self, name: str, launch: Launch, bounds: Bounds) -> Iterator[str]:
        memory = str(bounds.memory_bytes)
        yield from ("create", "--name", name, "--pull", "never")
        yield from ("--platform", str(self.image.platform), "--hostname", "polyarch-smoke")
        yield from ("--memory", memory, "--memory-swap", memory)
        yield from ("--pids-limit", str(bounds.processes), "--ulimit", "core=0")
        yield from ("--read-only", "--security-opt", "no-new-privileges", "--no-healthcheck")
        yield from ("--log-driver", "json-file", "--log-opt", "max-size=1m")
        if not self.image.network:
            yield from ("--network", "none")
        if not launch.uses("/tmp"):  # noqa: S108 - of the image
            yield from ("--tmpfs", _TMP)
        for variable, value in launch.added.items():
            yield from ("--env", f"{variable}={value}")
        if launch.own:
            yield self._id
        else:
            yield from ("--entrypoint", launch.arguments[0], self._id, *launch.arguments[1:])

    def _inspect(self, image: str) -> dict[str, Any]:
        return _object(self._run("image", "inspect", image).stdout)

    def _state(self, name: str) -> dict[str, Any]:
        state = _object(self._run("inspect", name).stdout).get("State")
        return state if isinstance(state, dict) else {}

    def _load_of(self, state: Mapping[str, Any]) -> float | None:
        """How busy the container is, where its processes are this machine's."""
        leader = state.get("Pid")
        return load(leader) if self.local and isinstance(leader, int) and leader > 1 else None

    def _run(self, *words: str) -> Finished:
        try:
            return run(
                [self.program, *words], environment=self.environment, check=False, timeout_s=120
            )
        except PolyarchError as error:
            return Finished(status=1, stdout="", stderr=error.message)


def _fault(state: Mapping[str, Any], output: bytes) -> str:
    """What the engine says of a command that it could not start, empty for one that it started."""
    if state.get("Error"):
        return str(state["Error"])
    never = state.get("Status") in {"created", "initialized", "configured", None}
    if not never:
        return ""
    text = output.decode("utf-8", "replace")
    return _last(text) or "it does not say why"


def _status(state: Mapping[str, Any]) -> int | None:
    status = state.get("ExitCode")
    return status if isinstance(status, int) else None


def _object(text: str) -> dict[str, Any]:
    try:
        [value] = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _full(identity: str) -> str:
    """Podman leaves the algorithm out."""
    return identity if ":" in identity else f"sha256:{identity}"
