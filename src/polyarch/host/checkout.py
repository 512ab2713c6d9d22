"""`context: git` of docker/metadata-action: ref, commit and its time from the local repository.

Event and payload stay those of the CI. On a detached HEAD the names that git shows beside the
commit decide, tags first.
"""

import re
from dataclasses import replace

from polyarch.errors import DetachedHeadError
from polyarch.host.ci_event import BRANCH, TAG, CiEvent
from polyarch.host.git import GitTree

_REMOTES = "refs/remotes/"
_PULL = re.compile(r"refs/(?:remotes/)?(?P<name>pull/[0-9]+/(?:head|merge))")


def with_git_context(event: CiEvent, tree: GitTree) -> CiEvent:
    """The event, about what is checked out.

    Raises:
        DetachedHeadError: no branch and no tag leads to the commit.
    """
    return replace(
        event, ref=_ref(tree), sha=tree.commit("HEAD") or "", commit_time=tree.commit_time("HEAD")
    )


def _ref(tree: GitTree) -> str:
    on = tree.head_ref()
    if on:
        return on
    names = [name for name in tree.refs_at_head() if not name.endswith("/HEAD")]
    # As git decorates a commit: falling order, so tags, remote branches, then local ones.
    for name in names:
        if name.startswith(TAG):
            return name
        if name.startswith(_REMOTES):
            if pull := _PULL.fullmatch(name):
                return f"refs/{pull['name']}"
            local = next((each for each in names if each.startswith(BRANCH)), None)
            return local or _local(name)
        if name.startswith(BRANCH):
            return name
    return _leading(tree, names)


def _leading(tree: GitTree, names: list[str]) -> str:
    for place in (BRANCH, _REMOTES, TAG):
        for name in tree.refs_with_head(place):
            if not name.endswith("/HEAD"):
                return _local(name) if place == _REMOTES else name
    # Beside heads, tags and remotes git shows no ref, so the reference ends here.
    for name in names:
        if _PULL.fullmatch(name):
            return name
    raise DetachedHeadError(str(tree.root))


def _local(remote_branch: str) -> str:
    """`refs/remotes/origin/a/b` is branch `a/b`."""
    return BRANCH + remote_branch.removeprefix(_REMOTES).partition("/")[2]
