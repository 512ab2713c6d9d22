"""Shell patterns of `${X#p}`, `${X%p}` and `${X/p/r}`: `*`, `?` and escapes, nothing else.

BuildKit turns them into regular expressions without backtracking; Python's backtrack, and a
Dockerfile must not be able to hang its reader with `${X##*a*a*a*b}`. So a pattern is cut at its
stars into parts of fixed length, which are found one after another: leftmost parts first give the
shortest match, the last part's last place gives the longest.
"""

import re
from dataclasses import dataclass
from typing import Self

from polyarch.errors import ExpansionError

_ESCAPABLE = "*?\\"
_DELIMITERS = "}/"
"""Escaped only because they would end the pattern; the escape is not part of it."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern as its parts between the stars, each the expressions of its characters."""

    parts: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, pattern: str) -> Self:
        """Read a pattern.

        Raises:
            ExpansionError: a backslash before another character than `*`, `?`, a backslash, `}`
                and `/`.
        """
        parts: list[list[str]] = [[]]
        characters = iter(pattern)
        for character in characters:
            if character == "*":
                parts.append([])
            elif character == "?":
                parts[-1].append(".")
            elif character == "\\":
                escaped = next(characters, "")
                if not escaped or escaped not in _ESCAPABLE + _DELIMITERS:
                    raise ExpansionError(pattern, f"`\\{escaped}` is no escape of a pattern")
                parts[-1].append(re.escape(escaped))
            else:
                parts[-1].append(re.escape(character))
        return cls(tuple(tuple(part) for part in parts))

    def reversed(self) -> Self:
        """The pattern that matches the mirrored text."""
        return type(self)(tuple(tuple(reversed(part)) for part in reversed(self.parts)))

    def prefix(self, text: str, *, longest: bool) -> int | None:
        """The length of the shortest or longest match at the start of `text`."""
        if not _expression(self.parts[0]).match(text):
            return None
        return self._end(text, len(self.parts[0]), longest=longest)

    def search(self, text: str, start: int) -> tuple[int, int] | None:
        """The leftmost match from `start` on, the longest one there."""
        found = _expression(self.parts[0]).search(text, start)
        if not found:
            return None
        end = self._end(text, found.end(), longest=True)
        return None if end is None else (found.start(), end)

    def _end(self, text: str, at: int, *, longest: bool) -> int | None:
        """Where the parts behind the first star end, when the first part ended at `at`."""
        *middle, last = self.parts[1:] or ((),)
        if len(self.parts) == 1:
            return at
        for part in middle:
            found = _expression(part).search(text, at)
            if not found:
                return None
            at = found.end()
        if longest and not last:
            return len(text)
        if longest:
            return _last_end(text, at, last)
        found = _expression(last).search(text, at)
        return found.end() if found else None

    def replace(self, text: str, replacement: str, *, every: bool) -> str:
        """Replace the leftmost match, or all that do not overlap.

        An empty match right behind another one does not count, as in Go's regexp.
        """
        pieces: list[str] = []
        copied = at = 0
        last_end = -1
        while at <= len(text):
            match = self.search(text, at)
            if match is None:
                break
            start, end = match
            if end > start or start != last_end:
                pieces += (text[copied:start], replacement)
                copied = last_end = end
                if not every:
                    break
            at = end if end > start else end + 1
        return "".join(pieces) + text[copied:]


def _expression(part: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("".join(part), re.DOTALL)


def _last_end(text: str, at: int, part: tuple[str, ...]) -> int | None:
    """The end of the last place of `part` in `text[at:]`; places may overlap."""
    expression = _expression(part)
    for start in range(len(text) - len(part), at - 1, -1):
        if expression.match(text, start):
            return start + len(part)
    return None
