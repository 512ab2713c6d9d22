"""Where a registry may send us: redirects, token services and upload locations are hostile input.

A registry on the internet must not make us talk to this machine, to its neighbours or to a cloud's
metadata service, nor let bytes that were encrypted travel in the open. Names are not resolved: only
addresses written out are judged. Source: google/go-containerregistry#2258.
"""

import ipaddress
import socket
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from polyarch.net.endpoint import is_loopback_name

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE_URL = frozenset(map(chr, range(0x21, 0x7F)))


class Reach(Enum):
    """Where a host is, as far as its name tells."""

    PUBLIC = "public"
    PRIVATE = "a private address"
    LOOPBACK = "this machine"
    LINK_LOCAL = "a link-local address"


_MAY_NAME = {
    Reach.PUBLIC: {Reach.PUBLIC},
    Reach.PRIVATE: {Reach.PUBLIC, Reach.PRIVATE},
    Reach.LOOPBACK: {Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK},
    Reach.LINK_LOCAL: {Reach.PUBLIC, Reach.PRIVATE, Reach.LINK_LOCAL},
}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: credentials never leave their origin.

    Raises:
        ValueError: no absolute URL of HTTP.
    """
    parts = urlsplit(url)
    return _origin(parts)


def same_origin(first: str, second: str) -> bool:
    """Whether both URLs have one origin."""
    try:
        return origin(first) == origin(second)
    except ValueError:
        return False


def reach_of(host: str) -> Reach:
    """Judge a host name or address, without brackets and port."""
    host = host.removesuffix(".")
    if is_loopback_name(host):
        return Reach.LOOPBACK
    address = _address(host)
    if address is None:
        return Reach.PUBLIC
    if address.is_loopback or address.is_unspecified:
        return Reach.LOOPBACK
    if address.is_link_local:
        return Reach.LINK_LOCAL
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def why_unsafe(home: str, target: str) -> str | None:
    """Why a server at `home` may not send us to `target`, or None where it may."""
    if not set(target) <= _SAFE_URL:
        return "it is not a URL"
    try:
        parts = urlsplit(target)
        scheme, host, _ = _origin(parts)
        home_scheme, home_host, _ = origin(home)
    except ValueError:
        return "it is not a URL of HTTP"
    if parts.username is not None or parts.password is not None:
        return "it carries a login"
    if home_scheme == "https" and scheme == "http":
        return "it is not encrypted"
    if host == home_host:
        return None
    reach = reach_of(host)
    if reach in _MAY_NAME[reach_of(home_host)]:
        return None
    return f"it is {reach.value}"


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ValueError("not an absolute URL of HTTP")
    return parts.scheme, parts.hostname, parts.port or default


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Resolvers also take `127.1`, `0x7f000001` and `2130706433`.
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
