"""The address at which people can look at what a git remote holds."""

import re
from urllib.parse import SplitResult, urlsplit

_SCP_FORM = re.compile(r"(?:[^@/:]+@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:\[\]]+):(?P<path>[^/].*|/.*)")
"""`git@host:path`: git-clone(1), "GIT URLS"."""

_WEB_SCHEMES = ("http", "https")
_OTHER_SCHEMES = ("ssh", "git", "git+ssh", "ssh+git")


def web_address(url: str) -> str | None:
    """Turn a remote's URL into one that may be shown and clicked; None for a path of this machine.

    User names, passwords, tokens, queries and fragments are left out: the result stands in labels
    that everybody can read.
    """
    if any(not character.isprintable() or character.isspace() for character in url):
        return None
    if "://" not in url:
        match = _SCP_FORM.fullmatch(url)
        if match is None or _is_drive(match["host"]):
            return None
        return _address("https", match["host"], match["path"])
    try:
        parts = urlsplit(url)
        host = _host(parts)
    except ValueError:
        return None
    if parts.scheme in _WEB_SCHEMES:
        return _address(parts.scheme, host, parts.path)
    if parts.scheme in _OTHER_SCHEMES:
        return _address("https", host.rpartition(":")[0] if parts.port else host, parts.path)
    return None


def _is_drive(host: str) -> bool:
    return len(host) == 1 and host.isalpha()


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{parts.port}" if parts.port else name


def _address(scheme: str, host: str, path: str) -> str | None:
    path = path.strip("/").removesuffix(".git").rstrip("/")
    return f"{scheme}://{host}/{path}" if host and path else None
