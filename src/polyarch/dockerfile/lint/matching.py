"""Whether a test of a script holds, once it is known what its variables are worth."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from polyarch.dockerfile.shell.condition import Condition, ConditionKind, PatternKind
from polyarch.dockerfile.shell.word import ShellWord

Worth = Callable[[ShellWord], str | None]
"""What a word is worth; None where that is not known."""

_ALTERNATIVES = re.compile(r"@\(([^()]*)\)")
_LONGEST = 200
_SIMPLE = re.compile(r"(\^?)([\w/ .-]*)(\$?)")


def holds(condition: Condition, worth: Worth) -> bool | None:
    """Whether it holds; None where that cannot be told."""
    if condition.kind is ConditionKind.MATCH:
        value = worth(condition.subject) if condition.subject else None
        return None if value is None else matches(condition, value)
    parts = [holds(one, worth) for one in condition.parts]
    if condition.kind is ConditionKind.ALL:
        return _all(parts)
    if condition.kind is ConditionKind.ANY:
        return _negated(_all([_negated(one) for one in parts]))
    return _negated(parts[0]) if condition.kind is ConditionKind.NOT else None


def names_it(condition: Condition, worth: Worth) -> bool:
    """Whether it holds because a pattern fits, and not because none does (`!=`)."""
    if condition.kind is ConditionKind.MATCH:
        return holds(condition, worth) is True
    if condition.kind in {ConditionKind.ALL, ConditionKind.ANY}:
        return any(names_it(one, worth) for one in condition.parts)
    return False


def matches(condition: Condition, value: str) -> bool | None:
    """Whether a value is one of the patterns."""
    unknown = False
    for pattern in condition.patterns:
        found = _fits(pattern, value, condition.pattern_kind)
        if found:
            return True
        unknown = unknown or found is None
    return None if unknown else False


def _all(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _negated(value: bool | None) -> bool | None:  # noqa: FBT001 -- one value in, one out
    return None if value is None else not value


def _fits(pattern: str, value: str, kind: PatternKind) -> bool | None:
    if len(pattern) > _LONGEST or "$" in pattern.removesuffix("$"):
        return None
    if kind is PatternKind.TEXT:
        return pattern == value
    if kind is PatternKind.GLOB:
        return any(_fits_glob(one, value) for one in _spelled_out(pattern))
    return _fits_regex(pattern.strip("\"'"), value)


def _spelled_out(pattern: str) -> list[str]:
    """`x@(a|b)` as `xa` and `xb`."""
    found = _ALTERNATIVES.search(pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [f"{before}{one}{after}" for one in found[1].split("|")]


def _fits_glob(pattern: str, value: str) -> bool:
    return fnmatchcase(value, pattern)


def _fits_regex(pattern: str, value: str) -> bool | None:
    """Words between `|`, with `^` and `$`; None for what is greater."""
    outer = re.fullmatch(r"(\^?)\(([^()]*)\)(\$?)", pattern)
    begin, inner, end = outer.groups() if outer else ("", pattern, "")
    ways = [_fits_simple(f"{begin}{one}{end}", value) for one in re.split(r"\\?\|", inner)]
    if True in ways:
        return True
    return None if None in ways else False


def _fits_simple(pattern: str, value: str) -> bool | None:
    """A word, with `^` and `$`; `.*` at an end says nothing, other dots stand for themselves."""
    plain = pattern.removesuffix(".*").removeprefix(".*")
    found = _SIMPLE.fullmatch(plain)
    if found is None:
        return None
    begin, text, end = found.groups()
    if begin and end:
        return value == text
    if begin:
        return value.startswith(text)
    return value.endswith(text) if end else text in value
