"""How a branch went on after a commit."""

import re
from datetime import UTC, datetime

from polyarch.errors import HostError, WorkError
from polyarch.host.git import GitTree
from polyarch.host.process import run

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""A full id: what a registry says is no name of a branch here, nor an option."""

_OPTIONS = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "--no-pager")
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
_TIMEOUT_S = 60


def times_after(tree: GitTree, revision: str, head: str) -> tuple[datetime, ...] | None:
    """When the commits of the branch that ends at `head` were made that `revision` has not.

    Oldest first; a merge counts by its own time, and not by those of what it brought. None where
    this clone cannot tell: it does not have the commit, or its history is cut off.
    """
    if not (_COMMIT.fullmatch(revision) and _COMMIT.fullmatch(head)):
        return None
    try:
        if tree.is_ancestor(revision, head) is None:
            return None
        done = run(
            ["git", *_OPTIONS, "log", "--first-parent", "--format=%ct", f"{revision}..{head}"],
            environment=tree.environment,
            folder=tree.root,
            timeout_s=_TIMEOUT_S,
        )
    except (HostError, WorkError):
        return None
    seconds = (int(line) for line in done.stdout.split() if line.isdecimal())
    times = (datetime.fromtimestamp(each, UTC) for each in seconds if each < _LATEST)
    return tuple(sorted(times))
