"""Events that no CI started: the local work tree as it is, as a push, or as something else."""

import difflib
import re
from dataclasses import replace
from urllib.parse import urlsplit

from polyarch.errors import InvalidEventError, LocalPublishRefusedError
from polyarch.host.ci_event import BRANCH, TAG, CiEvent, Provider
from polyarch.host.git import GitFacts

LOCAL = "local"

_COMMIT = re.compile(r"[0-9a-f]{7,64}")

KNOWN_EVENTS = (
    "push", "pull_request", "pull_request_target", "release", "schedule", "workflow_dispatch",
    "repository_dispatch", "merge_group", "create", "delete", "workflow_run", "workflow_call",
    "branch_protection_rule", "check_run", "check_suite", "deployment", "deployment_status",
    "discussion", "discussion_comment", "fork", "gollum", "issue_comment", "issues", "label",
    "milestone", "page_build", "project", "public", "pull_request_review",
    "pull_request_review_comment", "registry_package", "status", "watch", LOCAL,
)  # fmt: skip
"""docs.github.com, "Events that trigger workflows"; and our own."""


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
    if name not in KNOWN_EVENTS:
        close = difflib.get_close_matches(name, KNOWN_EVENTS, n=1)
        meant = close[0] if close else "push"
        raise InvalidEventError(f"there is no event `{name}`", hint=f"did you mean `{meant}`?")
    here = local_event(git)
    if ref is not None and not ref.startswith("refs/"):
        raise InvalidEventError(
            f"`{ref}` is not a complete ref",
            hint=f"write `{BRANCH}{ref}` for a branch, `{TAG}{ref}` for a tag",
        )
    if sha is not None and not _COMMIT.fullmatch(sha):
        raise InvalidEventError(
            f"`{sha}` is not a commit's id", hint="name it in full, as `git rev-parse HEAD` does"
        )
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
