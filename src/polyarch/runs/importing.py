"""Taking over the records that other machines have left: folders, .zip and .tar archives.

They are strangers' files until they are checked: only names that a record has are taken, nothing is
written but below the folder of the run, whose id has a fixed form, and everything has a bound.
A journal is never taken: it would be gone on with.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from polyarch.content.files import write_bytes
from polyarch.errors import NoRecordsError, RunUnreadableError, SpecError, StorageError
from polyarch.runs.finding import LOGS, Found, archive_records, folder_records
from polyarch.runs.folder import ID, PRIVATE
from polyarch.runs.history import IMPORTED, read_run, tags_document
from polyarch.runs.moves import moves_to_json, parse_moves
from polyarch.runs.reading import RUN, TAGS
from polyarch.runs.record import document
from polyarch.runs.run import Origin, Run
from polyarch.runs.summary import RunSummary, State

SCHEMA = "polyarch.imported/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one record; `taken` is false where it was here already."""

    run: Run
    taken: bool
    source: str


def import_records(place: Path, runs: Path) -> tuple[Imported, ...]:
    """Take over every record that a folder or an archive holds.

    Raises:
        NoRecordsError: there is none.
        RunUnreadableError: one is damaged, or none of ours; those before it have been taken.
        StorageError: the disk does not take them.
    """
    records = folder_records(place) if place.is_dir() else archive_records(place)
    taken = tuple(_take(each, runs) for each in records)
    if not taken:
        raise NoRecordsError(str(place))
    return taken


def _take(found: Found, runs: Path) -> Imported:
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


def _write(found: Found, run: str, runs: Path, here: Run | None) -> None:
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


def _tags(found: Found) -> bytes:
    """What it says of its tags, read and written anew; without, what its result says."""
    with suppress(SpecError):
        if TAGS in found.files:
            return document(moves_to_json(parse_moves(found.files[TAGS])))
    return tags_document(found.files, {})
