"""Finding records in folders, .zip and .tar archives that other machines have made.

Everything has a bound, and only names that a record has are looked at.
"""

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from polyarch.errors import RunUnreadableError
from polyarch.runs.bundle import MAX_MEMBERS, inflate, inner_path, tar_members
from polyarch.runs.reading import DOCUMENTS, RUN, read_bounded

MAX_ARCHIVE_BYTES = 256 * 1024 * 1024
"""Of an archive, and of all that is taken out of one."""

MAX_LOG_BYTES = 64 * 1024 * 1024
MAX_LOGS = 5000
MAX_RECORD_BYTES = 256 * 1024 * 1024

LOGS = "logs"
LOG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.log")

_GZIP_MARK = b"\x1f\x8b"
_ZIP_MARK = b"PK"

File = tuple[PurePosixPath, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files of one record by their names, logs below `logs/`."""

    files: dict[str, bytes]
    source: str


def folder_records(top: Path) -> Iterator[Found]:
    """Every record below a folder; links are not followed.

    Raises:
        RunUnreadableError: a file cannot be read, or has more bytes than it may.
    """
    for folder, below, files in os.walk(top):
        below.sort()
        if RUN in files:
            found = Path(folder)
            documents = [found / name for name in DOCUMENTS if name in files]
            logs = sorted(found.glob(f"{LOGS}/*.log"))[:MAX_LOGS]
            taken = _read(found, [*documents, *logs])
            if RUN in taken:
                yield Found(files=taken, source=str(found))


def archive_records(place: Path) -> Iterator[Found]:
    """Every record of an archive.

    Raises:
        RunUnreadableError: it is damaged, or has more bytes than it may.
    """
    raw = read_bounded(place, MAX_ARCHIVE_BYTES)
    if raw.startswith(_ZIP_MARK):
        return _grouped(_of_zip(place), str(place))
    if raw.startswith(_GZIP_MARK):
        raw = inflate(raw, str(place), MAX_ARCHIVE_BYTES)
    members = ((path, data) for path, data in tar_members(raw, str(place)) if _fits(path, data))
    return _grouped(members, str(place))


def _grouped(files: Iterable[File], source: str) -> Iterator[Found]:
    """Files that lie beside a `run.json`, and the logs below it."""
    folders: dict[PurePosixPath, dict[str, bytes]] = {}
    for path, data in files:
        if path.parent.name == LOGS:
            folders.setdefault(path.parent.parent, {})[f"{LOGS}/{path.name}"] = data
        else:
            folders.setdefault(path.parent, {})[path.name] = data
    for folder in sorted(folders):
        if RUN in folders[folder]:
            yield Found(files=folders[folder], source=f"{source}: {folder / RUN}")


def _read(folder: Path, paths: Iterable[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MAX_RECORD_BYTES
    for path in paths:
        inner = path.relative_to(folder)
        limit = limit_of(PurePosixPath(inner))
        if not limit or path.is_symlink() or path.parent.is_symlink():
            continue
        data = read_bounded(path, limit)
        left -= len(data)
        if left < 0:
            raise RunUnreadableError(str(folder), f"it has more than {MAX_RECORD_BYTES} bytes")
        found[str(inner)] = data
    return found


def _of_zip(place: Path) -> Iterator[File]:
    try:
        with zipfile.ZipFile(place) as archive:
            left = MAX_ARCHIVE_BYTES
            for member in archive.infolist()[:MAX_MEMBERS]:
                path = inner_path(member.filename)
                limit = min(limit_of(path), left) if path and not member.is_dir() else 0
                if not path or not limit or member.file_size > limit:
                    continue
                with archive.open(member) as file:
                    data = file.read(limit + 1)
                left -= len(data)
                if len(data) <= limit:
                    yield path, data
    except _BROKEN as error:
        raise RunUnreadableError(str(place), f"it is no zip: {error}") from error


_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, OverflowError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def _fits(path: PurePosixPath, data: bytes) -> bool:
    limit = limit_of(path)
    return bool(limit) and len(data) <= limit


def limit_of(path: PurePosixPath) -> int:
    """The most bytes of a file that may belong to a record; 0 of one that does not."""
    if path.parent.name == LOGS:
        return MAX_LOG_BYTES if LOG.fullmatch(path.name) else 0
    return DOCUMENTS.get(path.name, 0)
