"""Every real part that tests can ask for: what it is for, whether it is here, how it comes."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.lab.bases import base_digests, make_bases
from tests.lab.commands import CommandFailedError, run
from tests.lab.debian import install, not_installed
from tests.lab.emulation import register, unregistered
from tests.lab.machines import MACHINES
from tests.lab.nodetool import make_node_tool, node_tool
from tests.lab.reasons import Missing
from tests.lab.sources import PROGRAMS, fetch_sources, source
from tests.lab.sshd import SSHD
from tests.lab.unpacked import CRANE, DOCKER, ORAS, REGISTRY, Unpacked

VERSION = re.compile(r"v?\d+\.\d+[\w.+~-]*")
SETUP = "run `python -m tests.lab setup` as root"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One real part.

    Attributes:
        name: What tests ask for.
        purpose: What it is, for the table.
        packages: Debian packages that it needs on the machine.
        probe: Returns its version, or raises `Missing`.
        provide: Fetches, builds or starts what the packages alone do not give.
    """

    name: str
    purpose: str
    packages: tuple[str, ...]
    probe: Callable[[], str]
    provide: Callable[[Tell], None] = lambda _tell: None


def _program(name: str, package: str) -> Callable[[], str]:
    def probe() -> str:
        if not shutil.which(name):
            raise Missing(f"no `{name}` here", f"as root: apt-get install {package}")
        return _version(name)

    return probe


def _version(program: str, path: str | None = None) -> str:
    try:
        said = run(program, "--version", env={"PATH": path} if path else None)
    except CommandFailedError as error:
        raise Missing(str(error), "install it again") from error
    found = VERSION.search(said)
    return found[0] if found else "?"


def _peer(peer: Unpacked) -> str:
    try:
        run(peer.program, "version", env={"PATH": peer.search_path()})
    except CommandFailedError as error:
        raise Missing(str(error), "remove it, then run `python -m tests.lab setup`") from error
    return peer.version()


def _qemu() -> str:
    if foreign := unregistered():
        raise Missing(f"no emulator for {', '.join(foreign)}", SETUP)
    return _version(f"qemu-{MACHINES['linux/s390x'].qemu}-static")


def _sshd() -> str:
    if not SSHD.exists():
        raise Missing(f"no {SSHD} here", "as root: apt-get install openssh-server")
    if os.geteuid() != 0:
        raise Missing("not root", "run these tests as root")
    try:
        found = VERSION.search(run("dpkg-query", "--show", "openssh-client"))
    except CommandFailedError:  # it came here some other way
        return "?"
    return found[0] if found else "?"


def _docker() -> str:
    path = DOCKER.search_path()
    DOCKER.plugin("docker-buildx")
    if os.geteuid() != 0:
        raise Missing("not root", "run these tests as root")
    if not shutil.which("runc", path=path):
        raise Missing("no `runc` here", "as root: apt-get install runc")
    return _version("dockerd", path)


def _sources() -> str:
    versions = [f"{name} {(source(name) / '.version').read_text()}" for name in PROGRAMS]
    return ", ".join(versions)


PARTS = (
    Part(
        name="qemu",
        purpose="runs programs of foreign platforms",
        packages=("qemu-user-static", "binfmt-support"),
        probe=_qemu,
        provide=lambda _tell: register(),
    ),
    Part(
        name="bubblewrap",
        purpose="runs a root filesystem",
        packages=("bubblewrap",),
        probe=_program("bwrap", "bubblewrap"),
    ),
    Part(
        name="proot",
        purpose="runs a root filesystem without root",
        packages=("proot",),
        probe=_program("proot", "proot"),
    ),
    Part(
        name="buildah",
        purpose="builds without a daemon",
        packages=("buildah", "crun"),
        probe=_program("buildah", "buildah crun"),
    ),
    Part(
        name="skopeo",
        purpose="an independent registry client",
        packages=("skopeo",),
        probe=_program("skopeo", "skopeo"),
    ),
    Part(
        name="registry",
        purpose="CNCF distribution registries",
        packages=("ca-certificates", "debian-archive-keyring", "openssl"),
        probe=lambda: _version("docker-registry", REGISTRY.search_path()),
        provide=lambda _tell: REGISTRY.fetch(),
    ),
    Part(
        name="crane",
        purpose="a client to measure against",
        packages=("ca-certificates", "debian-archive-keyring"),
        probe=lambda: _peer(CRANE),
        provide=lambda _tell: CRANE.fetch(),
    ),
    Part(
        name="oras",
        purpose="a client to measure against",
        packages=("ca-certificates", "debian-archive-keyring"),
        probe=lambda: _peer(ORAS),
        provide=lambda _tell: ORAS.fetch(),
    ),
    Part(
        name="docker",
        purpose="Docker Engine with buildx",
        packages=("iproute2", "iptables", "runc"),
        probe=_docker,
        provide=lambda _tell: DOCKER.fetch(),
    ),
    Part(
        name="sshd",
        purpose="an SSH server, which makes this machine another one",
        packages=("openssh-client", "openssh-server"),
        probe=_sshd,
    ),
    Part(
        name="bases",
        purpose="base images for Dockerfiles",
        packages=("arch-test", "mmdebstrap"),
        probe=lambda: ", ".join(base_digests()),
        provide=make_bases,
    ),
    Part(
        name="browser",
        purpose="looks at reports",
        packages=("chromium",),
        probe=_program("chromium", "chromium"),
    ),
    Part(
        name="sources",
        purpose="C programs to build",
        packages=("xz-utils",),
        probe=_sources,
        provide=lambda _tell: fetch_sources(),
    ),
    Part(
        name="node",
        purpose="what CI systems make of their files, from npm",
        packages=("rsync",),
        probe=lambda: _version("node", node_tool().environment["PATH"]),
        provide=lambda _tell: make_node_tool(),
    ),
)


def part(name: str) -> Part:
    """Return the part of that name."""
    return next(part for part in PARTS if part.name == name)


def provide_all(tell: Tell) -> None:
    """Bring all parts onto this machine as far as it lets us; tells what it does, never fails."""
    lacking = not_installed(package for part in PARTS for package in part.packages)
    if lacking and shutil.which("apt-get"):
        tell(f"Debian packages: {' '.join(lacking)}")
        _try(lambda: install(lacking), "Debian packages", tell)
    for part in PARTS:
        if is_here(part):
            continue
        tell(f"{part.name}: {part.purpose}")
        _try(partial(part.provide, partial(_tell_step, tell, part.name)), part.name, tell)


def _tell_step(tell: Tell, name: str, note: str) -> None:
    tell(f"{name}: {note}")


def is_here(part: Part) -> bool:
    """Whether tests can have the part."""
    try:
        part.probe()
    except Missing:
        return False
    return True


def _try(action: Callable[[], None], name: str, tell: Tell) -> None:
    try:
        action()
    except (Missing, CommandFailedError, OSError) as error:
        tell(f"{name}: not done: {error}")
