"""Which events publish: `[publish] on` is an allow-list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from polyarch.errors import InvalidPublishRuleError, shorten
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.metadata.glob import compile_glob
from polyarch.metadata.rule import nearest

_EVENTS = ("release", "schedule", "dispatch")
_REFS = ("branch", "tag")

_DISPATCHES = frozenset({"workflow_dispatch", "repository_dispatch"})
_GONE = frozenset({"deleted", "unpublished"})
"""Actions of a release that take it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether this event publishes, and why or why not."""

    publish: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRule:
    """One item: refs of a kind that match a glob, or a kind of events.

    In a glob `*` and `?` stop at a slash and `**` does not, as in the CI's own branch filters.
    """

    kind: Literal["branch", "tag", "release", "schedule", "dispatch"]
    glob: str = ""

    @classmethod
    def parse(cls, item: str) -> Self:
        """Read `branch:GLOB`, `tag:GLOB`, `release`, `schedule` or `dispatch`.

        Raises:
            InvalidPublishRuleError: anything else.
        """
        kind, colon, glob = item.partition(":")
        match kind:
            case "branch" | "tag":
                if not glob:
                    problem = f"`{kind}` needs a name or glob, as in `{kind}:{_example(kind)}`"
                    raise InvalidPublishRuleError(item, problem, nearest=f"{kind}:…")
                try:
                    compile_glob(glob)
                except re.error as error:
                    raise InvalidPublishRuleError(item, f"the glob is broken: {error}") from error
                return cls(kind=kind, glob=glob)
            case "release" | "schedule" | "dispatch":
                if colon:
                    raise InvalidPublishRuleError(item, f"`{kind}` takes no name", nearest=kind)
                return cls(kind=kind)
            case _:
                close = _nearest(kind, glob)
                raise InvalidPublishRuleError(item, "there is no such event", nearest=close)

    def takes_tag(self, tag: str) -> bool:
        """Whether the push of such a git tag is meant."""
        return self.kind == "tag" and bool(compile_glob(self.glob).fullmatch(tag))

    def takes_branch(self, branch: str) -> bool:
        """Whether the push of such a branch is meant."""
        return self.kind == "branch" and bool(compile_glob(self.glob).fullmatch(branch))

    def allows(self, event: CiEvent) -> bool:
        """Whether the event is one of those meant."""
        match self.kind:
            case "branch" | "tag":
                # Other events of a branch may be started by people who may not push to it.
                name = event.branch if self.kind == "branch" else event.tag
                pushed = event.name == "push" and event.payload.get("deleted") is not True
                return pushed and name is not None and bool(compile_glob(self.glob).fullmatch(name))
            case "release":
                return event.name == "release" and event.text("action") not in _GONE
            case "schedule":
                return event.name == "schedule"
            case "dispatch":
                return event.name in _DISPATCHES

    def __str__(self) -> str:
        return f"{self.kind}:{self.glob}" if self.glob else self.kind


def may_publish(
    event: CiEvent, allowed: Sequence[str], *, sandbox: bool = False, environment: str = ""
) -> Decision:
    """Whether `event` publishes; with `sandbox` all do, for nothing leaves the machine.

    `environment` is the one chosen, for the command that the reason tells.

    Raises:
        InvalidPublishRuleError: an item of `allowed` does not parse.
    """
    rules = tuple(PublishRule.parse(item) for item in allowed)
    if sandbox:
        return Decision(publish=True, reason="`--sandbox`: nothing leaves this machine")
    never = _never(event, f" --env {environment}" if environment else "")
    if never:
        return Decision(publish=False, reason=never)
    for rule in rules:
        if rule.allows(event):
            return Decision(publish=True, reason=f"`[publish] on` lists `{rule}`")
    return Decision(publish=False, reason=f"`[publish] on` does not list `{shorten(str(event))}`")


def _never(event: CiEvent, chosen: str) -> str | None:
    if event.is_pull_request:
        return "a pull request never publishes"
    if event.name == "merge_group":
        return "a merge queue never publishes: nobody has merged the change yet"
    if event.simulated:
        return "a simulated event publishes only with `--sandbox`"
    if event.provider is Provider.LOCAL and event.name == "local":
        return (
            "a local run builds and proves; to publish the checked-out branch or tag, run"
            f" `polyarch publish{chosen} --allow-local`"
        )
    return None


def _example(kind: str) -> str:
    return "main" if kind == "branch" else "v*"


def _nearest(kind: str, glob: str) -> str | None:
    if kind.startswith("refs/heads/"):
        return f"branch:{kind.removeprefix('refs/heads/')}"
    if kind.startswith("refs/tags/"):
        return f"tag:{kind.removeprefix('refs/tags/')}"
    close = nearest(kind, (*_REFS, *_EVENTS))
    return f"{close}:{glob or '…'}" if close in _REFS else close
