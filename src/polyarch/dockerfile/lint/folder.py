"""The build context beside a Dockerfile, where there is one: first bytes, short texts and modes."""

import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from polyarch.content.files import open_regular

_TEXT_LIMIT = 64 << 20
"""Bytes of the longest text that is read: lock files of large projects have some 10 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFolder:
    """A folder that COPY and ADD read from; nothing outside of it is ever opened."""

    root: Path

    def head(self, path: str, size: int = 64) -> bytes | None:
        """The first bytes of a file; None where there is no such regular file."""
        place = self._place(path)
        if place is None:
            return None
        try:
            with open_regular(place) as file:
                return file.read(size)
        except OSError:
            return None

    def text(self, path: str) -> str | None:
        """A whole text file; None where there is none, or it is longer than any is."""
        data = self.head(path, _TEXT_LIMIT + 1)
        if data is None or len(data) > _TEXT_LIMIT:
            return None
        return data.decode("utf-8", "surrogateescape")

    def mode(self, path: str) -> int | None:
        """The permission bits of a regular file."""
        place = self._place(path)
        if place is None:
            return None
        try:
            found = place.stat()
        except OSError:
            return None
        return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        place = self._place(path)
        return place is not None and place.is_dir()

    def _place(self, path: str) -> Path | None:
        """Where a path of COPY lies: it counts from the root of the context, however written."""
        parts = [part for part in PurePosixPath(path).parts if part not in {"/", "."}]
        if ".." in parts or "\0" in path:
            return None
        try:
            root = self.root.resolve(strict=True)
            place = root.joinpath(*parts).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        return place if place.is_relative_to(root) else None
