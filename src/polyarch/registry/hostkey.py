"""Keys under which logins are kept: hosts and repository prefixes, in the many forms of the field.

Docker Hub's key is `https://index.docker.io/v1/` for historical reasons; podman's files also hold
prefixes of repositories. Sources: docker/cli, cli/config; containers-auth.json(5).
"""

from collections.abc import Mapping
from typing import TypeVar

from polyarch.oci.reference import DOCKER_HUB, DOCKER_HUB_NAMES, Repository

T = TypeVar("T")

HUB_SERVER = "https://index.docker.io/v1/"
"""What credential helpers call Docker Hub."""

_API_PATHS = frozenset({"", "v1", "v2"})


def normalize(key: str) -> str:
    """`host[:port][/prefix]` of a key, with or without scheme, API path and final slash."""
    _, separator, rest = key.strip().partition("://")
    host, _, path = (rest if separator else key.strip()).partition("/")
    host = host.lower()
    path = path.strip("/")
    host = DOCKER_HUB if host in DOCKER_HUB_NAMES else host
    return host if path in _API_PATHS else f"{host}/{path}"


def best_match(values: Mapping[str, T], repository: Repository) -> tuple[str, T] | None:
    """The key, as it is written, and value of the longest prefix of the repository's name."""
    wanted = [repository.registry.lower()]
    for part in repository.path.split("/"):
        wanted.append(f"{wanted[-1]}/{part}")
    by_name = {normalize(key): (key, value) for key, value in reversed(list(values.items()))}
    return next((by_name[name] for name in reversed(wanted) if name in by_name), None)
