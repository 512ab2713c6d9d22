"""URLs fit for messages and logs: what may be a secret is taken out."""

import re
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

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


def scrub(text: str, secrets: frozenset[str]) -> str:
    """The text with each secret replaced, in any case; a server may echo what it was sent."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
    return text


def forms_of(secret: str) -> frozenset[str]:
    """A secret as it may be echoed: as it is, quoted for a URL or form, in one line."""
    return frozenset({secret, quote(secret, safe=""), quote_plus(secret), " ".join(secret.split())})
