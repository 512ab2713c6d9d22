"""Answers of a registry as values: error bodies, page links, warnings, digests.

Sources: distribution-spec v1.1 "Error Codes", "Listing Tags", "Warnings"; RFC 8288 (Link).
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from polyarch.errors import InvalidDigestError
from polyarch.oci.digest import Digest
from polyarch.registry.transport import Headers

DIGEST_HEADER = "Docker-Content-Digest"
_MAX_ERRORS = 10
_CODE = re.compile(r"[A-Z0-9_]{1,60}")
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^;,\"=\s]+(?:\s*=\s*(?:\"[^\"]*\"|[^;,\"\s]*))?)*)")
_NEXT = re.compile(
    r";\s*rel\s*=\s*\"?(?:[^\";,]*\s)?next(?:\s[^\";,]*)?\"?\s*(?:;|$)", re.IGNORECASE
)
_WARNING = re.compile(r'\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"')
_SIZE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error body says: codes in upper case, messages in one line of any length.

    The messages are not fit to be shown: a registry may echo what it was sent.
    """

    codes: tuple[str, ...] = ()
    words: str = ""


def parse_error(body: bytes) -> ErrorBody:
    """Read an error body; anything that is not one gives its text, if it is text."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ErrorBody(words=_plain_text(body))
    errors = value.get("errors") if isinstance(value, dict) else None
    if not isinstance(errors, list):
        # Token services and proxies: {"details": …}, {"message": …}, {"error": …}.
        return ErrorBody(
            words=_first_text(value, "message", "details", "error_description", "error")
        )
    items = [error for error in errors[:_MAX_ERRORS] if isinstance(error, dict)]
    codes = dict.fromkeys(_text(item.get("code")).upper() for item in items)
    words = dict.fromkeys(_text(item.get("message")) for item in items)
    return ErrorBody(
        codes=tuple(code for code in codes if _CODE.fullmatch(code)),
        words="; ".join(word for word in words if word),
    )


def media_type_of(headers: Headers) -> str:
    """Content-Type without its parameters, lower case."""
    return headers.get("Content-Type").partition(";")[0].strip().lower()


def size_of(headers: Headers) -> int | None:
    """Content-Length, or None where it is absent or no number."""
    text = headers.get("Content-Length")
    return int(text) if _SIZE.fullmatch(text) else None


def digest_of(headers: Headers) -> Digest | None:
    """Docker-Content-Digest, or None where it is absent or no digest."""
    try:
        return Digest.parse(headers.get(DIGEST_HEADER))
    except InvalidDigestError:
        return None


def absolute(answered: str, target: str) -> str:
    """A URL of an answer, relative to the URL that answered.

    What is none is given back as it is, for whoever judges it to refuse.
    """
    try:
        return urljoin(answered, target)
    except ValueError:
        return target


def next_page(headers: Headers, answered: str) -> str | None:
    """The URL of the next page, absolute, or None on the last one."""
    for header in headers.all("Link"):
        for match in _LINK.finditer(header):
            if _NEXT.search(match[2]):
                return absolute(answered, str(match[1]))
    return None


def warnings_of(headers: Headers) -> tuple[str, ...]:
    """The texts of `Warning: 299 - "…"`, not yet fit to be shown; other kinds mean nothing here."""
    found = (_WARNING.match(header) for header in headers.all("Warning"))
    texts = (re.sub(r"\\(.)", r"\1", match[1]) for match in found if match)
    return tuple(texts)


def upload_url(location: str, answered: str) -> str:
    """Where an upload goes on, from its Location and the URL that answered; the query is opaque.

    Registries behind a proxy that ends TLS write `http://` or forget the port
    (distribution/distribution#2225, #970): on the same host both are mended.
    """
    url = absolute(answered, location)
    try:
        return _mended(urlsplit(url), urlsplit(answered))
    except ValueError:
        return url


def with_digest(url: str, digest: Digest) -> str:
    """An upload's URL that closes it; nothing else is changed."""
    return f"{url}{'&' if '?' in url else '?'}digest={quote(str(digest), safe='')}"


def _mended(parts: SplitResult, ours: SplitResult) -> str:
    if parts.hostname != ours.hostname:
        return urlunsplit(parts)
    if ours.scheme == "https":
        parts = parts._replace(scheme="https")
    if parts.port is None and ours.port is not None:
        parts = parts._replace(netloc=f"{parts.netloc}:{ours.port}")
    return urlunsplit(parts)


def _plain_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else " ".join(text.split())


def _first_text(value: object, *keys: str) -> str:
    if not isinstance(value, dict):
        return ""
    found = (_text(value.get(key)) for key in keys)
    return next((text for text in found if text), "")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
