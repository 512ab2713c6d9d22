"""The lock file that an install goes by, where the build context is at hand."""

import posixpath
from collections.abc import Iterator

from polyarch.dockerfile.lint.view import FileView, StageView

_MOST = 64
"""Paths that are tried for one stage."""


def lock_text(view: FileView, stage: StageView, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Path and text of the first of these files that the stage, or one it stands on, may copy."""
    if view.folder is None:
        return None
    tried: set[str] = set()
    for path in _candidates(view, stage, names):
        if path not in tried and len(tried) < _MOST:
            tried.add(path)
            text = view.folder.text(path)
            if text is not None:
                return path, text
    return None


def _candidates(view: FileView, stage: StageView, names: tuple[str, ...]) -> Iterator[str]:
    for one in view.chain(stage):
        for resolved in one.resolved.values():
            for source in resolved.context_sources:
                if source.path is not None:
                    yield from _of_source(source.path, names)


def _of_source(path: str, names: tuple[str, ...]) -> Iterator[str]:
    """The file itself, one beside it that its pattern may mean, one in the folder that it is."""
    folder, base = posixpath.split(path)
    if base in names:
        yield path
    elif any(sign in base for sign in "*?["):
        yield from (posixpath.join(folder, name) for name in names)
    else:
        yield from (posixpath.join(path, name) for name in names)
