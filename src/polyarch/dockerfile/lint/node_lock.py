"""What npm's lock file says of platforms: `os` and `cpu` of packages, and families of them.

A family is what one package names as optional dependencies, one for each platform. Format:
npm docs, package-lock.json (lockfileVersion 2 and 3, `packages`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import World, name_in
from polyarch.dockerfile.lint.archwords import find_words
from polyarch.oci.platform import Platform

_FEWEST = 2
"""Members for Linux that make a family: a single one is an extra for that platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGap:
    """A package that has native members, none of which a platform can use.

    `is_lost`: the project publishes one, but the lock file was written without it.
    """

    package: str
    platform: Platform
    is_lost: bool


def node_gaps(text: str, platforms: Iterable[Platform]) -> tuple[NodeGap, ...] | None:
    """The gaps of a lock file; None where it is none that this knows."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    packages = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(packages, dict):
        return None
    wanted = tuple(dict.fromkeys(platforms))
    locked = {
        name: entry
        for path, entry in packages.items()
        if isinstance(entry, dict) and (name := path.rpartition("node_modules/")[2])
    }
    return tuple(gap for each in _families(locked) for gap in _gaps(*each, locked, wanted))


def _families(locked: Mapping[str, dict[str, object]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, entry in locked.items():
        options = entry.get("optionalDependencies")
        if isinstance(options, dict):
            members = tuple(one for one in options if _of_linux(one, locked.get(one)))
            if len(members) >= _FEWEST:
                yield name, members


def _of_linux(name: str, entry: dict[str, object] | None) -> bool:
    """By its entry; by its name where it was left out of the file."""
    if entry is not None:
        return "linux" in _texts(entry.get("os"))
    return any(word.os.startswith("linux") for word in find_words(name))


def _gaps(
    package: str,
    members: tuple[str, ...],
    locked: Mapping[str, dict[str, object]],
    platforms: Iterable[Platform],
) -> Iterator[NodeGap]:
    for platform in platforms:
        mine = [one for one in members if _serves(one, locked.get(one), platform)]
        if not mine or not any(one in locked for one in mine):
            yield NodeGap(package=package, platform=platform, is_lost=bool(mine))


def _serves(name: str, entry: dict[str, object] | None, platform: Platform) -> bool:
    if entry is not None:
        return name_in(platform, World.NODE) in _texts(entry.get("cpu"))
    return any(platform in word.platforms for word in find_words(name))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
