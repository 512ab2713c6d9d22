"""Real nodes: a Docker context, a socket, SSH, TCP with certificates; each builds and pushes."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from polyarch.engines.base import BuildRequest, Built
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.node import Node
from polyarch.errors import PolyarchError
from polyarch.host import process
from polyarch.oci.platform import Platform
from tests.lab.commands import run
from tests.lab.engine import DockerEngine
from tests.lab.engine_tls import TlsEngine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.lab.sshd import SshServer
from tests.support.engine_cases import EngineCase, Workshop, docker_environment

AMD64 = "linux/amd64"
TINY = "FROM {base}\nRUN echo built here > /where\nCOPY app.txt /app.txt\n"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A node and the environment of a client that can reach it."""

    node: Node
    environment: Mapping[str, str]

    @property
    def engine(self) -> BuildxEngine:
        return BuildxEngine(self.environment, node=self.node)

    def shop(self, folder: Path, network: str = "host") -> Workshop:
        engine = self.engine
        case = EngineCase(engine=engine, failing=engine, reads_dockerfiles=True, network=network)
        return Workshop(case=case, folder=folder / "Work")


def client_of(docker: DockerEngine) -> dict[str, str]:
    """The environment of a client that knows no Engine of its own."""
    environment = docker_environment(docker)
    del environment["DOCKER_HOST"]
    return environment


def through_a_context(request: pytest.FixtureRequest, folder: Path) -> Place:
    docker: DockerEngine = request.getfixturevalue("docker_engine")
    config = folder / "config"
    (config / "cli-plugins").mkdir(parents=True)
    plugin = docker.config_folder / "cli-plugins" / "docker-buildx"
    (config / "cli-plugins" / "docker-buildx").symlink_to(plugin.resolve())
    environment = {**client_of(docker), "DOCKER_CONFIG": str(config)}
    create = ("docker", "context", "create", "box", "--docker", f"host=unix://{docker.socket}")
    process.run(create, environment=environment)
    # Somebody's own choice of an Engine and a builder does not count.
    environment |= {"DOCKER_HOST": "tcp://127.0.0.1:1", "BUILDX_BUILDER": "mine"}
    return Place(node=Node(name="arm", driver="docker", endpoint="box"), environment=environment)


def through_a_socket(request: pytest.FixtureRequest, _folder: Path) -> Place:
    docker: DockerEngine = request.getfixturevalue("docker_engine")
    node = Node(name="arm", driver="docker", endpoint=f"unix://{docker.socket}")
    return Place(node=node, environment=client_of(docker))


def through_ssh(request: pytest.FixtureRequest, _folder: Path) -> Place:
    docker: DockerEngine = request.getfixturevalue("docker_engine")
    server: SshServer = request.getfixturevalue("ssh_server")
    environment = client_of(docker)
    environment["PATH"] = f"{server.path}:{environment['PATH']}"
    return Place(
        node=Node(name="arm", driver="docker", endpoint=server.address), environment=environment
    )


def through_tls(request: pytest.FixtureRequest, _folder: Path) -> Place:
    tls: TlsEngine = request.getfixturevalue("tls_docker_engine")
    node = Node(name="arm", driver="docker", endpoint=tls.address, tls=tls.client)
    return Place(node=node, environment=client_of(tls.engine))


Way = Callable[[pytest.FixtureRequest, Path], Place]
WAYS: tuple[Way, ...] = (through_a_context, through_a_socket, through_ssh, through_tls)


@pytest.mark.parametrize("way", WAYS)
def test_a_node_builds_and_pushes_by_digest(
    way: Way,
    request: pytest.FixtureRequest,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    tmp_path: Path,
) -> None:
    place, registry = way(request, tmp_path), distribution_registry()
    info = place.engine.probe()
    assert info.problem is None, info.problem
    assert Platform.parse(AMD64) in info.native
    assert Platform.parse("linux/arm64") in info.emulated
    assert "builder `arm`" in info.title
    shop = place.shop(tmp_path)
    dockerfile = TINY.format(base=base_registry.reference("busybox:1"))
    pushed = shop.build(dockerfile, AMD64, push_to=registry.reference("acme/app"))
    assert pushed.pushed == registry.reference(f"acme/app@{pushed.manifest.digest}")
    assert stands_by_digest_alone(registry, pushed)
    assert not shop.layout.root.exists() or shop.layout.entries() == ()
    taken = shop.build(dockerfile, AMD64)
    assert taken.manifest.digest == pushed.manifest.digest
    assert shop.files(taken)["where"] == b"built here\n"
    assert carriers() == []


def stands_by_digest_alone(registry: Registry, built: Built) -> bool:
    [manifests] = registry.storage.glob("**/acme/app/_manifests")
    found = manifests / "revisions" / "sha256" / built.manifest.digest.encoded / "link"
    return found.is_file() and not (manifests / "tags").exists()


