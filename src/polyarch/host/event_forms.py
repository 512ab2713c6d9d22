"""What a person may say of an event: its name, a complete ref, a commit's id."""

import difflib
import re

from polyarch.errors import InvalidEventError
from polyarch.host.ci_event import BRANCH, TAG

LOCAL = "local"

KNOWN_EVENTS = (
    "push", "pull_request", "pull_request_target", "release", "schedule", "workflow_dispatch",
    "repository_dispatch", "merge_group", "create", "delete", "workflow_run", "workflow_call",
    "branch_protection_rule", "check_run", "check_suite", "deployment", "deployment_status",
    "discussion", "discussion_comment", "fork", "gollum", "issue_comment", "issues", "label",
    "milestone", "page_build", "project", "public", "pull_request_review",
    "pull_request_review_comment", "registry_package", "status", "watch", LOCAL,
)  # fmt: skip
"""docs.github.com, "Events that trigger workflows"; and our own."""

_COMPLETE = re.compile(r"refs/[^/]+/.+", re.DOTALL)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def checked_name(name: str, *, where: str) -> str:
    """The name of an event.

    Raises:
        InvalidEventError: no CI has an event of that name; `where` says who said it.
    """
    if name not in KNOWN_EVENTS:
        close = difflib.get_close_matches(name, KNOWN_EVENTS, n=1)
        meant = close[0] if close else "push"
        hint = f"did you mean `{meant}`?"
        raise InvalidEventError(f"there is no event `{name}`", hint=hint, where=where)
    return name


def checked_ref(ref: str, *, where: str) -> str:
    """A complete ref.

    Raises:
        InvalidEventError: it is a short one.
    """
    if not _COMPLETE.fullmatch(ref):
        short = re.sub(r"(refs/)?((heads|tags)(/|$))?", "", ref, count=1)
        hint = f"write `{BRANCH}{short}` for a branch, `{TAG}{short}` for a tag"
        raise InvalidEventError(f"`{ref}` is not a complete ref", hint=hint, where=where)
    return ref


def checked_sha(sha: str, *, where: str) -> str:
    """The id of a commit, perhaps cut.

    Raises:
        InvalidEventError: it is none.
    """
    if not _COMMIT.fullmatch(sha):
        hint = "name it in full, as `git rev-parse HEAD` does"
        raise InvalidEventError(f"`{sha}` is not a commit's id", hint=hint, where=where)
    return sha
