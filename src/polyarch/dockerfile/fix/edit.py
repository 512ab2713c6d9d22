"""Edits of a text by exact places: nothing outside of them moves or changes."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `replacement` in place of a span of the source; an empty span is an insertion."""

    span: Span
    replacement: str

    @classmethod
    def insert(cls, offset: int, text: str) -> "Edit":
        """Put text in front of the character at `offset`."""
        return cls(Span(offset, offset), text)

    @classmethod
    def delete(cls, span: Span) -> "Edit":
        """Take a span away."""
        return cls(span, "")


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits by place; several insertions at one place keep their order.

    Raises:
        FixRefusedError: two of them overlap.
    """
    ordered = sorted(edits, key=lambda one: (one.span.start, one.span.end))
    for one, other in pairwise(ordered):
        if other.span.start < one.span.end:
            raise FixRefusedError("two edits want the same place")
    return tuple(ordered)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits.

    Raises:
        FixRefusedError: two of them overlap.
    """
    parts: list[str] = []
    at = len(text)
    for edit in reversed(in_order(edits)):
        parts += (text[edit.span.end : at], edit.replacement)
        at = edit.span.start
    parts.append(text[:at])
    return "".join(reversed(parts))


class Shift:
    """Where the places of the old text are in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        ordered = in_order(edits)
        self._ends = [edit.span.end for edit in ordered]
        self._moves = [0]
        for edit in ordered:
            grown = len(edit.replacement) - (edit.span.end - edit.span.start)
            self._moves.append(self._moves[-1] + grown)

    def __call__(self, offset: int) -> int:
        """The new offset of a character that no edit takes away."""
        return offset + self._moves[bisect_right(self._ends, offset)]
