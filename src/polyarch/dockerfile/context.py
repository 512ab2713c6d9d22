"""The files of a build context, and one digest for them all.

Symbolic links are never followed: where they point to is their content, as for BuildKit, which
sends them as links. Only the execute bit counts of a file's mode: git keeps no other, and the same
commit must have the same digest on every machine.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from polyarch.content.files import open_regular
from polyarch.dockerfile.ignore import IgnoreRules, Verdicts
from polyarch.dockerfile.used import UsedFiles
from polyarch.errors import BuildContextError
from polyarch.oci.digest import Digest

_FORM = b"polyarch.context/v1\n"
"""Part of the digest: another form of it must never equal an old one by chance."""
_NAMED_SO = "`context` and `contexts` name folders from the project's root: mend the key"


class FileKind(StrEnum):
    """What an entry of the context is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"
    """A socket, pipe or device: told, never opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """An entry of the context. `path` is relative to its root, with slashes.

    `mode` holds the permission bits as found; `target` is where a link points, else empty.
    """

    path: str
    kind: FileKind
    mode: int
    target: str = ""

    @property
    def is_executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & stat.S_IXUSR)


@dataclass(slots=True, kw_only=True)
class _Folder:
    """A folder on the way down; `entry` is None once it was told."""

    prefix: str
    verdicts: Verdicts
    entry: ContextFile | None
    waiting: Iterator[os.DirEntry[str]]


def context_files(root: Path, ignore: IgnoreRules) -> Iterator[ContextFile]:
    """What a build sees of a folder, each folder before its entries, these by their names' bytes.

    An ignored folder is told if something in it is not ignored.

    Raises:
        BuildContextError: no such folder, or one in it that cannot be read and is not ignored.
    """
    base = _root(root)
    way = [_Folder(prefix="", verdicts=(), entry=None, waiting=_entries(base))]
    while way:
        item = next(way[-1].waiting, None)
        if item is None:
            way.pop()
            continue
        path = way[-1].prefix + item.name
        ignored, verdicts = ignore.judge(path, way[-1].verdicts)
        if ignored and not (item.is_dir(follow_symlinks=False) and ignore.may_return_below(path)):
            continue
        entry = _entry(item, path)
        if not ignored:
            yield from _untold(way)
            yield entry
        if entry.kind is FileKind.FOLDER:
            way.append(
                _Folder(
                    prefix=f"{path}/",
                    verdicts=verdicts,
                    entry=entry if ignored else None,
                    waiting=_entries(base / path, may_be_closed=ignored),
                )
            )


def context_digest(
    root: Path, dockerfile: Path | None, ignore: IgnoreRules, used: UsedFiles | None = None
) -> Digest:
    """One digest for all that a build can see: the Dockerfile, and the context after `ignore`.

    With `used` only that counts of the context; but where a link leads to it, everything does.

    Paths, kinds, execute bits, link targets and contents count; times, owners and the place of the
    root do not. The Dockerfile counts by its text, wherever it lies; the file of patterns only by
    what it selects, or as a file of the context that is not ignored itself: BuildKit reads both
    apart from the context.

    Raises:
        BuildContextError: a file that cannot be read, or changes its kind while it is read.
    """
    whole = hashlib.sha256(_FORM)
    if dockerfile:
        _add(whole, b"dockerfile", _content_digest(dockerfile, follow=True))
    base = _root(root)
    for entry in _chosen(context_files(base, ignore), used):
        content = b""
        if entry.kind is FileKind.FILE:
            content = _content_digest(base / entry.path, follow=False)
        elif entry.kind is FileKind.LINK:
            content = os.fsencode(entry.target)
        executable = entry.kind is FileKind.FILE and entry.is_executable
        mark = f"{entry.kind}{'*' if executable else ''}"
        _add(whole, mark.encode(), os.fsencode(entry.path), content)
    return Digest(algorithm="sha256", encoded=whole.hexdigest())


def _chosen(entries: Iterator[ContextFile], used: UsedFiles | None) -> Iterable[ContextFile]:
    if used is None:
        return entries
    every, below, way = tuple(entries), used.below, used.on_the_way
    links = (entry.path for entry in every if entry.kind is FileKind.LINK)
    if any(way.fullmatch(path) for path in links):
        return every
    return (entry for entry in every if below.fullmatch(entry.path))


def _root(root: Path) -> Path:
    """Where the context really lies: only its root may be a link."""
    try:
        found = root.resolve(strict=True)
    except RuntimeError as error:
        reason = "the link leads back to itself"
        raise BuildContextError(str(root), reason, hint=_NAMED_SO) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BuildContextError(str(root), reason, hint=_NAMED_SO) from error
    if not found.is_dir():
        raise BuildContextError(str(root), "not a directory", hint=_NAMED_SO)
    return found


def _add(whole: "hashlib._Hash", *fields: bytes) -> None:
    """Lengths go first, so that no two lists of fields are the same bytes."""
    for field in fields:
        whole.update(f"{len(field)}:".encode() + field)
    whole.update(b"\n")


def _untold(way: list[_Folder]) -> Iterator[ContextFile]:
    for folder in way:
        if folder.entry:
            yield folder.entry
            folder.entry = None


def _entries(folder: Path, *, may_be_closed: bool = False) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return iter(sorted(found, key=lambda item: os.fsencode(item.name)))
    except PermissionError as error:
        if may_be_closed:
            return iter(())
        raise _unreadable(folder, error) from error
    except OSError as error:
        raise _unreadable(folder, error) from error


def _entry(item: os.DirEntry[str], path: str) -> ContextFile:
    try:
        mode = item.stat(follow_symlinks=False).st_mode
        # Path.readlink would normalise what the link says.
        target = os.readlink(item.path) if stat.S_ISLNK(mode) else ""  # noqa: PTH115
    except OSError as error:
        raise _unreadable(Path(item.path), error) from error
    kind = FileKind.SPECIAL
    for known, test in _TESTS:
        if test(mode):
            kind = known
    return ContextFile(path=path, kind=kind, mode=stat.S_IMODE(mode), target=target)


_TESTS = (
    (FileKind.FILE, stat.S_ISREG),
    (FileKind.FOLDER, stat.S_ISDIR),
    (FileKind.LINK, stat.S_ISLNK),
)


def _content_digest(path: Path, *, follow: bool) -> bytes:
    """SHA-256 of a file's bytes, read in pieces; what was a file a moment ago may be none now."""
    try:
        with open_regular(path, follow=follow) as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> BuildContextError:
    return BuildContextError(str(path), (error.strerror or str(error)).lower())
