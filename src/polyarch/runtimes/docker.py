"""Which Docker Engine or Podman there is, and which platforms' programs it runs."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyarch.errors import PolyarchError
from polyarch.host.emulation import read_machine
from polyarch.host.process import Finished, find_program, run
from polyarch.oci.platform import Platform
from polyarch.runtimes.base import RuntimeInfo
from polyarch.runtimes.containers import ContainerEngine
from polyarch.runtimes.emulators import held_open
from polyarch.runtimes.versions import said_version

DOCKER, PODMAN = "docker", "podman"
_INSTALL_DOCKER = "install Docker Engine (Debian: `apt-get install docker.io`) and start it"
_INSTALL_PODMAN = "install Podman (Debian: `apt-get install podman`)"
_NO_SUCH_PROGRAM = "/polyarch-probe"
_SYSTEMS = ("unix://", "npipe://")


def docker(environment: Mapping[str, str]) -> ContainerEngine:
    """Docker, wherever its Engine is."""
    return ContainerEngine(DOCKER, environment, probe_docker, local=_is_local(environment))


def podman(environment: Mapping[str, str]) -> ContainerEngine:
    """Podman on this machine."""
    return ContainerEngine(PODMAN, environment, probe_podman, local=True)


def probe_docker(environment: Mapping[str, str]) -> RuntimeInfo:
    """Ask the Engine; never raises."""
    if find_program(DOCKER, environment) is None:
        problem = "no program `docker` on PATH"
        return RuntimeInfo(name=DOCKER, problem=problem, hint=_INSTALL_DOCKER)
    answer = _run(environment, DOCKER, "version", "--format", "{{json .Server}}")
    server = _object(answer.stdout)
    if answer.status != 0 or not server.get("Os"):
        problem = f"its Engine does not answer: {_last(answer.stderr)}"
        return RuntimeInfo(name=DOCKER, problem=problem, hint=_INSTALL_DOCKER)
    version = str(server.get("Version", ""))
    return RuntimeInfo(
        name=DOCKER,
        version=version,
        title=f"Docker Engine {version}".rstrip(),
        native=(Platform.of(str(server["Os"]), str(server.get("Arch", ""))),),
        guarded=False,
        **_emulated(environment, Platform.of(str(server["Os"]), str(server.get("Arch", "")))),
    )


def probe_podman(environment: Mapping[str, str]) -> RuntimeInfo:
    """Ask Podman, and try whether it can start a container; never raises."""
    if find_program(PODMAN, environment) is None:
        problem = "no program `podman` on PATH"
        return RuntimeInfo(name=PODMAN, problem=problem, hint=_INSTALL_PODMAN)
    version = said_version(PODMAN, environment)
    title = f"Podman {version}".rstrip()
    with tempfile.TemporaryDirectory(prefix="polyarch-") as folder:
        Path(folder, "empty").mkdir()
        # A runtime that works says that the program is not there; others say something before.
        words = ("run", "--rm", "--network", "none", "--memory", "64m", "--pids-limit", "64")
        tried = _run(environment, PODMAN, *words, "--rootfs", f"{folder}/empty", _NO_SUCH_PROGRAM)
    if _NO_SUCH_PROGRAM not in tried.stderr:
        problem = f"it cannot start containers here: {_last(tried.stderr)}"
        hint = "see `podman run` for a container of any image; use Docker or bubblewrap else"
        return RuntimeInfo(name=PODMAN, version=version, title=title, problem=problem, hint=hint)
    native = read_machine(environment).platform
    return RuntimeInfo(
        name=PODMAN,
        version=version,
        title=title,
        native=(native,),
        guarded=False,
        **_emulated(environment, native),
    )


def _emulated(environment: Mapping[str, str], engine: Platform) -> dict[str, Any]:
    """What this machine's kernel emulates, if it is the engine's as well."""
    machine = read_machine(environment)
    same = machine.platform.architecture == engine.architecture and _is_local(environment)
    if not same or machine.platform.os != "linux":
        return {"asks_others": True}
    found = tuple(each for each in machine.emulated if held_open(machine, each))
    beside = tuple(each for each in machine.native[1:])
    return {"emulated": found, "perhaps": (*beside, *machine.perhaps)}


def _is_local(environment: Mapping[str, str]) -> bool:
    if host := environment.get("DOCKER_HOST"):
        return host.startswith(_SYSTEMS)
    shown = _run(
        environment, DOCKER, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"
    )
    return shown.status != 0 or shown.stdout.strip().startswith(_SYSTEMS)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"


def _run(environment: Mapping[str, str], *words: str) -> Finished:
    try:
        return run(words, environment=environment, check=False, timeout_s=30)
    except PolyarchError as error:
        return Finished(status=1, stdout="", stderr=error.message)
