"""Real registries on loopback, behind lines or not, and what clients must know of them."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.cache import work_folder
from tests.lab.certificates import Certificate, make_certificate
from tests.lab.registries import Auth, Registry, running_registry, write_logins
from tests.support.line_proxy import LineProxy, over_line
from tests.support.lines import Line

REPOSITORY = "team/app:1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registry as clients reach it.

    Attributes:
        host: How it is named.
        storage: The folder that holds its content; None where that is nowhere.
        ways: The proxies to it and to its tokens, if any.
    """

    host: str
    storage: Path | None = None
    ways: tuple[LineProxy, ...] = ()

    @property
    def reference(self) -> str:
        return f"{self.host}/{REPOSITORY}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Registries, and the folder from which clients run: logins, certificate, config."""

    folder: Path
    every: tuple[Place, ...]
    certificate: Certificate | None

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(place.reference for place in self.every)

    @property
    def ways(self) -> tuple[LineProxy, ...]:
        """All proxies."""
        return tuple(way for place in self.every for way in place.ways)

    @property
    def env(self) -> Mapping[str, str]:
        """What every client needs; each takes what it knows."""
        logins = self.folder / "docker"
        env = {
            "DOCKER_CONFIG": str(logins),
            "REGISTRY_AUTH_FILE": str(logins / "config.json"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "HOME": str(self.folder),
        }
        return env | ({"SSL_CERT_FILE": str(self.certificate.file)} if self.certificate else {})

    def empty(self) -> None:
        """Let the registries hold nothing, the client remember nothing, the proxies count anew."""
        for storage in (place.storage for place in self.every):
            if storage:
                shutil.rmtree(storage, ignore_errors=True)
        for left in ("state", ".polyarch"):
            shutil.rmtree(self.folder / left, ignore_errors=True)
        self.forget()

    def forget(self) -> None:
        """Let the proxies count from zero."""
        for way in self.ways:
            way.forget()


@contextmanager
def places(
    count: int = 3,
    *,
    secure: bool = False,
    lines: Sequence[Line] = (),
    shakes_hands: bool = False,
) -> Iterator[Places]:
    """Run registries for the length of the block.

    Args:
        count: How many.
        secure: Whether they speak TLS and want tokens; else they are open, on plain HTTP.
        lines: The line to each; one line for all is shared by them; without, nothing is between.
        shakes_hands: Whether opening a connection over a line costs a round trip.

    Raises:
        Missing: There is no registry on this machine.
    """
    lines = tuple(lines) * count if len(lines) == 1 else tuple(lines)
    with ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        certificate = make_certificate(folder) if secure else None
        every, logins = [], []
        for number in range(count):
            line = lines[number] if lines else None
            home = folder / f"registry-{number}"
            home.mkdir()
            place, registry = _place(stack, home, certificate, line, shakes_hands=shakes_hands)
            every.append(place)
            logins.append(replace(registry, host=place.host))
        write_logins(folder / "docker" / "config.json", *logins)
        _write_config(folder, [place.host for place in every], certificate)
        yield Places(folder=folder, every=tuple(every), certificate=certificate)


def _place(
    stack: ExitStack,
    home: Path,
    certificate: Certificate | None,
    line: Line | None,
    *,
    shakes_hands: bool,
) -> tuple[Place, Registry]:
    ways: list[LineProxy] = []

    def way_to(host: str) -> str:
        if line is None:
            return host
        way = stack.enter_context(over_line(host, line, shakes_hands=shakes_hands))
        ways.append(way)
        return way.host

    auth = Auth.TOKEN if certificate else Auth.NONE
    storage = _storage(stack)
    running = running_registry(
        home, auth=auth, certificate=certificate, way_to_tokens=way_to, storage=storage
    )
    registry = stack.enter_context(running)
    host = way_to(registry.host)
    return Place(host=host, storage=registry.storage, ways=tuple(reversed(ways))), registry


@contextmanager
def at_hosts(hosts: Sequence[str]) -> Iterator[Places]:
    """Give open registries that run already, by `127.0.0.1:PORT`."""
    with work_folder() as folder:
        write_logins(folder / "docker" / "config.json")
        every = tuple(Place(host=host) for host in hosts)
        yield Places(folder=folder, every=every, certificate=None)


def _storage(stack: ExitStack) -> Path | None:
    """A folder on the file system that POLYARCH_BENCH_STORAGE names, if it names one."""
    named = os.environ.get("POLYARCH_BENCH_STORAGE")
    if not named:
        return None
    folder = Path(tempfile.mkdtemp(prefix="polyarch-bench-", dir=named))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _write_config(folder: Path, hosts: Sequence[str], certificate: Certificate | None) -> None:
    """Tell polyarch what the others take from their environment: TLS on a loopback host."""
    if certificate is None:
        return
    # A config needs an image; this one is never built.
    lines = ["[images.app]", 'platforms = ["linux/amd64"]']
    lines += ['repositories = ["registry.example/app"]', 'dockerfile = "Dockerfile"']
    for host in hosts:
        lines += [f"[registries.{json.dumps(host)}]", "plain-http = false"]
        lines += [f"ca = {json.dumps(str(certificate.file))}"]
    (folder / "polyarch.toml").write_text("\n".join(lines) + "\n")
