"""What a test asks: values compared with patterns, joined by and, or, not."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.shell.word import ShellWord


class ConditionKind(StrEnum):
    """How a condition is made up."""

    MATCH = "match"
    """The subject is one of the patterns."""

    ALL = "all"
    ANY = "any"
    NOT = "not"

    OPEN = "open"
    """Something else: a file is there, a program succeeds."""


class PatternKind(StrEnum):
    """How patterns are meant."""

    GLOB = "glob"
    TEXT = "text"
    REGEX = "regex"
    """An expression that may match anywhere in the value, as of `=~` and `grep`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition as a tree of small depth.

    MATCH has `subject` and `patterns`, ALL, ANY and NOT have `parts` (NOT one).
    """

    kind: ConditionKind
    parts: tuple["Condition", ...] = ()
    subject: ShellWord | None = None
    patterns: tuple[str, ...] = ()
    pattern_kind: PatternKind = PatternKind.TEXT

    @property
    def matches(self) -> Iterator["Condition"]:
        """The comparisons in it, in order."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if one.kind is ConditionKind.MATCH:
                yield one
            waiting += reversed(one.parts)


NEVER_KNOWN = Condition(kind=ConditionKind.OPEN)
"""A condition of which nothing is known."""


def match(subject: ShellWord, *patterns: str, kind: PatternKind = PatternKind.TEXT) -> Condition:
    """The subject is one of the patterns."""
    return Condition(
        kind=ConditionKind.MATCH, subject=subject, patterns=patterns, pattern_kind=kind
    )


def negation(condition: Condition) -> Condition:
    """The opposite."""
    if condition.kind is ConditionKind.NOT:
        return condition.parts[0]
    return Condition(kind=ConditionKind.NOT, parts=(condition,))


def every(*parts: Condition) -> Condition:
    """All of them hold."""
    return parts[0] if len(parts) == 1 else _joined(ConditionKind.ALL, parts)


def either(*parts: Condition) -> Condition:
    """One of them holds."""
    return parts[0] if len(parts) == 1 else _joined(ConditionKind.ANY, parts)


def _joined(kind: ConditionKind, parts: tuple[Condition, ...]) -> Condition:
    """Chains of one kind stay flat, so that a long chain is no deep tree."""
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if part.kind is kind else (part,)
    return Condition(kind=kind, parts=tuple(flat))
