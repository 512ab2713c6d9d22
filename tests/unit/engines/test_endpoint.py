from pathlib import Path

import pytest

from polyarch.engines.endpoint import engine_builder, engine_environment, shown
from polyarch.engines.node import Node

OWN = {
    "PATH": "/bin",
    "DOCKER_HOST": "unix:///own.sock",
    "DOCKER_CONTEXT": "own",
    "DOCKER_TLS_VERIFY": "1",
    "DOCKER_CERT_PATH": "/own",
    "DOCKER_CONFIG": "/config",
    "BUILDX_BUILDER": "mine",
}
KEPT = {"PATH": "/bin", "DOCKER_CONFIG": "/config"}


def node(endpoint: str, tls: Path | None = None) -> Node:
    return Node(name="arm", driver="docker", endpoint=endpoint, tls=tls)


@pytest.mark.parametrize("endpoint", ["ssh://me@box", "tcp://box:2375", "unix:///run/d.sock"])
def test_an_address_takes_the_place_of_all_that_named_an_engine(endpoint: str) -> None:
    assert engine_environment(node(endpoint), OWN) == {**KEPT, "DOCKER_HOST": endpoint}
    assert engine_builder(node(endpoint), OWN) == "default"


def test_a_context_is_named_alone() -> None:
    assert engine_environment(node("box"), OWN) == {**KEPT, "DOCKER_CONTEXT": "box"}
    assert engine_builder(node("box"), OWN) == "box"


def test_certificates_go_with_the_address() -> None:
    assert engine_environment(node("tcp://box:2376", Path("/tls")), OWN) == {
        **KEPT,
        "DOCKER_HOST": "tcp://box:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": "/tls",
    }


def test_without_an_endpoint_the_own_engine_counts_but_no_builder() -> None:
    assert "BUILDX_BUILDER" not in engine_environment(node(""), OWN)
    assert engine_environment(node(""), OWN)["DOCKER_HOST"] == "unix:///own.sock"
    assert engine_builder(node(""), OWN) == "default"
    assert engine_builder(node(""), {"DOCKER_CONTEXT": "own"}) == "own"
    assert engine_builder(node(""), {}) == "default"


def test_a_password_in_an_address_is_not_told() -> None:
    told = shown(node("tcp://me:secret@box:2376"))
    assert told == "the builder `arm` (docker, tcp://me:***@box:2376)"
