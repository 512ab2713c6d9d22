"""The forms of texts that say where and how long is built: machines, caches, time limits.

Texts that could hold a password are not repeated. Sources: docker/cli, cli/context/store (names of
contexts); docker/buildx, driver/remote and util/remoteutil (addresses that BuildKit has).
"""

import re
from urllib.parse import urlsplit

from polyarch.config.forms import DURATION as _DURATION
from polyarch.config.forms import SAMPLE_NAME, check_of, form
from polyarch.config.placeholders import expand
from polyarch.errors import InvalidReferenceError
from polyarch.oci.reference import parse_reference

_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_WITH_HOST = frozenset({"ssh", "tcp"})
_WITHOUT = frozenset({"unix", "npipe", "docker-container", "kube-pod"})
_CACHE = (
    r"^(?!.*(?:access_key|secret|token|account_key|password))"
    r"(?:registry|local|gha|type=[a-z0-9]+(?:,[a-z][a-z0-9_-]*=[^,]*)*)$"
)
_REGISTRY = "type=registry,"
_REF = "ref="
_NO_ENDPOINT = (
    "an endpoint is a Docker context, or an address as `ssh://builder@host` or `tcp://host:2376`"
)


def endpoint_problem(text: str) -> str | None:
    """The name of a Docker context, or the address of an Engine or a BuildKit."""
    scheme, separator, rest = text.partition("://")
    if not text or (not separator and _CONTEXT.fullmatch(text)):
        return None
    if not separator or "," in text or not text.isprintable() or any(map(str.isspace, text)):
        return _NO_ENDPOINT
    if scheme in _WITHOUT:
        return None if rest else f"`{scheme}://` stands before the path or name of what is reached"
    if scheme not in _WITH_HOST:
        return (
            f"no Engine or BuildKit is reached by `{scheme[:20]}://`; known are `ssh://`,"
            " `tcp://` and `unix://`"
        )
    return _host_problem(text)


def _host_problem(address: str) -> str | None:
    try:
        found = urlsplit(address)
        host, secret = found.hostname, found.password
    except ValueError:
        return _NO_ENDPOINT
    if secret is not None:
        return (
            "a password never stands in this file: ssh takes a key, and `tcp://` the folder `tls`"
        )
    if not host or host.startswith("-"):
        return "an address has a host: `ssh://builder@host` or `tcp://host:2376`"
    try:
        return "the port of an address is a number up to 65535" if found.port == 0 else None
    except ValueError:
        return "the port of an address is a number up to 65535"


def cache_problem(text: str) -> str | None:
    """A kind of cache, or BuildKit's own form, whose `ref` is a repository."""
    if not re.fullmatch(_CACHE, text):
        return (
            "a cache is `registry`, `local`, `gha`, or BuildKit's own form as"
            " `type=registry,ref=…`; a login never stands in this file"
        )
    if not text.startswith(_REGISTRY):
        return None
    for field in text.split(","):
        reference = field.removeprefix(_REF)
        if reference == field or not reference:
            continue
        try:
            parse_reference(expand(reference, SAMPLE_NAME))
        except InvalidReferenceError:
            return (
                "`ref` is a repository, as `ghcr.io/team/layers`; a login never stands in this file"
            )
    return None


def limit_problem(text: str) -> str | None:
    """A duration of which something may be done."""
    check = check_of(_DURATION.extra)
    problem = check(text) if check else None
    if problem is None and not int(text[:-1]):
        return "nothing ends within no time; without this key there is no limit"
    return problem


ENDPOINT = form(endpoint_problem)
CACHE = form(cache_problem, pattern=_CACHE)
LIMIT = form(limit_problem, pattern=r"^0*[1-9][0-9]*[smhd]$")
