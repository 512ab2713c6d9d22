"""Whether commits that stand in registries come after the one that is published."""

import re
import threading

from polyarch.host.git import GitTree

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""The full id of a commit: what a registry says is no name of a branch here, nor an option."""


class Ancestry:
    """Asks git, each commit once. Safe to use from several threads."""

    def __init__(self, git: GitTree | None, commit: str) -> None:
        self._git = git
        self._commit = commit
        self._known: dict[str, bool | None] = {}
        self._lock = threading.Lock()

    def descends(self, revision: str) -> bool | None:
        """Whether `revision` comes after our commit; None where this clone cannot tell."""
        with self._lock:
            if revision not in self._known:
                self._known[revision] = self._ask(revision)
            return self._known[revision]

    def _ask(self, revision: str) -> bool | None:
        named = _COMMIT.fullmatch(revision) and _COMMIT.fullmatch(self._commit)
        if self._git is None or not named:
            return None
        return self._git.is_ancestor(self._commit, revision)
