"""What `docker` and its buildx plugin say of themselves."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from polyarch.engines.base import EngineInfo
from polyarch.engines.buildx_inspect import Builder
from polyarch.engines.faults import (
    ENABLE_CONTAINERD_STORE,
    INSTALL_BUILDX,
    MAY_USE_SOCKET,
    REACH_DAEMON,
    diagnose,
)
from polyarch.engines.version import Version
from polyarch.errors import PolyarchError
from polyarch.host.process import Finished, find_program, run
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform, unique

NAME = "buildx"
MINIMUM = Version((0, 10, 0))
"""The first with `--provenance` and with OCI layouts written as folders (`tar=false`)."""
RAW_JSON = Version((0, 13, 0))
"""The first with `--progress rawjson`."""

INSTALL_DOCKER = (
    "install Docker Engine with buildx (Debian: `apt-get install docker.io docker-buildx`), or "
    "Buildah (`apt-get install buildah`)"
)


Question = tuple[str, ...]
VERSION: Question = ("docker", "buildx", "version")
INFO: Question = ("docker", "info", "--format", "{{json .}}")


class Probe:
    """One look at docker: each question is asked once, the first bad answer is the problem.

    All that are likely to be needed are asked at once: for each of them docker starts its plugins.
    """

    def __init__(self, environment: Mapping[str, str], builder: str | None) -> None:
        self._environment = environment
        self._wanted = builder
        self._details: dict[str, str] = {}
        self._version = ""
        self._asked: dict[Question, Future[Finished]] = {}

    def ask(self) -> EngineInfo:
        """Everything there is to know; never raises."""
        if find_program("docker", self._environment) is None:
            return self._bad("the program `docker` is not on PATH", INSTALL_DOCKER)
        pool = ThreadPoolExecutor(max_workers=3)
        self._asked = {each: pool.submit(self._answer, *each) for each in self._likely()}
        pool.shutdown(wait=False)
        return self._plugin() or self._builder()

    def _likely(self) -> Sequence[Question]:
        """What is asked before it is known whether it has to be."""
        return (VERSION, self._inspection, INFO)

    def _plugin(self) -> EngineInfo | None:
        """What is wrong with buildx on this machine."""
        answer = self._run(*VERSION)
        found = Version.find(answer.stdout)
        if answer.status != 0 or found is None:
            return self._bad("the buildx plugin of docker is absent", INSTALL_BUILDX)
        self._version = self._details["buildx"] = str(found)
        if found < MINIMUM:
            problem = f"`docker buildx` is version {found}, and {MINIMUM} or later is needed"
            return self._bad(problem, INSTALL_BUILDX)
        return None

    def _builder(self) -> EngineInfo:
        answer = self._inspect()
        if answer.status != 0:
            return self._from_words(answer, "the builder cannot be inspected")
        builder = self._parsed(answer)
        return self._docker(builder) if builder.driver == "docker" else self._remote(builder)

    def _parsed(self, answer: Finished) -> Builder:
        builder = Builder.parse(answer.stdout)
        self._details |= {"builder": builder.name, "driver": builder.driver}
        self._details |= {"buildkit": builder.buildkit, "status": builder.status}
        return builder

    def _daemon(self) -> JsonObject | EngineInfo:
        """What the Docker daemon says of itself, or that it says nothing."""
        answer = self._run(*INFO)
        daemon = _json(answer.stdout)
        if answer.status != 0 or not daemon.get("ServerVersion"):
            return self._from_words(answer, "the Docker daemon does not answer", REACH_DAEMON)
        return daemon

    def _docker(self, builder: Builder, daemon: JsonObject | None = None) -> EngineInfo:
        told = daemon or self._daemon()
        if isinstance(told, EngineInfo):
            return told
        daemon = told
        store = "containerd" if _has_containerd_store(daemon) else "classic"
        self._details |= {"docker": str(daemon["ServerVersion"]), "store": store}
        native = daemon_platform(daemon) or builder.native
        if store == "classic":
            return self._bad(
                "Docker's classic image store can neither write OCI images nor build on local ones",
                ENABLE_CONTAINERD_STORE,
                native=native,
            )
        return self._good("with the containerd image store", native, builder)

    def _remote(self, builder: Builder) -> EngineInfo:
        if builder.problem:
            if fault := diagnose([builder.problem]):
                return self._bad(fault.problem, fault.hint)
            problem = f"the builder `{builder.name}` does not work: {builder.problem}"
            return self._bad(problem, "`docker buildx inspect --bootstrap` tries it again")
        return self._good(
            f"with the {builder.driver} builder {builder.name}", builder.native, builder
        )

    def _good(self, manner: str, native: tuple[Platform, ...], builder: Builder) -> EngineInfo:
        same = {(platform.os, platform.architecture) for platform in native}
        own = tuple(p for p in builder.listed if (p.os, p.architecture) in same)
        return EngineInfo(
            name=NAME,
            version=self._version,
            title=f"docker buildx {self._version} {manner}",
            native=unique((*native, *own)),
            emulated=tuple(p for p in builder.listed if (p.os, p.architecture) not in same),
            details=dict(self._details),
        )

    def _bad(self, problem: str, hint: str, *, native: tuple[Platform, ...] = ()) -> EngineInfo:
        return EngineInfo(
            name=NAME,
            version=self._version,
            title=f"docker buildx {self._version}".rstrip(),
            problem=problem,
            hint=hint,
            native=native,
            details=dict(self._details),
        )

    def _from_words(self, answer: Finished, problem: str, hint: str = "") -> EngineInfo:
        text = f"{answer.stderr}\n{answer.stdout}"
        if "permission denied" in text and "docker" in text.lower():
            return self._bad("you may not use the socket of the Docker daemon", MAY_USE_SOCKET)
        if fault := diagnose(text.splitlines()):
            return self._bad(fault.problem, fault.hint)
        told = next((line for line in answer.stderr.splitlines() if line.strip()), "")
        return self._bad(f"{problem}: {told}" if told else problem, hint or INSTALL_DOCKER)

    def _inspect(self) -> Finished:
        return self._run(*self._inspection)

    @property
    def _inspection(self) -> Question:
        return ("docker", "buildx", "inspect", *filter(None, [self._wanted]))

    def _run(self, *arguments: str) -> Finished:
        asked = self._asked.pop(arguments, None)
        return asked.result() if asked else self._answer(*arguments)

    def _answer(self, *arguments: str) -> Finished:
        try:
            return run(arguments, environment=self._environment, check=False, timeout_s=30)
        except PolyarchError as error:
            return Finished(status=1, stdout="", stderr=error.message)


def _has_containerd_store(daemon: JsonObject) -> bool:
    # Docker's documentation of the containerd image store names this as the way to tell.
    status = daemon.get("DriverStatus")
    pairs = status if isinstance(status, list) else []
    return any(isinstance(pair, list) and "io.containerd.snapshotter.v1" in pair for pair in pairs)


def daemon_platform(daemon: JsonObject) -> tuple[Platform, ...]:
    """The platform that a Docker Engine reports for itself."""
    system, machine = daemon.get("OSType"), daemon.get("Architecture")
    if isinstance(system, str) and isinstance(machine, str) and system and machine:
        return (Platform.of(system, machine),)
    return ()


def _json(text: str) -> JsonObject:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
