"""Names of entries: made clean, or told where they lead out of the image or are beyond bounds."""

from collections.abc import Callable
from typing import NamedTuple

from polyarch.checks.bounds import Bounds
from polyarch.checks.entry import Entry, EntryKind

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."
"""What AUFS kept for itself, which layers made long ago still have; it means nothing to others."""

_NOT_NAMES = frozenset({"", ".", ".."})


class Oddity(NamedTuple):
    """Something that no honest layer has; `code` is that of a finding."""

    code: str
    path: str
    message: str


Tell = Callable[[Oddity], None]


def entry_of(name: str, kind: EntryKind, bounds: Bounds, tell: Tell) -> Entry | None:
    """An entry with a clean path; None where it is passed over.

    Source: image-spec v1.1 layer.md, "Whiteouts".
    """
    path = _clean(name, bounds, tell)
    if path is None:
        return None
    folder, _, base = path.rpartition("/")
    if not base.startswith(_WHITEOUT):
        if kind is EntryKind.DEVICE and not path.startswith("dev/"):
            tell(Oddity("device-node", path, "it is a device of the machine, outside of /dev"))
        return Entry(path, kind) if path else None
    if base == _OPAQUE:
        return Entry(folder, EntryKind.OPAQUE)
    removed = base.removeprefix(_WHITEOUT)
    if base.startswith(_AUFS) or removed in _NOT_NAMES:
        return None
    return Entry(f"{folder}/{removed}" if folder else removed, EntryKind.WHITEOUT)


def clean_link(path: str, link: str, bounds: Bounds, tell: Tell) -> str | None:
    """What a hard link leads to, None where that lies outside."""
    target = _clean(link, bounds, lambda oddity: tell(oddity._replace(path=path)))
    return target or None


def _clean(name: str, bounds: Bounds, tell: Tell) -> str | None:
    if len(name) > bounds.name:
        text = f"its name has {len(name)} characters, and no file system takes {bounds.name}"
        tell(Oddity("layer-name", name[:100] + "…", text))
        return None
    parts: list[str] | None = [part for part in name.split("/") if part and part != "."]
    if parts and ".." in parts:
        parts = _without_climbing(parts)
    if parts is None:
        tell(Oddity("layer-escape", name, "its name leads out of the image"))
        return None
    if len(parts) > bounds.depth:
        tell(Oddity("layer-name", name[:100] + "…", f"it lies {len(parts)} folders deep"))
        return None
    return "/".join(parts)


def _without_climbing(parts: list[str]) -> list[str] | None:
    found: list[str] = []
    for part in parts:
        if part != "..":
            found.append(part)
        elif found:
            found.pop()
        else:
            return None
    return found
