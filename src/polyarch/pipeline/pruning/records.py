"""What records of runs say stood under tags: manifests that no tag leads to any more."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from polyarch.config.project import Project
from polyarch.errors import InvalidDigestError, PolyarchError, SpecError
from polyarch.oci.digest import Digest
from polyarch.pipeline.history import standing_before
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.run_store import RunStore
from polyarch.pipeline.world import World
from polyarch.runs.history import list_runs, read_record
from polyarch.runs.moves import TagMove, parse_moves
from polyarch.runs.reading import TAGS
from polyarch.runs.run import Run

MOST_STORED = 200
"""Records of a store that are looked at: each is two requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """`tag` showed it until the run `run` put something else there, at `time`."""

    tag: str
    run: str
    time: datetime


Known = Mapping[str, Mapping[Digest, Stood]]
"""By repository, as records write it."""

Seen = Mapping[str, frozenset[Digest]]
"""By repository all that a tag has shown there, before a run or since."""


def stood(moves: Iterable[tuple[Run, TagMove]]) -> Known:
    """All digests that tags showed before a run, each with the last run that took one away."""
    found: dict[str, dict[Digest, Stood]] = {}
    for run, move in moves:
        time = move.time or run.summary.ended or run.summary.started
        if not move.before or move.before == move.digest:
            continue
        with suppress(InvalidDigestError):
            digest = Digest.parse(move.before)
            known = found.setdefault(move.repository, {})
            if digest not in known or known[digest].time < time:
                known[digest] = Stood(tag=move.tag, run=run.id, time=time)
    return found


def seen(moves: Iterable[tuple[Run, TagMove]]) -> Seen:
    """All digests that stood in each repository, as far as runs put them there or replaced them."""
    found: dict[str, set[Digest]] = {}
    for _run, move in moves:
        for word in (move.before, move.digest if move.is_move else ""):
            with suppress(InvalidDigestError):
                if word:
                    digest = Digest.parse(word)
                    found.setdefault(move.repository, set()).add(digest)
    return {place: frozenset(digests) for place, digests in found.items()}


def read_moves(
    project: Project, world: World, reach: Reach
) -> tuple[Known, Seen, PolyarchError | None]:
    """What the records of this machine and of the project's store say; why the store is not asked.

    A rehearsal says nothing of the registries that it names.
    """
    moves = list(_local(world))
    error = None
    if project.runs.repository:
        try:
            with reach.blocking() as registries:
                store = RunStore(project.runs.repository, registries)
                for each in store.list(MOST_STORED):
                    moves += [(each.run, move) for move in each.moves]
        except PolyarchError as found:
            error = found
    real = [(run, move) for run, move in moves if not run.summary.sandbox]
    return stood(real), seen(real), error


def _local(world: World) -> Iterator[tuple[Run, TagMove]]:
    for run in list_runs(world.state / "runs"):
        with suppress(SpecError, PolyarchError):
            record = read_record(run, standing_before)
            for move in parse_moves(record.documents.get(TAGS, b"{}")):
                yield run, move
