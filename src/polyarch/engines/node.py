"""A machine that builds, as the config names it: where it is and how its BuildKit is driven."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from polyarch.engines.buildkitd import Daemon
from polyarch.oci.platform import Platform

Driver = Literal["docker", "docker-container", "kubernetes", "remote"]
"""Drivers of buildx. `docker`: the BuildKit of the Engine that the endpoint names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`platforms` are those that it is to build, none for all that its engine runs natively.

    `tls` is a folder with ca.pem, cert.pem and key.pem. `image`, `options` and `network` are of the
    BuildKit that a driver starts there, `daemon` is what that is told. `parallel` None: as many
    builds as there are.
    """

    name: str
    driver: Driver
    endpoint: str
    platforms: tuple[Platform, ...] = ()
    tls: Path | None = None
    image: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    network: str = ""
    parallel: int | None = None
    daemon: Daemon = field(default_factory=Daemon)
