"""Taking over the records that other machines have left: folders, .zip and .tar archives.

They are strangers' files until they are checked: only names that a record has are taken, nothing is
written but below the folder of the run, whose id has a fixed form, and everything has a bound.
A journal is never taken: it would be gone on with.
"""

import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from polyarch.content.files import write_bytes
from polyarch.errors import NoRecordsError, RunUnreadableError, SpecError, StorageError
from polyarch.runs.bundle import inflate, inner_path, tar_members
from polyarch.runs.folder import ID, PRIVATE
from polyarch.runs.history import IMPORTED, read_run, tags_document
from polyarch.runs.moves import moves_to_json, parse_moves
from polyarch.runs.reading import DOCUMENTS, RUN, TAGS, read_bounded
from polyarch.runs.record import document
from polyarch.runs.run import Origin, Run
from polyarch.runs.summary import RunSummary, State

SCHEMA = "polyarch.imported/v1"
MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
MAX_LOG_BYTES = 64 * 1024 * 1024
MAX_RECORD_BYTES = 256 * 1024 * 1024
MAX_FILES = 200_000

LOGS = "logs"
LOG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.log")

_GZIP_MARK = b"\x1f\x8b"
_ZIP_MARK = b"PK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one record; `taken` is false where it was here already."""

    run: Run
    taken: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The files of one record by their names, logs below `logs/`."""

    files: dict[str, bytes]
    source: str


def import_records(place: Path, runs: Path) -> tuple[Imported, ...]:
    """Take over every record that a folder or an archive holds.

    Raises:
        NoRecordsError: there is none.
        RunUnreadableError: one is damaged, or none of ours; those before it have been taken.
        StorageError: the disk does not take them.
    """
    found = tuple(_take(each, runs) for each in _records(_files(place), str(place)))
    if not found:
        raise NoRecordsError(str(place))
    return found


def _records(files: Iterable[tuple[PurePosixPath, bytes]], source: str) -> Iterator[_Found]:
    """Files that lie beside a `run.json`, and the logs below it."""
    folders: dict[PurePosixPath, dict[str, bytes]] = {}
    for path, data in files:
        if path.parent.name == LOGS:
            folders.setdefault(path.parent.parent, {})[f"{LOGS}/{path.name}"] = data
        else:
            folders.setdefault(path.parent, {})[path.name] = data
    for folder in sorted(folders):
        if RUN in folders[folder]:
            yield _Found(files=folders[folder], source=f"{source}: {folder / RUN}")


def _take(found: _Found, runs: Path) -> Imported:
    try:
        summary = RunSummary.parse(found.files[RUN])
    except SpecError as error:
        raise RunUnreadableError(found.source, error.message) from error
    if not ID.fullmatch(summary.id):
        raise RunUnreadableError(found.source, f"`{summary.id}` is no id of a run")
    folder = runs / summary.id
    here = read_run(folder) if folder.exists() else None
    if here and not _is_news(here, summary):
        return Imported(run=here, taken=False, source=found.source)
    _write(found, summary.id, runs, here)
    taken = read_run(folder)
    if taken is None:
        raise RunUnreadableError(found.source, "it cannot be read again")
    return Imported(run=taken, taken=True, source=found.source)


def _is_news(here: Run, summary: RunSummary) -> bool:
    """Whether a record that was taken before the end of its run is there again with the end."""
    begun = here.origin is Origin.IMPORTED and here.summary.state is State.RUNNING
    return begun and summary.state is not State.RUNNING


def _write(found: _Found, run: str, runs: Path, here: Run | None) -> None:
    """Write the folder beside its place, then let it take that."""
    beside = runs / f".import-{run}"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True, mode=PRIVATE)
        (beside / LOGS).mkdir(mode=PRIVATE)
        for name, data in found.files.items():
            write_bytes(beside / name, data, mode=0o600)
        write_bytes(beside / TAGS, _tags(found), mode=0o600)
        mark = document({"schema": SCHEMA, "from": found.source})
        write_bytes(beside / IMPORTED, mark, mode=0o600)
        if here:
            shutil.rmtree(runs / run)
        beside.rename(runs / run)
    except OSError as error:
        raise StorageError(str(runs), error.strerror or str(error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _tags(found: _Found) -> bytes:
    """What it says of its tags, read and written anew; without, what its result says."""
    with suppress(SpecError):
        if TAGS in found.files:
            return document(moves_to_json(parse_moves(found.files[TAGS])))
    return tags_document(found.files, {})


def _files(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Every file of a folder or archive that may belong to a record."""
    if place.is_dir():
        yield from _of_folder(place)
        return
    raw = read_bounded(place, MAX_ARCHIVE_BYTES)
    if raw.startswith(_ZIP_MARK):
        yield from _of_zip(place)
        return
    if raw.startswith(_GZIP_MARK):
        raw = inflate(raw, str(place), MAX_ARCHIVE_BYTES)
    for path, data in tar_members(raw, str(place)):
        if (limit := _limit(path)) and len(data) <= limit:
            yield path, data


def _of_folder(top: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for number, (folder, below, files) in enumerate(os.walk(top)):
        below.sort()
        if number > MAX_FILES:
            raise RunUnreadableError(str(top), f"it has more than {MAX_FILES} folders")
        for name in sorted(files):
            path = Path(folder, name)
            inner = inner_path(str(path.relative_to(top)))
            limit = _limit(inner) if inner else 0
            if inner and limit and not path.is_symlink():
                yield inner, read_bounded(path, limit)


def _of_zip(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        with zipfile.ZipFile(place) as archive:
            members = archive.infolist()
            if len(members) > MAX_FILES:
                raise RunUnreadableError(str(place), f"it holds more than {MAX_FILES} files")
            left = MAX_ARCHIVE_BYTES
            for member in members:
                inner = inner_path(member.filename)
                limit = min(_limit(inner), left) if inner and not member.is_dir() else 0
                if not inner or not limit or member.file_size > limit:
                    continue
                with archive.open(member) as file:
                    data = file.read(limit + 1)
                left -= len(data)
                if len(data) <= limit:
                    yield inner, data
    except RunUnreadableError:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise RunUnreadableError(str(place), f"it is no zip: {error}") from error


def _limit(path: PurePosixPath) -> int:
    """The most bytes of a file that may belong to a record; 0 of one that does not."""
    if path.parent.name == LOGS and LOG.fullmatch(path.name):
        return MAX_LOG_BYTES
    return DOCUMENTS.get(path.name, 0)
