"""Reading records, which come from other machines as well: every text is bounded and checked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from polyarch.content.files import open_regular
from polyarch.errors import InvalidDigestError, RunUnreadableError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES, JsonObject

RUN = "run.json"
RESULT = "result.json"
PLAN = "plan.json"
EVENTS = "events.jsonl"
PROOF = "proof.json"
TOOLCHAIN = "toolchain.json"
TAGS = "tags.json"

MAX_EVENTS_BYTES = 64 * 1024 * 1024

DOCUMENTS: Mapping[str, int] = MappingProxyType(
    {
        RUN: 1024 * 1024,
        TAGS: MAX_MANIFEST_BYTES,
        RESULT: MAX_MANIFEST_BYTES,
        PLAN: MAX_MANIFEST_BYTES,
        PROOF: MAX_MANIFEST_BYTES,
        TOOLCHAIN: MAX_MANIFEST_BYTES,
        EVENTS: MAX_EVENTS_BYTES,
    }
)
"""The files of a record that travel, and the most bytes that each may have. Logs do not, and the
journal, which may hold signed addresses, never does."""

MAX_TEXT = 2000
"""Characters of a text that is shown."""

_MOST = 1e15
"""Bytes and seconds beyond this are none."""


def read_bounded(path: Path, limit: int) -> bytes:
    """A file's bytes; links are not followed.

    Raises:
        RunUnreadableError: it cannot be read, or is larger.
    """
    try:
        with open_regular(path, follow=False) as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise RunUnreadableError(str(path), reason or "it has no possible name") from error
    if len(raw) > limit:
        raise RunUnreadableError(str(path), f"it is larger than {limit} bytes")
    return raw


def text_of(value: Mapping[str, object], key: str) -> str:
    """The text under a key, cut where it is too long; empty where there is none."""
    found = value.get(key)
    return _printable(found[:MAX_TEXT]) if isinstance(found, str) else ""


def digest_of(value: Mapping[str, object], key: str) -> str:
    """The digest under a key; empty where there is none, or what stands there is none."""
    try:
        return str(Digest.parse(text_of(value, key)))
    except InvalidDigestError:
        return ""


def number_of(value: Mapping[str, object], key: str) -> float:
    """The number under a key, not below 0; 0 where there is none."""
    found = value.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return 0.0
    return float(found) if 0 <= found < _MOST else 0.0


def objects_of(value: Mapping[str, object], key: str, most: int) -> Iterator[JsonObject]:
    """The objects of the list under a key, the first `most` of them; what is none is left out."""
    found = value.get(key)
    for item in found[:most] if isinstance(found, list) else ():
        if isinstance(item, dict):
            yield item


def object_of(value: Mapping[str, object], key: str) -> JsonObject:
    """The object under a key; an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def time_of(value: Mapping[str, object], key: str) -> datetime | None:
    """The time under a key, None where it is none or names no offset."""
    try:
        found = datetime.fromisoformat(text_of(value, key))
    except ValueError:
        return None
    try:
        return found if found.tzinfo and found.timestamp() >= 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _printable(text: str) -> str:
    """Without halves of characters, which no stream can carry."""
    return text.encode("utf-8", "replace").decode()
