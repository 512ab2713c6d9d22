"""Finds the run that `polyarch undo` is about: on this machine, else in the project's store."""

from collections.abc import Iterable

from polyarch.cli.runs_open import MOST_STORED, Records
from polyarch.config.project import PRODUCTION, Project
from polyarch.errors import NothingToUndoError, RunNotFoundError, UsageError, shorten
from polyarch.events import Listener
from polyarch.pipeline.history import standing_before
from polyarch.pipeline.moving.undone import UndoneRun, undone_run
from polyarch.runs.history import LAST, find_run, read_record
from polyarch.runs.run import Run, RunRecord
from polyarch.runs.summary import State

_CUT_OFF = (
    "it is an undo that was cut off: `polyarch undo` with the run that it was about goes on with"
    " it, and with its own id it goes the other way"
)


def find_undone(records: Records, wanted: str, listen: Listener, *, stored: bool) -> UndoneRun:
    """The run of this id, or of a piece of it; `last` is the newest that has moved tags.

    Both are of the environment that the command line names: its logins are at hand, and its
    repositories are those of the project.

    Raises:
        UsageError: the run that is named is of another environment.
        RunNotFoundError, SeveralRunsError: it is not there, or not said clearly.
        NothingToUndoError, RunGoesOnError: it cannot be undone.
    """
    if not stored:
        try:
            return _here(records, wanted)
        except RunNotFoundError:
            if not records.has_store:
                raise
    return _stored(records, wanted, listen)


def _here(records: Records, wanted: str) -> UndoneRun:
    runs = records.here()
    if wanted != LAST:
        run = find_run(runs, wanted, str(records.folder))
        _check(run, records.project)
        return undone_run(read_record(run, standing_before))
    mine = [run for run in runs if _is_of(run, records.project)]
    read = (read_record(run, standing_before) for run in mine)
    return _newest(read, str(records.folder), [run.id for run in mine])


def _stored(records: Records, wanted: str, listen: Listener) -> UndoneRun:
    with records.registries(listen) as registries:
        store = records.store(registries)
        listed = {each.run.id: each for each in store.list(MOST_STORED)}
        if wanted != LAST:
            runs = tuple(each.run for each in listed.values())
            run = find_run(runs, wanted, str(store.repository))
            _check(run, records.project)
            return undone_run(store.record(listed[run.id]))
        mine = [each for each in listed.values() if _is_of(each.run, records.project)]
        read = (store.record(each) for each in mine if each.moves)
        return _newest(read, str(store.repository), [each.run.id for each in mine])


def _check(run: Run, project: Project | None) -> None:
    """See that a run is of the environment that the command line is about.

    Raises:
        UsageError: it is of another.
    """
    if _is_of(run, project):
        return
    name = shorten(_environment(run, project))
    which = f"environment `{name}`" if name else "no environment"
    words = f"--env {name}" if name else "no `--env`"
    raise UsageError(
        f"run `{run.id}` is of {which}",
        where=f"run {run.id}",
        hint=f"`polyarch undo {run.id} {words}`" if name else f"`polyarch undo {run.id}`, {words}",
    )


def _is_of(run: Run, project: Project | None) -> bool:
    return _environment(run, project) == ((project.environment if project else None) or "")


def _environment(run: Run, project: Project | None) -> str:
    """The environment of a run; empty for what is outside all of them, whatever it was called."""
    name = run.summary.environment
    known = project.environments if project else ()
    return "" if name == PRODUCTION and PRODUCTION not in known else name


def _newest(records: Iterable[RunRecord], place: str, known: list[str]) -> UndoneRun:
    """The newest that has moved tags.

    Raises:
        NothingToUndoError: that is an undo which did not end: both ways may be meant.
    """
    for record in records:
        try:
            found = undone_run(record)
        except NothingToUndoError:
            continue
        if found.verb == "undo" and record.run.state is State.DIED:
            raise NothingToUndoError(found.id, _CUT_OFF)
        return found
    raise RunNotFoundError(LAST, place, known)
