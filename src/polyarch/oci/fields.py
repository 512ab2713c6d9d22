"""Reading fields of hostile JSON: each function returns the right type or says what is wrong."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from polyarch.errors import MalformedManifestError

JsonObject = dict[str, Any]

MAX_MANIFEST_BYTES = 8 * 1024 * 1024
"""Larger manifests are refused unread; registries must accept 4 MiB (distribution-spec v1.1)."""

_MISSING: Any = object()


def decode_object(raw: bytes, kind: str) -> JsonObject:
    """Decode bytes that must be one JSON object of bounded size.

    Raises:
        MalformedManifestError: too large, not JSON, or not an object.
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise MalformedManifestError(kind, f"it is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        value = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedManifestError(kind, f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise MalformedManifestError(kind, "not a JSON object")
    if b"\\ud" in raw.lower():
        _refuse_half_characters(value, kind)
    return value


def encode(value: JsonObject) -> bytes:
    """The one way in which polyarch writes JSON that gets a digest: compact, keys as given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def string(value: JsonObject, key: str, kind: str, *, default: str = _MISSING) -> str:
    """The text under `key`; absent or null gives `default` where there is one."""
    found = value.get(key)
    if found is None and default is not _MISSING:
        return default
    if not isinstance(found, str):
        raise MalformedManifestError(kind, f"`{key}` is not a text")
    return found


def integer(value: JsonObject, key: str, kind: str) -> int:
    """The whole number under `key`."""
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise MalformedManifestError(kind, f"`{key}` is not a whole number")
    return found


def optional_object(value: JsonObject, key: str, kind: str) -> JsonObject | None:
    """The object under `key`, or None where it is absent or null."""
    found = value.get(key)
    if found is not None and not isinstance(found, dict):
        raise MalformedManifestError(kind, f"`{key}` is not an object")
    return found


def object_list(value: JsonObject, key: str, kind: str) -> list[JsonObject]:
    """The list of objects under `key`; absent or null is empty."""
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise MalformedManifestError(kind, f"`{key}` is not a list of objects")
    return found


def string_map(value: JsonObject, key: str, kind: str) -> Mapping[str, str]:
    """The read-only map of texts under `key`; absent or null is empty."""
    found = optional_object(value, key, kind) or {}
    if not all(isinstance(item, str) for item in found.values()):
        raise MalformedManifestError(kind, f"`{key}` holds a value that is not a text")
    return MappingProxyType(dict(found))


def _refuse_half_characters(value: JsonObject, kind: str) -> None:
    """JSON can hold one half of a surrogate pair, which nothing can write in UTF-8 again."""
    try:
        encode(value)
    except UnicodeEncodeError as error:
        raise MalformedManifestError(kind, "a text in it has half a character") from error
