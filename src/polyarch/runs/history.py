"""The runs of a folder, newest first, and the record of one of them."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from polyarch.content.files import open_regular
from polyarch.errors import (
    RunNotFoundError,
    RunUnreadableError,
    SeveralRunsError,
    SpecError,
)
from polyarch.oci.fields import decode_object
from polyarch.runs.alive import is_alive
from polyarch.runs.entries import entries_of
from polyarch.runs.folder import ID
from polyarch.runs.moves import Before, moves_of, moves_to_json
from polyarch.runs.outcome import MOST_IMAGES, RunImage, RunOutcome
from polyarch.runs.reading import (
    DOCUMENTS,
    EVENTS,
    PLAN,
    RESULT,
    RUN,
    TAGS,
    objects_of,
    read_bounded,
    text_of,
)
from polyarch.runs.record import document
from polyarch.runs.run import Origin, Run, RunRecord
from polyarch.runs.summary import RunSummary

IMPORTED = "imported.json"
"""Stands in the folder of a record that another machine has written."""

LAST = "last"

JOURNAL = "journal.jsonl"

_FIRST_LINES = 3
"""Of a journal, among which is what it is about."""
_LONGEST_LINE = 4 * 1024 * 1024
_MOST_PLACES = 100 * MOST_IMAGES
"""Images by repositories that are looked at."""

Standing = Callable[[Path], Before]
"""What stood under the tags before a run moved them, from the journal in its folder."""


def list_runs(folder: Path) -> tuple[Run, ...]:
    """The runs whose folders lie in `folder`, newest first; what is no record is passed over."""
    return tuple(run for path in run_folders(folder) if (run := read_run(path)))


def run_folders(folder: Path) -> list[Path]:
    """The folders of runs, newest first, whether they can be read or not; links are none."""
    try:
        found = [path for path in folder.iterdir() if ID.fullmatch(path.name)]
    except OSError:
        return []
    return sorted((path for path in found if path.is_dir() and not path.is_symlink()), reverse=True)


def read_run(folder: Path) -> Run | None:
    """The run of a folder; None where there is no record of it, or one of another run."""
    try:
        summary = RunSummary.parse(read_bounded(folder / RUN, DOCUMENTS[RUN]))
    except (RunUnreadableError, SpecError):
        return None
    if summary.id != folder.name:
        return None
    imported = (folder / IMPORTED).exists()
    return Run(
        summary=summary,
        origin=Origin.IMPORTED if imported else Origin.LOCAL,
        where=str(folder),
        folder=folder,
        alive=not imported and is_alive(folder),
        images=summary.images or _planned(folder) or _begun(folder),
    )


def unreadable(folder: Path) -> tuple[str, ...]:
    """The runs in `folder` whose records are there and cannot be read, newest first."""
    found = (path for path in run_folders(folder) if (path / RUN).exists())
    return tuple(path.name for path in found if read_run(path) is None)


def find_run(runs: Iterable[Run], wanted: str, place: str) -> Run:
    """The run of this id, or of a piece of it that no other has; `last` is the newest.

    Raises:
        RunNotFoundError: there is none.
        SeveralRunsError: there are several.
    """
    listed = list(runs)
    if wanted == LAST and listed:
        return listed[0]
    exact = [run for run in listed if run.id == wanted]
    near = exact or [run for run in listed if wanted and wanted in run.id]
    if not near:
        raise RunNotFoundError(wanted, place, [run.id for run in listed])
    if len(near) > 1:
        raise SeveralRunsError(wanted, [run.id for run in near])
    return near[0]


def read_record(run: Run, standing: Standing) -> RunRecord:
    """A run of this machine with all that is kept of it.

    Raises:
        RunUnreadableError: its folder is gone.
    """
    if run.folder is None:
        raise RunUnreadableError(run.where, "it is not on this machine")
    documents = folder_documents(run.folder)
    if TAGS not in documents:
        documents[TAGS] = tags_document(documents, standing(run.folder))
    return RunRecord(run=run, documents=documents)


def folder_documents(folder: Path) -> dict[str, bytes]:
    """The documents of a folder, by name; those that are absent or cannot be read are left out."""
    found: dict[str, bytes] = {}
    for name, limit in DOCUMENTS.items():
        with suppress(RunUnreadableError):
            found[name] = read_bounded(folder / name, limit)
    return found


def tags_document(documents: Mapping[str, bytes], before: Before) -> bytes:
    """`tags.json`, made from the other documents."""
    entries = entries_of(documents.get(EVENTS, b""))
    moves = moves_of(images_of(documents), entries, before)
    return document(moves_to_json(moves))


def images_of(documents: Mapping[str, bytes]) -> tuple[RunImage, ...]:
    """What a run came to, image by image; nothing where it has no result."""
    with suppress(SpecError):
        return RunOutcome.parse(documents.get(RESULT, b"")).images
    return ()


def _planned(folder: Path) -> tuple[str, ...]:
    """The images of a plan; of a run that has no result."""
    try:
        plan = decode_object(read_bounded(folder / PLAN, DOCUMENTS[PLAN]), PLAN)
    except (RunUnreadableError, SpecError):
        return ()
    return tuple(text_of(image, "name") for image in objects_of(plan, "images", MOST_IMAGES))


def _begun(folder: Path) -> tuple[str, ...]:
    """The images of a transaction; of a run that had no plan and died before its result."""
    try:
        with open_regular(folder / JOURNAL, follow=False) as journal:
            lines = [journal.readline(_LONGEST_LINE) for _ in range(_FIRST_LINES)]
    except OSError:
        return ()
    for line in lines:
        with suppress(SpecError):
            entry = decode_object(line, JOURNAL)
            if entry.get("do") == "begin":
                names = (
                    text_of(each, "image") for each in objects_of(entry, "images", _MOST_PLACES)
                )
                return tuple(dict.fromkeys(filter(None, names)))[:MOST_IMAGES]
    return ()
