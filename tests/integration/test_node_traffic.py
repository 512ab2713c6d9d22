"""What goes to a node and what stays there: contexts once, smoke tests where it was built."""

import os
from pathlib import Path

import pytest

from polyarch.engines.dial import dialled
from tests.lab.engine import DockerEngine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.support.counted import Counted
from tests.support.counting_proxy import counting
from tests.support.engine_cases import docker_environment
from tests.support.nodes import Nodes, places

pytestmark = [pytest.mark.xdist_group("two-nodes"), pytest.mark.timeout(600)]

LARGE = 20 << 20
COPIES = "FROM {base}\nCOPY big /big\n"
TESTED = "FROM {base}\nRUN echo made here > /where\n"
SMOKE = """\
smoke-test = [
  { run = ["cat", "/where"], matches = "^made here$" },
  { run = ["sh", "-c", "echo told; exit 3"], exit = 3, matches = "told" },
]
"""


def test_a_node_gets_a_large_context_once(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path, counted: Counted
) -> None:
    three = ("linux/amd64", "linux/386", "linux/arm64")
    with counting(docker_engine.socket, tmp_path / "counted") as proxy:
        table = places(*three)
        nodes = Nodes.make(tmp_path, base_registry, {"one": (docker_engine, table)}, table, COPIES)
        (tmp_path / "one").unlink()
        (tmp_path / "one").symlink_to(proxy.address)

        def sent_for(*platforms: str) -> int:
            before = proxy.sent
            (nodes.project.root / "big").write_bytes(os.urandom(LARGE))
            nodes.command.run("build", "--platform", ",".join(platforms))
            return proxy.sent - before

        alone, together = sent_for("linux/amd64"), sent_for(*three)
    counted(f"a 20 MB context to one node: {alone:,} bytes for one platform, {together:,} for 3")
    assert alone > LARGE
    assert together < 1.3 * alone


def test_smoke_tests_run_on_the_engine_that_built(
    docker_engine: DockerEngine,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    tmp_path: Path,
) -> None:
    registry = distribution_registry()
    engines = {"one": (docker_engine, "")}
    nodes = Nodes.make(tmp_path, base_registry, engines, _published(registry), TESTED)
    done = nodes.publish()
    proof = done["platforms"][0]["proof"]
    assert (proof["level"], proof["how"], proof["runtime"]) == ("run", "native", "docker")
    assert {each["status"] for each in done["destinations"]} == {"published"}
    assert registry.host not in docker_engine.docker("image", "ls", "--digests")


def test_smoke_tests_on_a_node_with_nothing_but_buildkit(
    docker_engine: DockerEngine,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    tmp_path: Path,
) -> None:
    image = _published(distribution_registry())
    engines = {"kit": (docker_engine, 'driver = "remote"')}
    nodes = Nodes.make(tmp_path, base_registry, engines, image, TESTED)
    with dialled(docker_environment(docker_engine), "default") as bridge:
        (tmp_path / "kit").unlink()
        (tmp_path / "kit").symlink_to(Path(bridge.environment["BUILDX_CONFIG"]).parent / "s")
        done = nodes.publish()
    proof = done["platforms"][0]["proof"]
    assert (proof["level"], proof["how"]) == ("run", "native")
    assert proof["runtime"] == "a throw-away build on `kit`"


def _published(registry: Registry) -> str:
    return (
        f"{places('linux/amd64')}\n"
        f'repositories = ["{registry.reference("team/app")}"]\n'
        f'tags = ["type=ref,event=branch"]\n{SMOKE}'
    )
