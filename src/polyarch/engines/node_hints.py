"""What a person does about a node that cannot be used: pure."""

import re
import shlex

from polyarch.engines.endpoint import is_address, masked
from polyarch.engines.faults import REACH_DAEMON
from polyarch.engines.node import Node

_NO_IMAGE = re.compile(r"buildkit.*(not found|denied|timeout|refused|unknown)|pull", re.IGNORECASE)


def reach_hint(node: Node) -> str:
    """How to see why a node does not answer."""
    place, table = masked(node.endpoint), f"[builders.{node.name}]"
    if node.driver == "kubernetes":
        return "see that `kubectl get pods` works with the same KUBECONFIG"
    if node.driver == "remote":
        return f"see that BuildKit listens at {place}, and that `tls` under {table} is its own"
    if not place:
        return REACH_DAEMON
    if not is_address(place):
        return (
            f"`docker context ls` shows the contexts that there are, and"
            f" `docker --context {place} version` tries this one"
        )
    tried = f"`docker --host {place} version` tries it"
    if place.startswith("ssh://"):
        return (
            f"{tried}: ssh must get in without a question (host known, key taken), and find"
            " `docker` there"
        )
    if place.startswith("tcp://"):
        if node.tls:
            return (
                f"`DOCKER_CERT_PATH={shlex.quote(str(node.tls))} docker --tlsverify --host {place}"
                " version` tries it; ca.pem, cert.pem and key.pem in that folder must be that"
                " Engine's"
            )
        return f"{tried}; an Engine that asks for certificates needs `tls` under {table}"
    return f"start the Docker Engine that listens there, or mend `endpoint` under {table}; {tried}"


def start_hint(node: Node, told: str) -> str:
    """What to do about a BuildKit that could not be started; `told` is why, in buildx's words."""
    if _NO_IMAGE.search(told):
        return (
            "that machine must be able to pull BuildKit's image: name one that it can under"
            f' [builders.{node.name}], as `image = "MIRROR/moby/buildkit:buildx-stable-1"`'
        )
    return reach_hint(node)


def store_hint(node: Node) -> str:
    """What to do about a node with Docker's classic image store."""
    return (
        "on that machine turn on the containerd image store (in /etc/docker/daemon.json: "
        '`{"features": {"containerd-snapshotter": true}}`, then restart Docker), or set '
        f'`driver = "docker-container"` under [builders.{node.name}]'
    )
