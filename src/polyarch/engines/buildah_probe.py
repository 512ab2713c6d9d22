"""What Buildah says of itself, and with which isolation it can run programs here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarch.engines.base import EngineInfo
from polyarch.engines.faults import diagnose
from polyarch.engines.version import Version
from polyarch.errors import PolyarchError
from polyarch.host.emulation import read_machine
from polyarch.host.process import Finished, find_program, run
from polyarch.oci.platform import Platform

NAME = "buildah"
MINIMUM = Version((1, 28, 0))
"""The oldest that polyarch was tried with; `--build-context` came in 1.27."""
INSTALL = (
    "install Buildah (Debian: `apt-get install buildah crun`), or Docker Engine with buildx "
    "(`apt-get install docker.io docker-buildx`)"
)
ISOLATIONS = ("oci", "rootless", "chroot")

_NO_SUCH_PROGRAM = "/polyarch-probe"
_REACHED = re.compile(
    rf"[\"'`]{_NO_SUCH_PROGRAM}[\"'`].{{0,80}}(not found|no such file)", re.IGNORECASE
)
"""crun and runc name the program that is not there once the container itself stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How Buildah runs the steps of a Dockerfile, and why so."""

    name: str
    reason: str


def buildah_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What Buildah gets: a DOCKER_CONFIG without config.json would stop it (seen in 1.28)."""
    docker = environment.get("DOCKER_CONFIG")
    absent = docker is not None and not (Path(docker) / "config.json").is_file()
    return {
        name: value
        for name, value in environment.items()
        if not (absent and name == "DOCKER_CONFIG")
    }


def probe_buildah(environment: Mapping[str, str]) -> EngineInfo:
    """Everything there is to know; never raises."""
    if find_program("buildah", environment) is None:
        return _bad("the program `buildah` is not on PATH", INSTALL)
    version = Version.find(_run(environment, "--version").stdout)
    if version is None or version < MINIMUM:
        problem = f"`buildah` is version {version or 'unknown'}, and {MINIMUM} or later is needed"
        return _bad(problem, INSTALL, version=str(version or ""))
    answer = _run(environment, "info")
    host = _host(answer)
    if answer.status != 0 or host is None:
        return _broken(answer, str(version))
    isolation = find_isolation(environment, rootless=_is_rootless(answer))
    return EngineInfo(
        name=NAME,
        version=str(version),
        title=f"buildah {version} with {isolation.name} isolation",
        native=(host,),
        emulated=tuple(
            platform
            for platform in read_machine(environment).emulated
            if (platform.os, platform.architecture) != (host.os, host.architecture)
        ),
        details={"isolation": isolation.name, "isolation-reason": isolation.reason},
    )


def find_isolation(environment: Mapping[str, str], *, rootless: bool) -> Isolation:
    """What the user set; else Buildah's default if it can start a container here; else chroot.

    The trial starts a program that does not exist in an empty container: a runtime that works says
    so, one that the machine stops says something else before. It takes about 0.4 s.
    """
    chosen = environment.get("BUILDAH_ISOLATION", "").lower()
    if chosen in ISOLATIONS:
        return Isolation(name=chosen, reason="BUILDAH_ISOLATION says so")
    made = _run(environment, "from", "--pull=never", "scratch")
    container = made.stdout.strip()
    if made.status != 0 or not container:
        return Isolation(name="chroot", reason="no container could be made to try others")
    try:
        tried = _run(environment, "run", container, "--", _NO_SUCH_PROGRAM)
    finally:
        _run(environment, "rm", container)
    if _REACHED.search(tried.stderr):
        name = "rootless" if rootless else "oci"
        return Isolation(name=name, reason="containers can be started here")
    words = [line for line in tried.stderr.splitlines() if line.strip()]
    return Isolation(name="chroot", reason=f"others fail here: {words[0] if words else 'unknown'}")


def _host(answer: Finished) -> Platform | None:
    try:
        host: Any = json.loads(answer.stdout)["host"]
        return Platform.of(str(host["os"]), str(host["arch"]), str(host.get("variant") or ""))
    except (ValueError, KeyError, TypeError):
        return None


def _is_rootless(answer: Finished) -> bool:
    try:
        return bool(json.loads(answer.stdout)["host"]["rootless"])
    except (ValueError, KeyError, TypeError):
        return False


def _broken(answer: Finished, version: str) -> EngineInfo:
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    if fault := diagnose(lines):
        return _bad(fault.problem, fault.hint, version=version)
    told = lines[-1] if lines else "it says nothing of itself"
    return _bad(f"`buildah info` fails: {told}", INSTALL, version=version)


def _bad(problem: str, hint: str, *, version: str = "") -> EngineInfo:
    title = f"buildah {version}".rstrip()
    return EngineInfo(name=NAME, version=version, title=title, problem=problem, hint=hint)


def _run(environment: Mapping[str, str], *arguments: str) -> Finished:
    try:
        return run(["buildah", *arguments], environment=environment, check=False, timeout_s=30)
    except PolyarchError as error:
        return Finished(status=1, stdout="", stderr=error.message)
