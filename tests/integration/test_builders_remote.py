"""A BuildKit that is reached as one of its own: the driver `remote`, and `polyarch builders`.

The BuildKit is the one inside a Docker Engine; a socket of ours stands for its address.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from polyarch.engines.builder import node_name
from polyarch.engines.builder_life import look, make_builder, remove_builder
from polyarch.engines.buildkitd import Daemon
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.dial import dialled
from polyarch.engines.node import Node
from polyarch.engines.version import Version
from polyarch.oci.platform import Platform
from tests.lab.engine import DockerEngine
from tests.lab.fixtures import StartRegistry
from tests.support.engine_cases import EngineCase, Workshop, docker_environment

AMD64 = "linux/amd64"
BUILDX = Version((0, 13, 0))


@dataclass(frozen=True, kw_only=True)
class Remote:
    node: Node
    environment: Mapping[str, str]


@pytest.fixture
def remote(docker_engine: DockerEngine, tmp_path: Path) -> Iterator[Remote]:
    environment = docker_environment(docker_engine)
    own = {**environment, "BUILDX_CONFIG": str(tmp_path / "buildx")}
    with dialled(environment, "default") as bridge:
        address = f"unix://{Path(bridge.environment['BUILDX_CONFIG']).parent / 's'}"
        yield Remote(node=Node(name="kit", driver="remote", endpoint=address), environment=own)


def test_a_buildkit_of_its_own_builds_and_pushes(
    remote: Remote, distribution_registry: StartRegistry, tmp_path: Path
) -> None:
    engine, registry = BuildxEngine(remote.environment, node=remote.node), distribution_registry()
    info = engine.probe()
    assert info.problem is None, info.problem
    assert Platform.parse(AMD64) in info.native
    assert info.details["driver"] == "remote"
    case = EngineCase(engine=engine, failing=engine, reads_dockerfiles=True)
    shop = Workshop(case=case, folder=tmp_path / "Work")
    dockerfile = "FROM scratch\nCOPY app.txt /\n"
    pushed = shop.build(dockerfile, "linux/arm64", push_to=registry.reference("acme/app"))
    taken = shop.build(dockerfile, "linux/arm64")
    assert pushed.pushed == registry.reference(f"acme/app@{taken.manifest.digest}")


def test_a_builder_is_kept_until_its_options_change(remote: Remote) -> None:
    node, environment = remote.node, remote.environment
    assert make_builder(node, environment, BUILDX)
    assert not make_builder(node, environment, BUILDX)
    changed = replace(node, daemon=Daemon(steps=2))
    assert make_builder(changed, environment, BUILDX)
    found = look(changed, environment)
    assert found
    assert found.node == node_name(changed) != node_name(node)
    assert remove_builder(changed, environment)
    assert not remove_builder(changed, environment)


def test_builders_are_listed_tried_and_removed(remote: Remote, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "polyarch.toml").write_text(
        '[images.app]\nplatforms = ["linux/amd64"]\nrepositories = ["ghcr.io/acme/app"]\n'
        f'[builders.kit]\ndriver = "remote"\nendpoint = "{remote.node.endpoint}"\n'
        f'[builders.gone]\nendpoint = "unix://{tmp_path}/nobody.sock"\n'
    )

    def said(*words: str) -> tuple[int, dict[str, Any]]:
        command = [sys.executable, "-m", "polyarch", "builders", *words, "--json"]
        done = subprocess.run(
            command, cwd=project, env=dict(remote.environment), capture_output=True, check=False
        )
        return done.returncode, json.loads(done.stdout)

    code, listed = said()
    kit, gone = listed["builders"]
    assert (code, listed["schema"], listed["ok"]) == (4, "polyarch.builders/v1", False)
    assert (kit["name"], kit["status"], kit["problem"]) == ("kit", "running", None)
    assert AMD64 in kit["native"]
    assert gone["status"] == "broken"
    assert "nobody.sock" in gone["problem"]
    code, tried = said("check", "kit")
    assert (code, tried["builders"][0]["action"]) == (0, "tried")
    code, removed = said("rm")
    assert code == 0
    assert [each["action"] for each in removed["builders"]] == ["removed", "nothing to do"]
    code, unknown = said("check", "nobody")
    assert (code, unknown["code"]) == (3, "nothing-selected")
