from pathlib import Path

import pytest

from polyarch.config.load import load_project
from polyarch.engines.base import EngineInfo
from polyarch.engines.buildkitd import Daemon, RegistryHost
from polyarch.engines.node import Node
from polyarch.pipeline.facts import NodeFacts
from polyarch.pipeline.nodes import complaints, nodes_of

REST = """
[images.app]
platforms = ["linux/arm64"]
repositories = ["ghcr.io/acme/app"]
"""


def only(folder: Path, text: str) -> Node:
    file = folder / "polyarch.toml"
    file.write_text(text + REST)
    [node] = nodes_of(load_project(file))
    return node


def test_every_key_reaches_the_node(tmp_path: Path) -> None:
    node = only(
        tmp_path,
        """
[builders.arm]
platforms = ["linux/arm64"]
endpoint = "tcp://box:2376"
tls = "certificates"
image = "mirror.test/moby/buildkit:v0.29.0"
driver-opts = { memory = "4g" }
network = "host"
parallel = 2
max-parallelism = 8
keep-storage = "20GB"

[registries."docker.io"]
mirrors = ["mirror.test"]
[registries."reg.test:5000"]
plain-http = true
insecure = true
ca = "ca.pem"
[registries."reg.test:5000/acme"]
username-env = "ACME_USER"
""",
    )
    assert (node.name, node.driver, node.endpoint) == ("arm", "docker-container", "tcp://box:2376")
    assert node.tls == tmp_path / "certificates"
    assert (node.network, node.parallel, dict(node.options)) == ("host", 2, {"memory": "4g"})
    assert node.daemon == Daemon(
        hosts=(
            RegistryHost(host="docker.io", mirrors=("mirror.test",)),
            RegistryHost(
                host="reg.test:5000", plain_http=True, insecure=True, ca=str(tmp_path / "ca.pem")
            ),
        ),
        steps=8,
        keep="20GB",
    )


@pytest.mark.parametrize(
    ("keys", "driver"),
    [
        ("", "docker"),
        ('image = "mirror.test/buildkit:1"', "docker-container"),
        ('network = "host"', "docker-container"),
        ('keep-storage = "20GB"', "docker-container"),
        ("max-parallelism = 2", "docker-container"),
        ('driver = "kubernetes"', "kubernetes"),
        ('driver = "remote"\nendpoint = "tcp://box:1"', "remote"),
    ],
)
def test_what_a_builder_is_driven_by(tmp_path: Path, keys: str, driver: str) -> None:
    assert only(tmp_path, f"[builders.arm]\n{keys}\n").driver == driver


PINNED = "sha256:" + "1" * 64
LOCK = f"""\
version = 1
[builders]
"moby/buildkit:buildx-stable-1" = "{PINNED}"
"mirror.test/moby/buildkit:v0.29.0" = "{PINNED}"
"""


@pytest.mark.parametrize(
    ("table", "image"),
    [
        ('driver = "docker-container"', f"docker.io/moby/buildkit@{PINNED}"),
        ('image = "mirror.test/moby/buildkit:v0.29.0"', f"mirror.test/moby/buildkit@{PINNED}"),
        ('image = "mirror.test/moby/buildkit:v0.30.0"', "mirror.test/moby/buildkit:v0.30.0"),
        ('driver = "docker"', ""),
    ],
)
def test_the_lock_pins_the_buildkit_that_a_builder_runs(
    tmp_path: Path, table: str, image: str
) -> None:
    (tmp_path / "polyarch.lock").write_text(LOCK)
    assert only(tmp_path, f'[builders.arm]\nendpoint = "box"\n{table}\n').image == image


def test_a_builder_that_cannot_be_used_is_told_with_what_mends_it(tmp_path: Path) -> None:
    node = only(tmp_path, '[builders.arm]\nendpoint = "ssh://box"\n')
    gone = EngineInfo(name="buildx", problem="the builder `arm`: gone", hint="start it")
    known = {"arm": NodeFacts(node=node, info=gone)}
    assert list(complaints(known)) == ["not used: the builder `arm`: gone; start it"]
    well = {"arm": NodeFacts(node=node, info=EngineInfo(name="buildx"))}
    assert list(complaints(well)) == []
