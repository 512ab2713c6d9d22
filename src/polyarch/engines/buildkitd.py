"""What a BuildKit daemon of our own is told, as the text of its buildkitd.toml: pure.

Source: moby/buildkit, docs/buildkitd.toml.md and cmd/buildkitd/config. Sizes are texts with a unit
or `%` (BuildKit 0.17 and later; `gckeepstorage` has been known since long before).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryHost:
    """How BuildKit reaches one registry; `ca` is a file of this machine, which buildx sends along.

    `mirrors` are asked first, in their order.
    """

    host: str
    mirrors: tuple[str, ...] = ()
    plain_http: bool = False
    insecure: bool = False
    ca: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """`steps` is how many steps run at once, over all builds; None is as many as there are.

    `keep` is how much of the cache stays when BuildKit tidies up, as `20GB` or `30%`; empty leaves
    that to BuildKit.
    """

    hosts: tuple[RegistryHost, ...] = ()
    steps: int | None = None
    keep: str = ""


def buildkitd_toml(daemon: Daemon) -> str:
    """The text of the file; empty where BuildKit's own defaults hold."""
    tables = [*_worker(daemon), *(line for host in daemon.hosts for line in _host(host))]
    return "".join(f"{line}\n" for line in tables)


def _worker(daemon: Daemon) -> Iterator[str]:
    if daemon.steps is None and not daemon.keep:
        return
    yield "[worker.oci]"
    if daemon.steps is not None:
        yield f"max-parallelism = {daemon.steps}"
    if daemon.keep:
        yield "gc = true"
        yield f"gckeepstorage = {_text(daemon.keep)}"


def _host(host: RegistryHost) -> Iterator[str]:
    if host == RegistryHost(host=host.host):
        return
    yield f"[registry.{_text(host.host)}]"
    if host.mirrors:
        yield f"mirrors = [{', '.join(map(_text, host.mirrors))}]"
    if host.plain_http:
        yield "http = true"
    if host.insecure:
        yield "insecure = true"
    if host.ca:
        yield f"ca = [{_text(host.ca)}]"


def _text(value: str) -> str:
    """A basic string of TOML."""
    return '"' + _SPECIAL.sub(_escaped, value) + '"'


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}")