def carriers() -> list[str]:
    """What still carries connections to Engines for this process."""
    listed = (line.split(None, 1) for line in run("ps", "-eo", "ppid=,args=").splitlines())
    started = [line for parent, line in listed if int(parent) == os.getpid()]
    threads = [thread.name for thread in threading.enumerate() if thread.name == "dial"]
    return [line for line in started if "dial-stdio" in line] + threads


def test_what_is_ended_in_the_middle_leaves_nothing(
    docker_engine: DockerEngine,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    tmp_path: Path,
) -> None:
    node = Node(name="arm", driver="docker", endpoint=f"unix://{docker_engine.socket}")
    place, registry = (
        Place(node=node, environment=client_of(docker_engine)),
        distribution_registry(),
    )
    shop, begun = place.shop(tmp_path), threading.Event()
    dockerfile = f"FROM {base_registry.reference('busybox:1')}\nRUN echo it runs; sleep 300\n"
    asked = shop.request(dockerfile, AMD64, push_to=registry.reference("acme/app"))

    def listen(event: object) -> None:
        if "it runs" in str(getattr(event, "line", "")):
            begun.set()

    failed: list[PolyarchError] = []

    def build(request: BuildRequest) -> None:
        try:
            place.engine.build(request, shop.layout, listen)
        except PolyarchError as error:
            failed.append(error)

    thread = threading.Thread(target=build, args=(asked,))
    thread.start()
    assert begun.wait(60)
    assert carriers() != []
    with process.ending_all():
        thread.join(30)
    assert not thread.is_alive()
    assert failed
    assert carriers() == []


def test_an_older_buildx_hands_the_image_over(
    docker_engine: DockerEngine, distribution_registry: StartRegistry, tmp_path: Path
) -> None:
    node = Node(name="arm", driver="docker", endpoint=f"unix://{docker_engine.socket}")
    place, registry = (
        Place(node=node, environment=client_of(docker_engine)),
        distribution_registry(),
    )
    shop = place.shop(tmp_path)
    engine = shop.case.engine
    assert isinstance(engine, BuildxEngine)
    engine._info = replace(engine.probe(), version="0.12.1")
    built = shop.build(
        "FROM scratch\nCOPY app.txt /\n", AMD64, push_to=registry.reference("acme/app")
    )
    assert built.pushed == ""
    assert shop.files(built)["app.txt"] == b"the application\n"
    assert "buildx 0.12.1 does not push" in shop.log.read_text()


def test_a_key_that_is_not_taken(
    docker_engine: DockerEngine, ssh_server: SshServer, tmp_path: Path
) -> None:
    environment = client_of(docker_engine)
    environment["PATH"] = f"{ssh_server.stranger}:{environment['PATH']}"
    node = Node(name="arm", driver="docker", endpoint=ssh_server.address)
    info = BuildxEngine(environment, node=node).probe()
    assert info.problem
    assert "builder `arm`" in info.problem
    assert "Permission denied" in info.problem
    assert "key taken" in (info.hint or "")


def test_certificates_that_were_forgotten(tls_docker_engine: TlsEngine) -> None:
    node = Node(name="arm", driver="docker", endpoint=tls_docker_engine.address)
    info = BuildxEngine(client_of(tls_docker_engine.engine), node=node).probe()
    assert info.problem
    assert tls_docker_engine.address in info.problem
    assert "needs `tls` under [builders.arm]" in (info.hint or "")


def test_a_node_with_the_classic_store(docker_engine_classic: DockerEngine) -> None:
    node = Node(name="old", driver="docker", endpoint=f"unix://{docker_engine_classic.socket}")
    info = BuildxEngine(client_of(docker_engine_classic), node=node).probe()
    assert "builder `old`" in (info.problem or "")
    assert "classic image store" in (info.problem or "")
    assert "[builders.old]" in (info.hint or "")


def test_a_node_that_is_gone(docker_engine: DockerEngine, tmp_path: Path) -> None:
    node = Node(name="arm", driver="docker", endpoint=f"unix://{tmp_path}/nobody.sock")
    info = BuildxEngine(client_of(docker_engine), node=node).probe()
    assert f"unix://{tmp_path}/nobody.sock" in (info.problem or "")
    assert "[builders.arm]" in (info.hint or "")


def test_a_context_that_nobody_made(docker_engine: DockerEngine) -> None:
    node = Node(name="arm", driver="docker", endpoint="nowhere")
    info = BuildxEngine(client_of(docker_engine), node=node).probe()
    assert "not found" in (info.problem or "")
    assert "docker context ls" in (info.hint or "")
