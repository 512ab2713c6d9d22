"""The real parts as fixtures: started when a test first asks, stopped when the last is done."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from tests.lab.absence import require
from tests.lab.bases import running_base_registry
from tests.lab.buildah import Buildah, own_buildah
from tests.lab.engine import DockerEngine, running_engine
from tests.lab.engine_tls import TlsEngine, running_tls_engine
from tests.lab.foreign import run_in_root, run_program, unpack_layout
from tests.lab.gotool import GoTool, go_tool
from tests.lab.nodetool import NodeTool, node_tool
from tests.lab.registries import Auth, Registry, running_registry
from tests.lab.skopeo import Skopeo, find_skopeo
from tests.lab.sources import source
from tests.lab.sshd import SshServer, running_sshd

# Tests that use one engine stay in one worker of pytest-xdist (`--dist loadgroup`): it starts once.
GROUPS = {
    "docker_engine": "docker",
    "docker_engine_classic": "docker",
    "second_docker_engine": "docker",
    "tls_docker_engine": "docker",
    "ssh_server": "docker",
    "buildah": "buildah",
}

Folders = pytest.TempPathFactory


class StartRegistry(Protocol):
    """Starts a real registry that lives as long as the test."""

    def __call__(self, auth: Auth = ..., *, username: str = ..., password: str = ...) -> Registry:
        """Start it."""
        ...


class RunImage(Protocol):
    """Pulls one platform's image with skopeo and runs a command in it, without an engine."""

    def __call__(self, reference: str, platform: str, *command: str) -> str:
        """Return what the command prints."""
        ...


class RunForeign(Protocol):
    """Runs a static program of any platform."""

    def __call__(self, program: Path, *words: str, platform: str) -> str:
        """Return what it prints."""
        ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one engine together."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if callspec := getattr(item, "callspec", None):
            names |= {value for value in callspec.params.values() if isinstance(value, str)}
        if group := next((GROUPS[name] for name in sorted(names & GROUPS.keys())), None):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: Folders) -> Iterator[DockerEngine]:
    """A Docker Engine with containerd's image store, as new ones have it."""
    require("qemu", "docker")
    with running_engine(tmp_path_factory.mktemp("docker")) as engine:
        yield engine


@pytest.fixture(scope="session")
def second_docker_engine(tmp_path_factory: Folders) -> Iterator[DockerEngine]:
    """Another one with data of its own: to a client it is another machine."""
    require("qemu", "docker")
    with running_engine(tmp_path_factory.mktemp("docker-second")) as engine:
        yield engine


@pytest.fixture(scope="session")
def docker_engine_classic(tmp_path_factory: Folders) -> Iterator[DockerEngine]:
    """A Docker Engine with its old image store, which refuses OCI exports."""
    require("qemu", "docker")
    folder = tmp_path_factory.mktemp("docker-classic")
    with running_engine(folder, containerd_store=False) as engine:
        yield engine


@pytest.fixture(scope="session")
def tls_docker_engine(tmp_path_factory: Folders) -> Iterator[TlsEngine]:
    """A Docker Engine on TCP that asks for certificates."""
    require("qemu", "docker", "registry")
    with running_tls_engine(tmp_path_factory.mktemp("docker-tls")) as engine:
        yield engine


@pytest.fixture(scope="session")
def ssh_server(docker_engine: DockerEngine, tmp_path_factory: Folders) -> Iterator[SshServer]:
    """An SSH server whose sessions find `docker`, and the Engine of the tests."""
    require("sshd")
    env = {name: docker_engine.env[name] for name in ("PATH", "DOCKER_HOST")}
    with running_sshd(tmp_path_factory.mktemp("sshd"), env) as server:
        yield server


@pytest.fixture(scope="session")
def buildah(tmp_path_factory: Folders) -> Iterator[Buildah]:
    """Buildah with an empty storage of its own."""
    require("qemu", "buildah")
    with own_buildah(tmp_path_factory.mktemp("buildah")) as buildah:
        yield buildah


@pytest.fixture(scope="session")
def base_registry(tmp_path_factory: Folders) -> Iterator[Registry]:
    """A read-only registry of base images: busybox:1, debian:bookworm, gcc:12, golang:1."""
    require("registry", "bases")
    with running_base_registry(tmp_path_factory.mktemp("bases")) as registry:
        yield registry


@pytest.fixture(scope="session")
def go() -> GoTool:
    """Go on this machine."""
    require("bases")
    return go_tool()


@pytest.fixture(scope="session")
def node() -> NodeTool:
    """Node.js with GitHub's own parser of workflows and a runner of GitLab's pipelines."""
    require("node")
    return node_tool()


@pytest.fixture
def distribution_registry(tmp_path_factory: Folders) -> Iterator[StartRegistry]:
    """Starts real registries, which end with the test."""
    require("registry")
    with ExitStack() as stack:

        def start(auth: Auth = Auth.NONE, *, username: str = "", password: str = "") -> Registry:
            folder = tmp_path_factory.mktemp("registry")
            login = partial(running_registry, username=username, password=password)
            return stack.enter_context(login(folder, auth=auth))

        yield start


@pytest.fixture
def three_registries(distribution_registry: StartRegistry) -> tuple[Registry, Registry, Registry]:
    """Three registries with a password each: for Docker Hub, AliYun and GHCR."""
    hub = distribution_registry(Auth.HTPASSWD, username="hub-user", password="hub-secret")
    aliyun = distribution_registry(Auth.HTPASSWD, username="aliyun-user", password="aliyun-secret")
    ghcr = distribution_registry(Auth.TOKEN, username="ghcr-user", password="ghcr-secret")
    return hub, aliyun, ghcr


@pytest.fixture
def skopeo(tmp_path_factory: Folders) -> Skopeo:
    """A skopeo that knows no login yet."""
    require("skopeo")
    return find_skopeo(tmp_path_factory.mktemp("skopeo") / "auth.json")


@pytest.fixture
def run_foreign() -> RunForeign:
    """Runs a static program, under QEMU where it is foreign."""
    require("qemu")
    return run_program


@pytest.fixture
def run_image(skopeo: Skopeo, tmp_path_factory: Folders) -> RunImage:
    """Pulls and runs an image with clients that are not under test; log in with `skopeo.login`."""
    require("qemu", "bubblewrap")

    def pull_and_run(reference: str, platform: str, *command: str) -> str:
        folder = tmp_path_factory.mktemp("pulled")
        unpack_layout(skopeo.pull(reference, platform, folder / "layout"), folder / "root")
        return run_in_root(folder / "root", command)

    return pull_and_run


@pytest.fixture
def c_source(tmp_path_factory: Folders) -> Callable[[str], Path]:
    """Gives a copy of a C program's source (`figlet` or `hello`) to do with as one likes."""
    require("sources")

    def copy(program: str) -> Path:
        place = tmp_path_factory.mktemp("source") / program
        return Path(shutil.copytree(source(program), place, symlinks=True))

    return copy
