from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.engines.builder import (
    builder_name,
    context_command,
    context_name,
    create_command,
    csv_field,
    drop_context_command,
    inspect_command,
    node_name,
    remove_command,
)
from polyarch.engines.buildkitd import Daemon, RegistryHost
from polyarch.engines.node import Driver, Node
from polyarch.engines.version import Version

NEW, OLD = Version((0, 13, 0)), Version((0, 12, 5))


def node(driver: Driver, endpoint: str = "", **more: object) -> Node:
    return replace(Node(name="arm", driver=driver, endpoint=endpoint), **more)  # type: ignore[arg-type]  # a test's keywords


def test_a_container_of_buildkit_on_another_machine() -> None:
    wanted = node(
        "docker-container",
        "ssh://me@box",
        image="mirror.test/moby/buildkit:v0.29.0",
        network="host",
        options={"memory": "4g", "env.no_proxy": "a.test,b.test"},
    )
    assert create_command(wanted, NEW, Path("/t/buildkitd.toml")) == (
        "docker", "buildx", "create",
        "--name", "polyarch-arm",
        "--node", node_name(wanted),
        "--driver", "docker-container",
        "--buildkitd-config", "/t/buildkitd.toml",
        "--driver-opt", "image=mirror.test/moby/buildkit:v0.29.0",
        "--driver-opt", "network=host",
        "--driver-opt", '"env.no_proxy=a.test,b.test"',
        "--driver-opt", "memory=4g",
        "ssh://me@box",
    )  # fmt: skip


def test_an_older_buildx_has_another_word_for_the_config() -> None:
    command = create_command(node("docker-container"), OLD, Path("/t/buildkitd.toml"))
    assert command[-2:] == ("--config", "/t/buildkitd.toml")


def test_a_container_behind_certificates_needs_a_context() -> None:
    wanted = node("docker-container", "tcp://box:2376", tls=Path("/tls"))
    name = context_name(wanted)
    assert name == node_name(wanted)
    assert context_command(wanted) == (
        "docker", "context", "create", name,
        "--docker", "host=tcp://box:2376,ca=/tls/ca.pem,cert=/tls/cert.pem,key=/tls/key.pem",
    )  # fmt: skip
    assert create_command(wanted, NEW)[-1] == name
    assert drop_context_command(name) == ("docker", "context", "rm", "--force", name)


@pytest.mark.parametrize("endpoint", ["box", "ssh://me@box", "tcp://box:2375", ""])
def test_others_need_no_context(endpoint: str) -> None:
    assert context_name(node("docker-container", endpoint)) == ""


def test_workers_in_kubernetes() -> None:
    wanted = node(
        "kubernetes",
        image="mirror.test/buildkit",
        options={"namespace": "builds", "replicas": "4", "nodeselector": "a=b,c=d"},
    )
    assert create_command(wanted, NEW) == (
        "docker", "buildx", "create",
        "--name", "polyarch-arm",
        "--node", node_name(wanted),
        "--driver", "kubernetes",
        "--driver-opt", "image=mirror.test/buildkit",
        "--driver-opt", "namespace=builds",
        "--driver-opt", '"nodeselector=a=b,c=d"',
        "--driver-opt", "replicas=4",
    )  # fmt: skip


def test_a_buildkit_that_runs_elsewhere() -> None:
    wanted = node("remote", "tcp://box:1234", tls=Path("/tls"), options={"servername": "bk.test"})
    assert create_command(wanted, NEW) == (
        "docker", "buildx", "create",
        "--name", "polyarch-arm",
        "--node", node_name(wanted),
        "--driver", "remote",
        "--driver-opt", "cacert=/tls/ca.pem",
        "--driver-opt", "cert=/tls/cert.pem",
        "--driver-opt", "key=/tls/key.pem",
        "--driver-opt", "servername=bk.test",
        "tcp://box:1234",
    )  # fmt: skip


def test_looking_and_removing() -> None:
    wanted = node("kubernetes")
    assert inspect_command(wanted) == ("docker", "buildx", "inspect", "polyarch-arm")
    started = inspect_command(wanted, bootstrap=True)
    assert started == ("docker", "buildx", "inspect", "--bootstrap", "polyarch-arm")
    assert remove_command(wanted) == ("docker", "buildx", "rm", "--force", "polyarch-arm")


def test_the_name_of_the_node_tells_what_it_was_made_of() -> None:
    one = node("docker-container", "ssh://me@box")
    hub = Daemon(hosts=(RegistryHost(host="docker.io", mirrors=("mirror.test",)),))
    others = [
        replace(one, image="mirror.test/buildkit"),
        replace(one, network="host"),
        replace(one, endpoint="ssh://me@crate"),
        replace(one, options={"memory": "1g"}),
        replace(one, daemon=hub),
        replace(one, tls=Path("/tls")),
        replace(one, name="other"),
    ]
    assert len({node_name(each) for each in (one, *others)}) == len(others) + 1
    assert node_name(one) == node_name(replace(one, parallel=3))


def test_names_are_those_that_kubernetes_takes() -> None:
    named = replace(node("kubernetes"), name="arm_64.big")
    assert builder_name(named) == "polyarch-arm_64.big"
    assert node_name(named).startswith("polyarch-arm-64-big-")


def test_fields_of_lists() -> None:
    assert csv_field('a="b",c') == '"a=""b"",c"'
    assert csv_field("a=b") == "a=b"
