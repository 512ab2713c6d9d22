"""The journal of a run, and what the journals of runs that died are good for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from polyarch.errors import shorten
from polyarch.events import Listener, Note, Warned
from polyarch.runs.history import read_run
from polyarch.transaction.hold import tells_of_hold
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.past import PastRun, unfinished
from polyarch.transaction.values import Outcome, TagStatus

_SHOWN = 4
"""Tags of a run that died, in one line."""


def warn_of_dead(runs: Path, listen: Listener, *, rehearsed: bool = False) -> None:
    """Say which runs in this folder died while tags were moving, and what ends that."""
    for past in unfinished(runs, rehearsed=rehearsed):
        if past.died_in_flip:
            listen(Warned(text=_told(past)))


def _told(past: PastRun) -> str:
    known = read_run(past.path.parent)
    verb = shorten(known.summary.verb, 20) if known else "a"
    tags = [f"{repository}:{tag}" for repository, tag in past.halfway]
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return (
        f"{verb} run {past.name} died half-way, while tags were moving: "
        f"{', '.join(tags[:_SHOWN])}{more}; the same {verb if known else 'verb'} again finishes it,"
        f" `polyarch undo {past.name}` takes it back"
    )


@contextmanager
def journal_for(
    run: Path, listen: Listener, *, rehearsed: bool = False, warned: bool = False
) -> Iterator["OpenJournal"]:
    """Open the journal of a run, whose folder lies among those of the others.

    A run that is `rehearsed` goes on from others that were, and no real one from it. What died
    while tags were moving is told unless somebody has `warned` of it.

    Raises:
        StorageError: it cannot be written.
    """
    past = unfinished(run.parent, rehearsed=rehearsed)
    with Journal.create(run / FILE) as journal:
        if rehearsed:
            journal.rehearse()
        journal.inherit([upload for each in reversed(past) for upload in each.uploads.values()])
        for each in past:
            if each.died_in_flip and not warned:
                listen(Note(text=_told(each)))
        yield OpenJournal(journal, past)


class OpenJournal:
    """A journal that is being written, and the runs whose work it may go on with."""

    def __init__(self, journal: Journal, past: Sequence[PastRun]) -> None:
        self.journal = journal
        self._past = past

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Runs are over whose tags have all been moved or kept by this one, or by others since.

        One that is held where it was put back to still waits: this run has decided nothing of it.
        What they had begun to send elsewhere is gone on with by who publishes there.
        """
        if any(outcome.error for outcome in outcomes):
            return
        ours = {
            (str(each.repository), tag.tag)
            for each in outcomes
            for tag in each.tags
            if not (tag.status is TagStatus.KEPT and tells_of_hold(tag.reason))
        }
        repositories = {each.repository for each in outcomes}
        for past in self._past:
            waiting = set(past.halfway)
            if waiting <= ours:
                past.settle(repositories)
            elif common := sorted(waiting & ours):
                past.overtake(common)
