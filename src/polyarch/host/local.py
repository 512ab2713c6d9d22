"""Events that no CI started: the local work tree as it is, as a push, or as something else."""

from dataclasses import replace
from urllib.parse import urlsplit

from polyarch.errors import LocalPublishRefusedError
from polyarch.host.ci_event import BRANCH, TAG, CiEvent, Provider
from polyarch.host.event_forms import LOCAL, checked_name, checked_ref, checked_sha
from polyarch.host.git import GitFacts

_WHERE = "`--event`, `--ref` and `--sha`"


def local_event(git: GitFacts | None) -> CiEvent:
    """What is checked out: the branch, else the first tag at a detached HEAD, else no ref."""
    if git is None:
        return CiEvent(provider=Provider.LOCAL, name=LOCAL, ref="", sha="")
    return CiEvent(
        provider=Provider.LOCAL,
        name=LOCAL,
        ref=_checked_out(git),
        sha=git.sha,
        repository=_repository(git),
        default_branch=git.default_branch,
        commit_time=git.commit_time,
        dirty=git.dirty,
    )


def local_as_event(git: GitFacts | None) -> CiEvent:
    """Take the checked-out tag or branch as if it had been pushed just now (`--allow-local`).

    Raises:
        LocalPublishRefusedError: no work tree, nothing checked out by name, changes that are not
            committed, or a commit that no remote branch has.
    """
    if git is None:
        raise LocalPublishRefusedError(
            "this folder is not a git work tree with a commit",
            where="the project's folder",
            hint="publish from a clone of the project, or rehearse with `--sandbox`",
        )
    where = str(git.root)
    if git.dirty:
        raise LocalPublishRefusedError(
            "there are changes that are not committed",
            where=where,
            hint="commit and push them, or put them away with `git stash --include-untracked`",
        )
    if not git.pushed:
        raise LocalPublishRefusedError(
            f"commit `{git.short_sha}` is on no branch of a remote",
            where=where,
            hint="`git push` first, so that others can build the same (or `git fetch` if it is)",
        )
    event = local_event(git)
    if not event.ref:
        raise LocalPublishRefusedError(
            f"commit `{git.short_sha}` is checked out without a branch or tag",
            where=where,
            hint="check out what is to be published: `git switch BRANCH` or `git checkout TAG`",
        )
    return replace(event, name="push")


def simulated(name: str, ref: str | None, sha: str | None, git: GitFacts | None) -> CiEvent:
    """An event made up for trying: `plan --event push --ref refs/tags/v1.2.3`.

    Without `ref` the checked-out branch or tag is taken, without `sha` the checked-out commit.

    Raises:
        InvalidEventError: a name that no CI has, a ref that is not complete, or no commit's id.
    """
    checked_name(name, where=_WHERE)
    here = local_event(git)
    if ref is not None:
        checked_ref(ref, where=_WHERE)
    if sha is not None:
        checked_sha(sha, where=_WHERE)
    commit = here.sha if sha is None or here.sha.startswith(sha) else sha
    return replace(
        here,
        name=name,
        ref=here.ref if ref is None else ref,
        sha=commit,
        commit_time=here.commit_time if commit == here.sha else None,
        simulated=True,
    )


def _checked_out(git: GitFacts) -> str:
    if git.branch is not None:
        return f"{BRANCH}{git.branch}"
    return f"{TAG}{git.tags[0]}" if git.tags else ""


def _repository(git: GitFacts) -> str:
    """`owner/name` of the remote's address; more parts where the forge nests groups."""
    return urlsplit(git.remote).path.strip("/") if git.remote else ""
