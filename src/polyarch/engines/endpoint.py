"""Where a node is, as the docker command line takes it: pure.

Sources: docker/cli, cli/command/cli.go (DOCKER_HOST and DOCKER_CONTEXT each name one engine, and
both at once are told as a mistake) and cli/context/docker/load.go (DOCKER_TLS_VERIFY and
DOCKER_CERT_PATH count for DOCKER_HOST alone); docker/buildx, store/storeutil (the builder of an
engine has its context's name, `default` where a host is named).
"""

import re
from collections.abc import Mapping

from polyarch.engines.node import Node

DEFAULT = "default"
"""The builder that buildx has for the engine which its environment names."""

_NAMES_AN_ENGINE = (
    "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
)  # fmt: skip
_NAMES_A_BUILDER = ("BUILDX_BUILDER", "BUILDKIT_HOST")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


def is_address(endpoint: str) -> bool:
    """Whether it is an address, as `ssh://host`, and no Docker context's name."""
    return "://" in endpoint


def engine_environment(node: Node, environment: Mapping[str, str]) -> dict[str, str]:
    """What a docker command line gets so that it speaks to the Engine at the node's endpoint.

    Without an endpoint that is the one which the environment names already.
    """
    kept = builder_environment(environment)
    if not node.endpoint:
        return kept
    for name in _NAMES_AN_ENGINE:
        kept.pop(name, None)
    if not is_address(node.endpoint):
        return {**kept, "DOCKER_CONTEXT": node.endpoint}
    kept["DOCKER_HOST"] = node.endpoint
    if node.tls is not None:
        kept |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(node.tls.absolute())}
    return kept


def builder_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names another builder than the one on the command line."""
    return {name: value for name, value in environment.items() if name not in _NAMES_A_BUILDER}


def engine_builder(node: Node, environment: Mapping[str, str]) -> str:
    """The builder that stands for the Engine at the node's endpoint."""
    if is_address(node.endpoint):
        return DEFAULT
    if node.endpoint:
        return node.endpoint
    named = environment.get("DOCKER_CONTEXT", "")
    return DEFAULT if environment.get("DOCKER_HOST") or not named else named


def shown(node: Node) -> str:
    """The node as people are told of it, with no password that somebody wrote into an address."""
    place = masked(node.endpoint) or "no endpoint"
    return f"the builder `{node.name}` ({node.driver}, {place})"


def masked(endpoint: str) -> str:
    """An endpoint with no password that somebody wrote into it."""
    return _PASSWORD.sub(r"\1:***@", endpoint)
