"""From a recipe's `files` to the entries of a layer.

A source that is named outright is followed when it is a link, as COPY does; what is found in a
folder or by a glob is kept as it is, links as links. Wildcards never go through a linked folder.
Nothing outside the project and the build's own folder is read.
"""

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from polyarch.engines.layer import FOLDER_MODE, Entry, File, Folder, Link, usual_mode
from polyarch.errors import LaidFileError

LEFT_OUT = (".git", ".polyarch")
"""In the project's root: what changes with every run and belongs into no image."""

_RUNNABLE = 0o755
_READABLE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Laying:
    """One entry of `files` with its placeholders filled; `where` is its key path.

    `written` is the source as the config has it. `mode` None keeps whether the owner may execute a
    file, and nothing else of its mode. `layer` is the layer's name, empty where the path says it.
    """

    source: str
    target: str
    mode: int | None
    where: str
    written: str
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """The folders that sources may lie in; both without links in their paths."""

    project: Path
    out: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Both, `out` first: it may lie in the project."""
        return (self.out, self.project)


def gather(layings: Sequence[Laying], roots: Roots) -> tuple[Entry, ...]:
    """Find what every entry names, in order.

    Raises:
        LaidFileError: nothing is there, it lies outside, or it is no file, folder or link.
    """
    return tuple(entry for laying in layings for entry in _Gatherer(laying, roots).entries())


class _Gatherer:
    """Finds the files of one entry."""

    def __init__(self, laying: Laying, roots: Roots) -> None:
        self._laying = laying
        self._roots = roots
        self._root, self._parts = self._locate()
        self._target = self._parse_target()

    def entries(self) -> Iterator[Entry]:
        try:
            named = self._root.joinpath(*self._parts)
            magic = next((i for i, part in enumerate(self._parts) if _is_magic(part)), None)
            # A name with brackets, as web frameworks have them, is a name where it exists.
            if magic is None or os.path.lexists(named):
                yield from self._named(named)
            else:
                yield from self._matched(self._parts[:magic], self._parts[magic:])
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error

    def _named(self, path: Path) -> Iterator[Entry]:
        real = self._inside(path)
        if real.is_dir():
            yield from self._top()
            yield from self._walk(real, self._target)
            return
        name = self._target / path.name if self._is_folder_target else self._target
        yield self._entry(real, name)

    def _top(self) -> Iterator[Entry]:
        if self._target.parts:
            asked = self._laying.mode
            mode = usual_mode(self._target) if asked is None else _folder_mode(asked)
            yield Folder(path=self._target, mode=mode)

    def _matched(self, fixed: tuple[str, ...], pattern: tuple[str, ...]) -> Iterator[Entry]:
        start = self._inside(self._root.joinpath(*fixed))
        matches = tuple(dict.fromkeys(self._match(start, _simplest(pattern))))
        if not matches:
            raise self._missing()
        if self._is_folder_target:
            for match in matches:
                yield from self._tree(match, self._target / match.relative_to(start))
            return
        if len(matches) > 1:
            reason = f"{len(matches)} files match and `{self._laying.target}` is one name"
            raise self._problem(reason, "end `to` with `/` to lay all of them into that folder")
        yield from self._tree(matches[0], self._target)

    def _match(self, folder: Path, pattern: tuple[str, ...]) -> Iterator[Path]:
        head, rest = pattern[0], pattern[1:]
        if head == "**":
            yield from self._match(folder, rest)
        for item in self._list(folder):
            is_folder = item.is_dir(follow_symlinks=False)
            if head == "**":
                if is_folder:
                    yield from self._match(Path(item.path), pattern)
            elif fnmatch.fnmatchcase(item.name, head):
                if not rest:
                    yield Path(item.path)
                elif is_folder:
                    yield from self._match(Path(item.path), rest)

    def _tree(self, path: Path, name: PurePosixPath) -> Iterator[Entry]:
        entry = self._entry(path, name)
        yield entry
        if isinstance(entry, Folder):
            yield from self._walk(path, name)

    def _walk(self, folder: Path, name: PurePosixPath) -> Iterator[Entry]:
        for item in self._list(folder):
            yield from self._tree(Path(item.path), name / item.name)

    def _list(self, folder: Path) -> list[os.DirEntry[str]]:
        at_root = folder == self._roots.project
        with os.scandir(folder) as items:
            kept = [item for item in items if not (at_root and item.name in LEFT_OUT)]
        return sorted(kept, key=lambda item: item.name)

    def _entry(self, path: Path, name: PurePosixPath) -> Entry:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return Link(path=name, target=self._link_text(path))
        if stat.S_ISDIR(status.st_mode):
            return Folder(path=name, mode=_folder_mode(self._laying.mode))
        if not stat.S_ISREG(status.st_mode):
            raise self._problem(f"`{path.name}` is neither file nor folder nor link")
        return File(path=name, source=path, mode=_file_mode(self._laying.mode, status.st_mode))

    def _link_text(self, path: Path) -> str:
        found = path.readlink()
        if any(found.is_relative_to(root) for root in self._roots.all):
            reason = f"the link `{path.name}` leads to a folder of this machine"
            raise self._problem(reason, "make the link relative")
        return str(found)

    def _locate(self) -> tuple[Path, tuple[str, ...]]:
        source = PurePosixPath(self._laying.source)
        if not self._laying.source or "\0" in self._laying.source or ".." in source.parts:
            raise self._problem("its source is empty or has `..` in it")
        if not source.is_absolute():
            return self._roots.project, source.parts
        for root in self._roots.all:
            if source.is_relative_to(root):
                return root, source.relative_to(root).parts
        raise self._outside()

    def _parse_target(self) -> PurePosixPath:
        path = PurePosixPath(self._laying.target)
        if not path.is_absolute() or ".." in path.parts:
            reason = f"`{self._laying.target}` is no absolute path in the image"
            raise self._problem(reason, "write `to` with `/` in front, and without `..`")
        return PurePosixPath(*path.parts[1:])

    @property
    def _is_folder_target(self) -> bool:
        return self._laying.target.endswith("/")

    def _inside(self, path: Path) -> Path:
        try:
            real = path.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._missing() from error
        except RuntimeError as error:  # Python before 3.13 says so of links that go in a circle
            raise self._problem("its links go in a circle") from error
        if not any(real.is_relative_to(root) for root in self._roots.all):
            raise self._outside()
        return real

    def _missing(self) -> LaidFileError:
        return self._problem(
            "there is no such file",
            "does the command write it there? mend `from`, or the command in `run`",
        )

    def _outside(self) -> LaidFileError:
        return self._problem(
            "it lies outside of the project", "copy it into the project, or to `{out}` in `run`"
        )

    def _problem(self, reason: str, hint: str | None = None) -> LaidFileError:
        laying = self._laying
        return LaidFileError(laying.written, reason, where=laying.where, hint=hint)


def _is_magic(part: str) -> bool:
    return any(character in part for character in "*?[")


def _simplest(pattern: tuple[str, ...]) -> tuple[str, ...]:
    """The same without `**` behind `**`; at the end `*` is enough, for folders come whole."""
    kept = [
        part
        for before, part in zip(("", *pattern), pattern, strict=False)
        if part != "**" or before != "**"
    ]
    return (*kept[:-1], "*" if kept[-1] == "**" else kept[-1])


def _file_mode(asked: int | None, found: int) -> int:
    if asked is not None:
        return asked
    return _RUNNABLE if found & stat.S_IXUSR else _READABLE


def _folder_mode(asked: int | None) -> int:
    """A folder can be entered by those who may read its files; no special bits."""
    if asked is None:
        return FOLDER_MODE
    return (asked | (asked & 0o444) >> 2) & 0o777
