"""Where a host is really reached, and how far it is trusted."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A base URL without a path, and how its TLS is checked.

    `ca_file` replaces the system's certificate authorities; `insecure` checks no certificate.
    """

    url: str
    ca_file: Path | None = None
    insecure: bool = False
    proxy: str | None = None

    @classmethod
    def of_host(cls, host: str, *, plain_http: bool | None = None) -> Self:
        """The endpoint of `host[:port]`: TLS, except where told or where the host is loopback."""
        plain = is_loopback(host) if plain_http is None else plain_http
        return cls(url=f"{'http' if plain else 'https'}://{host}")

    @property
    def is_plain(self) -> bool:
        """Whether bytes travel unencrypted."""
        return self.url.startswith("http://")


def host_only(host: str) -> str:
    """`host[:port]` without the port and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` names this machine."""
    return is_loopback_name(host_only(host))


def is_loopback_name(name: str) -> bool:
    """Whether a host's name or address, without brackets and port, is this machine's."""
    name = name.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
