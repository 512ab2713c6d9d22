"""A layer written by polyarch itself: the same entries give the same bytes.

Entries are sorted by path, every parent folder stands once before what it holds, owner and group
are 0, all times are the one that is given, and the gzip header holds neither name nor time. The
digest of the compressed layer is the same on every run with the same zlib; another zlib (zlib-ng,
say) may compress to other bytes, while the diff ID of the uncompressed tar stays. Files are
streamed, so their size does not matter.

Source: image-spec v1.1 layer.md. Parents are named because what an unpacker does with folders that
are only implied differs (github.com/moby/moby/issues/44106).
"""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Self

from polyarch.errors import LaidFileError, StorageError
from polyarch.host.process import check_not_ending
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GZIP_LEVEL = 6
"""zlib's own middle: level 9 takes three times as long for about one per cent."""

FOLDER_MODE = 0o755
"""The mode of parents that nobody asked for by name."""

_USUAL_MODES: Mapping[str, int] = MappingProxyType(
    {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}
)
"""Folders that a base has with another mode, which a parent's entry would take away."""

_WHITEOUT = ".wh."


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory; `path` is relative to the image's root, as in all entries."""

    path: PurePosixPath
    mode: int = FOLDER_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A regular file with the content of `source`."""

    path: PurePosixPath
    source: Path
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link; `target` is its text as it stands."""

    path: PurePosixPath
    target: str


Entry = Folder | File | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A written layer: the compressed blob, and the digest of the tar inside."""

    descriptor: Descriptor
    diff_id: Digest


def usual_mode(folder: PurePosixPath) -> int:
    """The mode of a folder that nobody gave one."""
    return _USUAL_MODES.get(str(folder), FOLDER_MODE)


def arrange(entries: Iterable[Entry], *, where: str) -> tuple[Entry, ...]:
    """Sort entries and add the parents that they need; of two with one path the later counts.

    Raises:
        LaidFileError: a path that no layer may hold, or that leads through a file or link.
    """
    found: dict[PurePosixPath, Entry] = {}
    for entry in entries:
        _check(entry, where)
        before = found.get(entry.path)
        if isinstance(before, Folder) != isinstance(entry, Folder) and before is not None:
            raise LaidFileError(
                _shown(entry.path), "it is a folder and a file at once", where=where
            )
        found[entry.path] = entry
    for path in tuple(found):
        for parent in path.parents[:-1]:
            implied = Folder(path=parent, mode=usual_mode(parent))
            if not isinstance(found.setdefault(parent, implied), Folder):
                reason = f"`{_shown(parent)}` above it is not a folder"
                raise LaidFileError(_shown(path), reason, where=where)
    return tuple(found[path] for path in sorted(found, key=lambda path: path.parts))


def write_layer(entries: Iterable[Entry], target: BinaryIO, *, created: int, where: str) -> Layer:
    """Write entries as a compressed layer into `target`; `created` is in seconds since 1970.

    Raises:
        LaidFileError: a path that no layer may hold, or a file that cannot be read.
        StorageError: `target` cannot be written.
        InterruptedByUserError: everything is being ended, noticed between two pieces of a file.
    """
    packed = _Meter(target)
    # No name and no time stand in the header, so equal content gives equal bytes.
    with gzip.GzipFile("", "wb", GZIP_LEVEL, packed, mtime=0) as compressor:
        plain = _Meter(compressor)
        # PAX: a name that is too long or not ASCII gets one extra record; nothing else does.
        with tarfile.TarFile(
            fileobj=plain, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8"
        ) as tar:
            for entry in arrange(entries, where=where):
                _add(tar, entry, created, where)
    return Layer(
        descriptor=Descriptor(
            media_type=mediatype.OCI_LAYER_GZIP, digest=packed.digest, size=packed.tell()
        ),
        diff_id=plain.digest,
    )


def _add(tar: tarfile.TarFile, entry: Entry, created: int, where: str) -> None:
    info = tarfile.TarInfo(str(entry.path))
    info.mtime = created
    if isinstance(entry, Folder):
        info.type, info.mode = tarfile.DIRTYPE, entry.mode
        tar.addfile(info)
    elif isinstance(entry, Link):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.target
        tar.addfile(info)
    else:
        info.mode = entry.mode
        with _Source.open(entry, where) as source:
            info.size = source.size
            tar.addfile(info, source)


def _check(entry: Entry, where: str) -> None:
    path, reason = entry.path, None
    texts = (str(path), entry.target if isinstance(entry, Link) else "")
    if path.is_absolute() or not path.parts or ".." in path.parts:
        reason = "it is no path below the image's root"
    elif any("\0" in text or not _is_utf8(text) for text in texts):
        reason = "its name is not UTF-8 text, which not every unpacker takes"
    elif any(part.startswith(_WHITEOUT) for part in path.parts):
        reason = (
            f"names that begin with `{_WHITEOUT}` remove files of the base (layer.md, whiteouts)"
        )
    if reason:
        raise LaidFileError(_shown(path), reason, where=where)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: PurePosixPath) -> str:
    return f"/{path}"


class _Meter(io.RawIOBase):
    """Passes bytes on and keeps their number and digest."""

    def __init__(self, target: BinaryIO | gzip.GzipFile) -> None:
        super().__init__()
        self._target = target
        self._hash = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        check_not_ending()
        view = memoryview(data)
        try:
            self._target.write(view)
        except OSError as error:
            name = str(getattr(self._target, "name", "the layer"))
            raise StorageError(name, error.strerror or str(error)) from error
        self._hash.update(view)
        self._size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._size

    @property
    def digest(self) -> Digest:
        return Digest(algorithm="sha256", encoded=self._hash.hexdigest())


class _Source(io.RawIOBase):
    """A file being read, which must keep the size that it had at first."""

    def __init__(self, file: BinaryIO, entry: File, where: str) -> None:
        super().__init__()
        self._file = file
        self._entry = entry
        self._where = where
        self.size = self._left = os.fstat(file.fileno()).st_size

    @classmethod
    def open(cls, entry: File, where: str) -> Self:
        try:
            return cls(entry.source.open("rb"), entry, where)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LaidFileError(_shown(entry.path), reason, where=where) from error

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._file.read(size)
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error
        self._left -= len(data)
        if size > 0 and not data and self._left:
            raise self._problem("it became shorter while it was read")
        return data

    def close(self) -> None:
        self._file.close()
        super().close()

    def _problem(self, reason: str) -> LaidFileError:
        return LaidFileError(_shown(self._entry.path), reason, where=self._where)
