"""Which runs are asked for, and what is known of them: of this machine, or of the store."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from polyarch.errors import SpecError
from polyarch.oci.fields import JsonObject, decode_object
from polyarch.pipeline.history import standing_before
from polyarch.pipeline.run_who import Known
from polyarch.runs.history import list_runs, read_record
from polyarch.runs.moves import TagMove, parse_moves
from polyarch.runs.reading import RESULT, TAGS
from polyarch.runs.run import Run, RunRecord

MOST_RECORDS = 500
"""Records that are looked through for who moved a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What is asked for; nothing means everything. `images` are globs.

    An empty `environment` means runs outside all of them, None means all runs.
    """

    images: tuple[str, ...] = ()
    results: frozenset[str] = field(default_factory=frozenset)
    since: datetime | None = None
    until: datetime | None = None
    environment: str | None = None

    def takes(self, run: Run) -> bool:
        """Whether a run is meant."""
        started = run.summary.started
        return (
            (not self.results or run.state.value in self.results)
            and self.environment in {None, run.summary.environment}
            and (self.since is None or started >= self.since)
            and (self.until is None or started < self.until)
            and (not self.images or any(map(self._is_meant, run.images)))
        )

    def _is_meant(self, image: str) -> bool:
        return any(fnmatchcase(image, pattern) for pattern in self.images)


def known_here(runs: Path) -> Iterator[Known]:
    """What the records of this machine say of tags, newest first."""
    for run in list_runs(runs)[:MOST_RECORDS]:
        yield Known(run=run, moves=moves_in(read_record(run, standing_before)))


def moves_in(record: RunRecord) -> tuple[TagMove, ...]:
    """The tags of a record."""
    try:
        return parse_moves(record.documents.get(TAGS, b""))
    except SpecError:
        return ()


def result_in(record: RunRecord) -> JsonObject | None:
    """The document that the verb printed, as it stands in the record; None where there is none."""
    try:
        return decode_object(record.documents.get(RESULT, b""), RESULT)
    except SpecError:
        return None


def joined(run: Run, runs: Iterable[Run]) -> list[Run]:
    """The run, and those of other jobs of the same CI run, oldest first behind it.

    A rehearsal, and what went to another environment, is another story.
    """
    if not run.summary.ci_run:
        return [run]
    others = [each for each in runs if each.id != run.id and _story(each) == _story(run)]
    return [run, *sorted(others, key=lambda each: each.id)]


def _story(run: Run) -> tuple[str, str, bool]:
    return run.summary.ci_run, run.summary.environment, run.summary.sandbox
