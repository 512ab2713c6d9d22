"""Which files of a build context a target can read: what its stages name in COPY, ADD and mounts.

Too much is never wrong here, too little is: what cannot be told from the Dockerfile is everything.
Sources: BuildKit, frontend/dockerfile/dockerfile2llb (`dispatchCopy`) and solver/llbsolver/file
(`ResolveWildcards`); Go's path/filepath (`Match`).
"""

import posixpath
import re
from dataclasses import dataclass

from polyarch.dockerfile.graph import StageGraph

_ANY = "[^/]*"
_ONE = "[^/]"
_DEEP = ".*"
_PIECE = re.compile(r"\[[^\]]+\]|.", re.DOTALL)
"""A class, or one character."""


@dataclass(frozen=True, slots=True)
class UsedFiles:
    """Paths of a context, each as the expressions of its components; sorted, so that equals are."""

    paths: tuple[tuple[str, ...], ...]

    @property
    def below(self) -> re.Pattern[str]:
        """Matches a path that is read, or lies in a folder that is."""
        each = "|".join(_joined(components) for components in self.paths)
        return re.compile(f"(?:{each})(?:/.*)?", re.DOTALL) if each else _NOTHING

    @property
    def on_the_way(self) -> re.Pattern[str]:
        """Matches what is read and the folders that lead to it.

        Where one of them is a link, what is read lies elsewhere in the context.
        """
        each = "|".join(_ways(components) for components in self.paths)
        return re.compile(each, re.DOTALL) if each else _NOTHING


_NOTHING = re.compile(r"(?!)")


def used_files(graph: StageGraph) -> UsedFiles | None:
    """What the stages of a graph read of the context; None where that may be all of it."""
    found: set[tuple[str, ...]] = set()
    for source in graph.context_sources:
        if source.path is None:
            return None
        path = posixpath.normpath(f"/{source.path}").strip("/")
        if not path or any("[" in _PIECE.findall(each) for each in path.split("/")):
            return None  # a class may hold a slash
        found.add(tuple(_component(each) for each in path.split("/")))
    return UsedFiles(tuple(sorted(found)))


def _component(text: str) -> str:
    """The expression of one component: a class stands for any character, an escape for anything."""
    if "**" in text:
        return _DEEP
    if "\\" in text:
        return _ANY
    return "".join(_expression(piece[0]) for piece in _PIECE.finditer(text))


def _expression(piece: str) -> str:
    if piece == "*":
        return _ANY
    return _ONE if piece == "?" or len(piece) > 1 else re.escape(piece)


def _joined(components: tuple[str, ...]) -> str:
    """What `**` stands for may be no folder at all: `a/**/b` is `a/b`, too."""
    *folders, last = components
    return "".join("(?:.*/)?" if each == _DEEP else f"{each}/" for each in folders) + last


def _ways(components: tuple[str, ...]) -> str:
    """`a(?:/b(?:/c)?)?`: the first of them, the first two, and so on."""
    first, *others = components
    return f"{first}(?:/{_ways(tuple(others))})?" if others else first
