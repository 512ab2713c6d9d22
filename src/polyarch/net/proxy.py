"""Which proxy a request takes, from the variables that all HTTP programs share.

Source: the conventions of curl and Go's net/http (`http.ProxyFromEnvironment`).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from polyarch.errors import UnsupportedProxyError
from polyarch.net.endpoint import is_loopback_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRules:
    """Proxies by scheme, and hosts that are reached directly; loopback always is.

    The URLs may hold a password and are left out of `repr`.
    """

    http: str | None = field(default=None, repr=False)
    https: str | None = field(default=None, repr=False)
    direct: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; lower case wins, as in curl.

        Raises:
            UnsupportedProxyError: another kind of proxy than plain HTTP.
        """
        bypass = _variable(environment, "NO_PROXY")[1]
        return cls(
            http=_proxy(environment, "HTTP_PROXY"),
            https=_proxy(environment, "HTTPS_PROXY"),
            direct=tuple(item.strip().lower() for item in bypass.split(",") if item.strip()),
        )

    def proxy_for(self, url: str) -> str | None:
        """The proxy for a URL, or None for a direct connection."""
        parts = urlsplit(url)
        proxy = self.https if parts.scheme == "https" else self.http
        host = parts.hostname or ""
        if proxy is None or is_loopback_name(host):
            return None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        bypassed = any(_matches(rule, host, port) for rule in self.direct)
        return None if bypassed else proxy


def _matches(rule: str, host: str, port: int) -> bool:
    name, colon, wanted = rule.rpartition(":")
    if colon and wanted.isdigit() and not (":" in name and not name.endswith("]")):
        if int(wanted) != port:
            return False
        rule = name
    rule = rule.strip("[]").removeprefix("*")
    if not rule:
        return True
    if "/" in rule:
        return _in_network(host, rule)
    suffix = rule if rule.startswith(".") else f".{rule}"
    return host == rule.removeprefix(".") or host.endswith(suffix)


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    for candidate in (name.lower(), name):
        if value := environment.get(candidate, "").strip():
            return candidate, value
    return name, ""


def _proxy(environment: Mapping[str, str], name: str) -> str | None:
    variable, value = _variable(environment, name)
    if not value:
        variable, value = _variable(environment, "ALL_PROXY")
    if not value:
        return None
    scheme, separator, _ = value.partition("://")
    if not separator:
        return f"http://{value}"
    if scheme.lower() != "http":
        raise UnsupportedProxyError(variable, scheme)
    return value
