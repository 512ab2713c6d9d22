"""What happens in a repository, as the forge describes it to a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REPOSITORY = "team/project"
FORK = "stranger/project"
BRANCH, TAG = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event; `ref` is what a job checks out, `from_fork` takes secrets and powers away.

    `more` is the part of the payload that this kind of event has and others have not.
    """

    name: str
    ref: str
    sha: str
    base_ref: str = ""
    head_ref: str = ""
    from_fork: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref_name(self) -> str:
        """The short name of the ref, `7/merge` for a pull request."""
        return self.ref.split("/", 2)[2]

    @property
    def ref_type(self) -> str:
        """What `github.ref_type` says."""
        return "tag" if self.ref.startswith(TAG) else "branch"

    @property
    def payload(self) -> dict[str, Any]:
        """The event file."""
        owner, _, name = REPOSITORY.partition("/")
        repository = {
            "full_name": REPOSITORY,
            "name": name,
            "owner": {"login": owner},
            "default_branch": "main",
            "html_url": f"https://github.com/{REPOSITORY}",
            "private": False,
        }
        return {"repository": repository, "sender": {"login": "octocat"}, **self.more}


def push(branch: str, sha: str) -> Event:
    """Somebody pushes a branch."""
    return _pushed(BRANCH + branch, sha)


def tag(name: str, sha: str) -> Event:
    """Somebody pushes a tag."""
    return _pushed(TAG + name, sha)


def schedule(cron: str, sha: str) -> Event:
    """A time has come; it is always about the default branch."""
    return Event(name="schedule", ref=f"{BRANCH}main", sha=sha, more={"schedule": cron})


def release(name: str, sha: str, action: str = "published") -> Event:
    """A release of a tag is published."""
    told = {"tag_name": name, "draft": False, "prerelease": False}
    return Event(name="release", ref=TAG + name, sha=sha, more={"action": action, "release": told})


def dispatch(ref: str, sha: str, inputs: Mapping[str, str]) -> Event:
    """Somebody starts the workflow by hand, on a complete ref."""
    return Event(
        name="workflow_dispatch", ref=ref, sha=sha, more={"inputs": dict(inputs), "ref": ref}
    )


def pull_request(number: int, merge: str, head: str, *, fork: bool) -> Event:
    """Somebody asks for a branch `patch` to be taken; `merge` is the commit that is built."""
    base = {"ref": "main", "repo": {"full_name": REPOSITORY}}
    side = {"ref": "patch", "sha": head, "repo": {"full_name": FORK if fork else REPOSITORY}}
    pull = {"number": number, "head": side, "base": base, "merge_commit_sha": merge}
    return Event(
        name="pull_request",
        ref=f"refs/pull/{number}/merge",
        sha=merge,
        base_ref="main",
        head_ref="patch",
        from_fork=fork,
        more={"action": "opened", "number": number, "pull_request": pull},
    )


def _pushed(ref: str, sha: str) -> Event:
    commit = {"id": sha, "message": "A change"}
    return Event(
        name="push", ref=ref, sha=sha, more={"ref": ref, "after": sha, "head_commit": commit}
    )
