"""What happened that polyarch runs for, as one value, whoever said it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

BRANCH = "refs/heads/"
TAG = "refs/tags/"
PULL = "refs/pull/"

_SURROGATE = re.compile("[\ud800-\udfff]")


class Provider(StrEnum):
    """Who told of an event."""

    LOCAL = "local"
    GITHUB = "github"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    GITLAB = "gitlab"
    VARIABLES = "variables"


@dataclass(frozen=True, slots=True, kw_only=True)
class CiEvent:
    """One event in the words of GitHub Actions, those of docker/metadata-action's rules.

    `name` is `push`, `pull_request`, `schedule` and so on, `local` for a run that no CI started.
    `ref` is complete (`refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`) or empty; `sha` is
    the commit's full id or empty. `default_branch` is the one that the event itself names.
    `payload` is the event's description by the CI, hostile data: read it through `text`.
    `commit_time` is None where nobody has said it. `simulated`: a person made the event up.
    `is_fork`: the change comes from another repository. `actor` is who started the run, as the CI
    or this machine calls them, empty where nobody says; it is told, and never believed.
    """

    provider: Provider
    name: str
    ref: str
    sha: str
    repository: str = ""
    default_branch: str | None = None
    base_ref: str | None = None
    payload: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    commit_time: datetime | None = None
    run_id: str | None = None
    run_url: str | None = None
    dirty: bool = False
    is_fork: bool = False
    simulated: bool = False
    actor: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_pull_request(self) -> bool:
        """Whether it speaks of a change that nobody has taken yet."""
        return "pull_request" in self.name or self.ref.startswith((PULL, "refs/merge-requests/"))

    @property
    def branch(self) -> str | None:
        """The branch, None on any other kind of ref."""
        return _after(BRANCH, self.ref)

    @property
    def tag(self) -> str | None:
        """The tag, None on any other kind of ref."""
        return _after(TAG, self.ref)

    @property
    def ci_run(self) -> str | None:
        """Which run of the CI this is: its address, else its number; None on a laptop."""
        return self.run_url or self.run_id

    def text(self, *path: str) -> str | None:
        """A text of the payload, such as `text("pull_request", "head", "sha")`, None if absent."""
        value: object = self.payload
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return printable(value) if isinstance(value, str) else None

    def __str__(self) -> str:
        return f"{self.name} {self.ref}".rstrip()


def printable(text: str) -> str:
    """Replace what no UTF-8 stream can carry: halves of characters, bytes that were no text."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _after(prefix: str, ref: str) -> str | None:
    return ref.removeprefix(prefix) if ref.startswith(prefix) else None
