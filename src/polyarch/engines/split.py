"""Which files go into which layer, so that what seldom changes keeps its digest.

The order is `system` (what no project has written), `deps`, every other name in the order of the
recipe, and `app` on top. All but `app` have their times at 1970: with the commit's time every
commit would give other bytes. `app` has the commit's, so that web servers tell browsers the truth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from polyarch.engines.layer import Entry, Folder, arrange

SYSTEM, DEPENDENCIES, APPLICATION = "system", "deps", "app"

_DEPENDENCY_FOLDERS = frozenset({"dist-packages", "node_modules", "site-packages", "vendor"})
"""Where npm, pip, Composer and Bundler put what a project did not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An entry, and the layer that the recipe names for it; empty where its path decides."""

    entry: Entry
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The entries of one layer, parents before what they hold."""

    name: str
    entries: tuple[Entry, ...]

    def time(self, created: int) -> int:
        """The time of its files, in seconds since 1970."""
        return created if self.name == APPLICATION else 0


def split(placed: Iterable[Placed], *, where: str) -> tuple[Stratum, ...]:
    """The layers from the lowest up, none of them empty; of two entries of a path the later counts.

    A folder has the same mode in every layer that holds something of it.

    Raises:
        LaidFileError: a path that no layer may hold, or that leads through a file or link.
    """
    found = tuple(placed)
    entries = arrange((each.entry for each in found), where=where)
    homes = {each.entry.path: _home(each) for each in found}
    named = dict.fromkeys(homes.values())
    order = dict.fromkeys((SYSTEM, DEPENDENCIES, *(n for n in named if n != APPLICATION)))
    return tuple(
        Stratum(name=name, entries=_of_layer(name, entries, homes))
        for name in (*order, APPLICATION)
        if name in named and any(homes.get(entry.path) == name for entry in entries)
    )


def _home(placed: Placed) -> str:
    if placed.layer:
        return placed.layer
    folders = placed.entry.path.parts
    if not isinstance(placed.entry, Folder):
        folders = folders[:-1]
    return APPLICATION if _DEPENDENCY_FOLDERS.isdisjoint(folders) else DEPENDENCIES


def _of_layer(
    name: str, entries: Sequence[Entry], homes: dict[PurePosixPath, str]
) -> tuple[Entry, ...]:
    own = {entry.path for entry in entries if homes.get(entry.path) == name}
    above = {parent for path in own for parent in path.parents}
    return tuple(entry for entry in entries if entry.path in own or entry.path in above)
