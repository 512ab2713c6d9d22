"""Whether what an instruction fetches or writes leaves its stage."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from polyarch.dockerfile.lint.outputs import Transfers
from polyarch.dockerfile.lint.view import Run, StageView

_SHARED = frozenset(
    {
        "/", "/bin", "/sbin", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin", "/usr/local/lib",
        "/usr/lib", "/lib", "/opt", "/etc", "/root", "/home", "/var", "/usr/share",
    }
)  # fmt: skip
"""Folders that hold much else: that something leaves one of them says nothing of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What leaves a stage: paths, the folders they lie in, and the names of their files."""

    is_all: bool
    paths: frozenset[str]
    above: frozenset[str]
    names: frozenset[str]

    def has(self, words: Iterable[str]) -> bool:
        """Whether one of the words is what leaves, lies in it or holds it."""
        return self.is_all or any(self._has(word.strip("\"'")) for word in words)

    def _has(self, word: str) -> bool:
        if posixpath.basename(word) in self.names:
            return True
        if not word.startswith("/"):
            return False
        path = posixpath.normpath(word)
        if path in self.above and path not in _SHARED:
            return True
        return not self.paths.isdisjoint(_upwards(path))


def leaving(flows: Transfers, stage: StageView) -> Leaving:
    """What other stages take of a stage; of one that is shipped, or stood on, everything."""
    outputs = flows.of(stage)
    paths = frozenset(one.path.rstrip("/") or "/" for one in outputs)
    return Leaving(
        is_all=stage.is_shipped or "/" in paths,
        paths=paths,
        above=frozenset(folder for path in paths for folder in _upwards(path)),
        names=frozenset(
            name for path in paths if (name := posixpath.basename(path)) and "*" not in name
        ),
    )


def words_of(run: Run) -> Iterable[str]:
    """What the commands of a RUN are given and where they write to."""
    for command in run.commands:
        yield from (str(word) for word in command.words)
        yield from (str(one.target) for one in command.redirects)


_DEEPEST = 64


def _upwards(path: str) -> Iterable[str]:
    """The path and the folders above it, the root left out."""
    for _ in range(_DEEPEST):
        if path in {"", "/", "."}:
            return
        yield path
        path = posixpath.dirname(path)
