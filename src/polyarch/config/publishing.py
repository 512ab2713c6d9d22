"""`[publish] on`: the allow-list of what may publish."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from polyarch.errors import shorten


class PublishKind(StrEnum):
    """What can set a publish off; a pull request is not among them."""

    BRANCH = "branch"
    TAG = "tag"
    RELEASE = "release"
    SCHEDULE = "schedule"
    DISPATCH = "dispatch"


_WITH_PATTERN = (PublishKind.BRANCH, PublishKind.TAG)
_WORDS = ("branch:main", "tag:v*", "release", "schedule", "dispatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRule:
    """One entry: a kind of event, for branches and tags with a pattern of names.

    In patterns `*` stands for anything without a slash, `**` for anything, `?` for one character
    other than a slash. All else is literal.
    """

    kind: PublishKind
    pattern: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a text that `problem` has nothing against."""
        kind, _, pattern = text.partition(":")
        return cls(kind=PublishKind(kind), pattern=pattern)

    @staticmethod
    def problem(text: str) -> str | None:
        """What is wrong with the text of a rule, or None."""
        kind, _, pattern = text.partition(":")
        if kind.replace("_", "-").startswith(("pull-request", "merge-request")):
            return "a pull request never publishes"
        if kind in _WITH_PATTERN:
            return None if pattern else f"name the {kind}, as `{kind}:…`; `*` is a wildcard"
        if text in set(PublishKind):
            return None
        near = difflib.get_close_matches(text, _WORDS, n=1)
        meant = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(_WORDS)}"
        return f"`{shorten(text)}` is no event that can publish; {meant}"

    def matches(self, kind: str, name: str = "") -> bool:
        """Whether an event of this kind, for a branch or tag of this name, is meant."""
        if kind != self.kind:
            return False
        return not self.pattern or _glob(self.pattern, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.pattern}" if self.pattern else str(self.kind)


def _glob(pattern: str, name: str) -> bool:
    """Match in time pattern times name: patterns and names may both be hostile."""
    places = {0}
    for part in filter(None, re.split(r"(\*\*|\*|\?)", pattern)):
        places = {after for place in places for after in _after(part, name, place)}
    return len(name) in places


def _after(part: str, name: str, place: int) -> Iterable[int]:
    match part:
        case "**":
            return range(place, len(name) + 1)
        case "*":
            slash = name.find("/", place)
            return range(place, (len(name) if slash < 0 else slash) + 1)
        case "?":
            return (place + 1,) if name[place : place + 1] not in {"", "/"} else ()
        case _:
            return (place + len(part),) if name.startswith(part, place) else ()
