"""Variables in the texts of compose files.

Source: the Compose specification, "Interpolation" (12-interpolation.md).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.errors import InterpolationError

MAX_DEPTH = 32
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolated:
    """A text with its variables replaced; `unset` are those that have no value and no default."""

    text: str
    unset: tuple[str, ...] = ()


def interpolate(text: str, variables: Mapping[str, str]) -> Interpolated:
    """Replace `$NAME`, `${NAME}` and `${NAME:-default}` with all its forms; `$$` is one `$`.

    Raises:
        InterpolationError: a brace that is not closed, a name that is none, or a variable that the
            text itself says must be set.
    """
    reading = _Reading(text=text, variables=variables)
    return Interpolated(text=reading.until(""), unset=tuple(dict.fromkeys(reading.unset)))


class _Reading:
    def __init__(self, *, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._at = 0
        self._depth = 0
        self._counts = True
        self.unset: list[str] = []

    def until(self, end: str) -> str:
        """The text up to `end`, which is passed over, or to the very end where that is empty."""
        made: list[str] = []
        while self._at < len(self._text):
            if end and self._text[self._at] == end:
                self._at += 1
                return "".join(made)
            if self._text[self._at] == "$":
                made.append(self._variable())
            else:
                made.append(self._text[self._at])
                self._at += 1
        if end:
            raise self._wrong("a `${` is not closed")
        return "".join(made)

    def _variable(self) -> str:
        self._at += 1
        if self._text.startswith("$", self._at):
            self._at += 1
            return "$"
        if not self._text.startswith("{", self._at):
            found = _NAME.match(self._text, self._at)
            if not found:
                raise self._wrong("a `$` stands before what is no name; a `$` itself is `$$`")
            self._at = found.end()
            return self._value(found[0])
        self._at += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong("defaults stand in each other too deep")
        made = self._braced()
        self._depth -= 1
        return made

    def _braced(self) -> str:
        found = _NAME.match(self._text, self._at)
        if not found:
            raise self._wrong("a `${` is followed by what is no name")
        name, self._at = found[0], found.end()
        if self._text.startswith("}", self._at):
            self._at += 1
            return self._value(name)
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                return self._operated(name, operator)
        if self._at == len(self._text):
            raise self._wrong("a `${` is not closed")
        raise self._wrong(f"`{name}` in `${{…}}` is followed by what is no operator")

    def _operated(self, name: str, operator: str) -> str:
        value = self._variables.get(name)
        is_set = bool(value) if operator.startswith(":") else value is not None
        takes = is_set if operator.endswith("+") else not is_set
        other = self._aside(counts=takes)
        match operator[-1]:
            case "-":
                return (value or "") if is_set else other
            case "+":
                return other if is_set else ""
            case _:
                if not is_set and self._counts:
                    raise self._wrong(f"`{name}` must be set" + (f": {other}" if other else ""))
                return value or ""

    def _aside(self, *, counts: bool) -> str:
        """What stands behind an operator; where it is not taken, nothing in it counts."""
        before = self._counts
        self._counts = before and counts
        try:
            return self.until("}")
        finally:
            self._counts = before

    def _value(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None and self._counts:
            self.unset.append(name)
        return value or ""

    def _wrong(self, reason: str) -> InterpolationError:
        return InterpolationError(self._text, reason)
