"""Events that a workflow may be run for, as its `github` context has them.

Source: docs.github.com, "Contexts" and "Events that trigger workflows".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from polyarch.ci.expression_values import Table, Value
from polyarch.host.ci_event import BRANCH, PULL, TAG, CiEvent, Provider

SHA = "0123456789abcdef0123456789abcdef01234567"
"""Of commits that are made up."""
MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
"""When made-up events happen."""

_PAYLOADS = ("release", "pull_request", "workflow_run", "inputs", "merge_group", "head_commit")
"""Parts of payloads that other events do not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What is known of the repository: `owner/name`, the default branch, and values by name.

    `values` are what a person told of names such as `vars.REGISTRY`; in lower case.
    """

    repository: str = ""
    default_branch: str = "main"
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.repository.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One event. `kind` is how `[publish] on` calls it: branch, tag, release, schedule, dispatch.

    It is empty for events that never publish.
    """

    title: str
    name: str
    ref: str
    kind: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    action: str = ""
    is_fork: bool = False

    @property
    def ref_name(self) -> str:
        """The branch or tag."""
        for prefix in (BRANCH, TAG, PULL):
            if self.ref.startswith(prefix):
                return self.ref.removeprefix(prefix)
        return self.ref

    @property
    def is_tag(self) -> bool:
        """Whether its ref is a git tag."""
        return self.ref.startswith(TAG)

    @property
    def is_branch(self) -> bool:
        """Whether its ref is a branch."""
        return self.ref.startswith(BRANCH)

    def event(self, surface: Surface) -> CiEvent:
        """The same as tag rules take it."""
        payload: dict[str, object] = {"action": self.action} if self.action else {}
        if self.name == "pull_request":
            payload["pull_request"] = {"head": {"sha": SHA}}
        return CiEvent(
            provider=Provider.GITHUB,
            name=self.name,
            ref=self.ref,
            sha=SHA,
            repository=surface.repository,
            default_branch=surface.default_branch,
            commit_time=MOMENT,
            payload=payload,
            is_fork=self.is_fork,
        )


def github_context(surface: Surface, occasion: Occasion | None) -> Table:
    """The context `github`; without an occasion all that depends on one is unknown."""
    values: dict[str, Value] = {"server_url": "https://github.com"}
    if surface.repository:
        values |= {"repository": surface.repository, "repository_owner": surface.owner}
    about: dict[str, Value] = {"default_branch": surface.default_branch}
    if surface.repository:
        about["full_name"] = surface.repository
        about["name"] = surface.repository.rpartition("/")[2]
    event: dict[str, Value] = {"repository": Table(values=about, rest="github.event.repository")}
    if occasion is not None:
        values |= _of_occasion(occasion)
        event |= dict.fromkeys(_PAYLOADS, None) | _payload(surface, occasion)
    values["event"] = Table(values=event, rest="github.event")
    return Table(values=values, rest="github")


def inputs_context(occasion: Occasion | None) -> Table:
    """The context `inputs`."""
    if occasion is None:
        return Table(values={}, rest="inputs")
    return Table(values=dict(occasion.inputs))


def _of_occasion(occasion: Occasion) -> dict[str, Value]:
    return {
        "event_name": occasion.name,
        "ref": occasion.ref,
        "ref_name": occasion.ref_name,
        "ref_type": "tag" if occasion.is_tag else "branch",
        "sha": SHA,
        "base_ref": "main" if occasion.name == "pull_request" else "",
        "head_ref": "change" if occasion.name == "pull_request" else "",
    }


def _payload(surface: Surface, occasion: Occasion) -> dict[str, Value]:
    if occasion.name == "release":
        release: dict[str, Value] = {"tag_name": occasion.ref_name, "draft": False}
        return {
            "action": occasion.action,
            "release": Table(values=release, rest="github.event.release"),
        }
    if occasion.name == "workflow_dispatch":
        return {"inputs": Table(values=dict(occasion.inputs))}
    if occasion.name == "pull_request":
        name = "somebody/fork" if occasion.is_fork else surface.repository
        repo = Table(
            values={"full_name": name, "fork": occasion.is_fork},
            rest="github.event.pull_request.head.repo",
        )
        head = Table(values={"repo": repo}, rest="github.event.pull_request.head")
        request = Table(values={"head": head}, rest="github.event.pull_request")
        return {"pull_request": request}
    if occasion.name == "push":
        return {"head_commit": Table(values={}, rest="github.event.head_commit")}
    return {}
