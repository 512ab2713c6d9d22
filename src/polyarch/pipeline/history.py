"""Runs of this machine: what their journals say of tags, and which of them may go."""

import shutil
from pathlib import Path

from polyarch.runs.alive import is_alive
from polyarch.runs.history import run_folders
from polyarch.runs.moves import Before
from polyarch.transaction.journal import FILE
from polyarch.transaction.past import PastRun

_GOING = ".gone-"
"""Before the id of a run whose folder is being removed: it is listed no more."""


def standing_before(folder: Path) -> Before:
    """What stood under the tags before a run moved them; nothing where it has no journal.

    A run that is still at it has not said its last word, and nothing is read of it.
    """
    past = PastRun.read(folder / FILE)
    if past is None:
        return {}
    return {key: str(root.descriptor.digest) if root else "" for key, root in past.old.items()}


def forget_oldest(runs: Path, keep: int, current: str = "") -> tuple[str, ...]:
    """Remove the oldest runs until `keep` are left; gives the ids of those that went.

    `current` never goes, nor does a run that is going on, nor one whose journal has no end: the
    next publish goes on from that. A disk that refuses changes nothing.
    """
    for left in runs.glob(f"{_GOING}*"):
        shutil.rmtree(left, ignore_errors=True)
    gone = []
    for folder in run_folders(runs)[keep:]:
        if folder.name == current or is_alive(folder) or _is_unfinished(folder):
            continue
        going = folder.with_name(_GOING + folder.name)
        try:
            folder.rename(going)
        except OSError:  # another run was quicker, or may not
            continue
        shutil.rmtree(going, ignore_errors=True)
        gone.append(folder.name)
    return tuple(gone)


def _is_unfinished(folder: Path) -> bool:
    """Whether a journal stands there that somebody writes, or that has no end."""
    journal = folder / FILE
    if not journal.exists():
        return False
    past = PastRun.read(journal)
    return past is None or not past.ended
