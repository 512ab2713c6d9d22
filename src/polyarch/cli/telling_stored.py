"""What the project's store knows of runs before, within the time that a notice is worth."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from polyarch.cli.environment import Surroundings
from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.runs.summary import RunSummary

if TYPE_CHECKING:
    from polyarch.pipeline.run_store import RunStore
    from polyarch.pipeline.telling_run import EndedRun

T = TypeVar("T")

_MOST_STORED = 20
_MOST_SEARCHED = 60
"""Records among which the last watches are looked for."""
_MOST_WATCHES = 3
_STORE_S = 8.0


def stored_runs(project: Project, surroundings: Surroundings) -> tuple[RunSummary, ...]:
    """The newest records of the store; none where there is no store, or it does not answer."""

    def ask(store: "RunStore") -> tuple[RunSummary, ...]:
        return tuple(each.run.summary for each in store.list(_MOST_STORED))

    return _asked(project, surroundings, ask, ())


def stored_watches(project: Project, surroundings: Surroundings) -> "tuple[EndedRun, ...]":
    """The newest watches of the store with what they found, newest first."""
    from polyarch.pipeline.run_listing import result_in
    from polyarch.pipeline.telling_run import EndedRun
    from polyarch.pipeline.telling_watch import WATCH

    def ask(store: "RunStore") -> "tuple[EndedRun, ...]":
        found = [each for each in store.list(_MOST_SEARCHED) if each.run.summary.verb == WATCH]
        return tuple(
            EndedRun(about=each.run.summary, result=result_in(store.record(each)), folder=None)
            for each in found[:_MOST_WATCHES]
        )

    return _asked(project, surroundings, ask, ())


def _asked(
    project: Project, surroundings: Surroundings, ask: "Callable[[RunStore], T]", nothing: T
) -> T:
    if project.runs.repository is None:
        return nothing
    from polyarch.cli.runs_open import Records
    from polyarch.events import ignore

    records = Records(surroundings=surroundings, project=project)
    found: list[T] = []

    def work() -> None:
        with suppress(PolyarchError, TimeoutError), records.registries(ignore) as registries:
            found.append(ask(records.store(registries)))

    # A thread of its own: registries are waited for with more patience than a notice is worth.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_STORE_S)
    return found[0] if found else nothing
