"""URLs fit for messages and logs: what may be a secret is taken out."""

from urllib.parse import urlsplit, urlunsplit

from polyarch.errors import shorten

_MAX_URL = 300
_PUBLIC_PARAMETERS = frozenset(
    {"account", "artifactType", "digest", "from", "last", "mount", "n", "ns", "scope", "service"}
)
"""Query parameters that the protocol defines; all others may be signatures or states."""


def redact_url(url: str) -> str:
    """The URL without user, password, fragment, and values of unknown query parameters."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(_redact_parameter(item) for item in parts.query.split("&") if item)
        return shorten(urlunsplit((parts.scheme, host, parts.path, query, "")), _MAX_URL)
    except ValueError:
        return "an unreadable URL"


def _redact_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return parameter if not equals or name in _PUBLIC_PARAMETERS else f"{name}=***"
