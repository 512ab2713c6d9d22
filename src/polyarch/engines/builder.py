"""A builder of buildx that stands for a node, to the exact command lines: pure.

Builders are kept where the user's own are, so `docker buildx ls` shows them. What a builder was
made of stands in the name of its one node, as a fingerprint: a builder whose node has another name
was made of other options, and a container or deployment that is there is never taken for another.

Source: docker/buildx, commands/create.go and the factories in driver/.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from polyarch.engines.buildkitd import buildkitd_toml
from polyarch.engines.endpoint import is_address
from polyarch.engines.node import Node
from polyarch.engines.version import Version
from polyarch.oci.digest import Digest

NAMED_CONFIG = Version((0, 13, 0))
"""The first with `--buildkitd-config`, which was `--config` before."""

_PREFIX = "polyarch-"
_FINGERPRINT = 8
_ODD = re.compile(r"[^a-z0-9-]+")
_STARTED = ("docker-container", "kubernetes")
"""Drivers that start a BuildKit, which can be told things."""


def builder_name(node: Node) -> str:
    """The name of the node's builder, as `docker buildx ls` shows it."""
    return f"{_PREFIX}{node.name}".lower()


def node_name(node: Node) -> str:
    """The name of the builder's only node; containers and deployments are named after it."""
    made_of = [*create_arguments(node), str(node.tls), buildkitd_toml(node.daemon)]
    wanted = json.dumps([node.name, *made_of])
    plain = _ODD.sub("-", builder_name(node)).strip("-")
    return f"{plain}-{Digest.of(wanted.encode()).encoded[:_FINGERPRINT]}"


def context_name(node: Node) -> str:
    """The Docker context that a node needs, empty for most.

    Only a context can hold the certificates of an Engine's address for a builder.
    """
    needed = node.driver == "docker-container" and node.tls and is_address(node.endpoint)
    return node_name(node) if needed else ""


def context_command(node: Node) -> tuple[str, ...]:
    """Make that context."""
    tls = node.tls.absolute() if node.tls else Path()
    words = [
        f"host={node.endpoint}",
        f"ca={tls / 'ca.pem'}", f"cert={tls / 'cert.pem'}", f"key={tls / 'key.pem'}",
    ]  # fmt: skip
    told = ",".join(map(csv_field, words))
    return ("docker", "context", "create", context_name(node), "--docker", told)


def drop_context_command(node: str) -> tuple[str, ...]:
    """Remove the context that was made for the node of that name, if one was."""
    return ("docker", "context", "rm", "--force", node)


def create_command(node: Node, version: Version, config: Path | None = None) -> tuple[str, ...]:
    """Make the builder; `config` is the file with the text of `buildkitd_toml`, where it has one.

    Nothing is started yet.
    """
    named = ("--name", builder_name(node), "--node", node_name(node))
    option = "--buildkitd-config" if version >= NAMED_CONFIG else "--config"
    told = (option, str(config)) if config else ()
    driver, *rest = create_arguments(node)
    place = context_name(node)
    if place:
        rest[-1] = place
    return ("docker", "buildx", "create", *named, "--driver", driver, *told, *rest)


def create_arguments(node: Node) -> tuple[str, ...]:
    """The driver, its options and the endpoint."""
    chosen = [word for each in _options(node) for word in ("--driver-opt", csv_field(each))]
    place = (node.endpoint,) if node.endpoint else ()
    return (node.driver, *chosen, *place)


def has_daemon(node: Node) -> bool:
    """Whether the node's driver starts a BuildKit that reads a buildkitd.toml."""
    return node.driver in _STARTED


def inspect_command(node: Node, *, bootstrap: bool = False) -> tuple[str, ...]:
    """Look at the builder, and with `bootstrap` start its BuildKit first."""
    start = ("--bootstrap",) if bootstrap else ()
    return ("docker", "buildx", "inspect", *start, builder_name(node))


def remove_command(node: Node) -> tuple[str, ...]:
    """Remove the builder with the BuildKit that it started, and that one's cache."""
    return ("docker", "buildx", "rm", "--force", builder_name(node))


def csv_field(text: str) -> str:
    """One field of the comma-separated lists that docker takes."""
    if not any(character in text for character in ',"\n\r'):
        return text
    return '"' + text.replace('"', '""') + '"'


def _options(node: Node) -> Iterator[str]:
    if node.image:
        yield f"image={node.image}"
    if node.network:
        yield f"network={node.network}"
    if node.driver == "remote" and node.tls:
        for option, file in (("cacert", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")):
            yield f"{option}={node.tls.absolute() / file}"
    for name, value in sorted(node.options.items()):
        yield f"{name}={value}"
