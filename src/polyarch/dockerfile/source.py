"""Places in a Dockerfile: spans of the source, and joined text that knows where it came from.

Offsets count characters of the text as read, from 0. Text read with `surrogateescape` has one
character for each byte that is not UTF-8.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the source: from `start`, up to but without `end`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of the span."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Line and column, both from 1; the column counts characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedText:
    """Text of which continuations and the comments inside them are taken out.

    `pieces` are pairs (offset in `text`, offset in the source), one for each run of characters that
    is unbroken in the source, in order. `end` is the source offset behind the last character.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]
    end: int

    @classmethod
    def join(cls, source: str, runs: Iterable[tuple[int, int]], *, at: int) -> Self:
        """Join the runs (start, end) of a source; `at` is where an empty text stands."""
        parts: list[str] = []
        pieces: list[tuple[int, int]] = []
        length, end = 0, at
        for start, stop in runs:
            if stop > start:
                pieces.append((length, start))
                parts.append(source[start:stop])
                length, end = length + stop - start, stop
        return cls(text="".join(parts), pieces=tuple(pieces) or ((0, at),), end=end)

    def offset(self, index: int) -> int:
        """The source offset of the character at `index`; of the end for the text's length."""
        if index >= len(self.text):
            return self.end
        joined, source = self.pieces[self._piece(index)]
        return source + index - joined

    def span(self, start: int, end: int) -> Span:
        """The part of the source that holds `text[start:end]`, continuations between included."""
        if end <= start:
            return Span(self.offset(start), self.offset(start))
        return Span(self.offset(start), self.offset(end - 1) + 1)

    def is_contiguous(self, start: int, end: int) -> bool:
        """Whether nothing stands between the characters of `text[start:end]` in the source."""
        return end <= start or self._piece(start) == self._piece(end - 1)

    def cut(self, start: int, end: int | None = None) -> "JoinedText":
        """A part of the text that still knows where it came from."""
        end = len(self.text) if end is None else end
        if start == 0 and end == len(self.text):
            return self
        begin = self.offset(start)
        if end <= start:
            return JoinedText(text="", pieces=((0, begin),), end=begin)
        pieces: tuple[tuple[int, int], ...] = ((0, begin),)
        if len(self.pieces) > 1:
            inner = self.pieces[self._piece(start) + 1 : self._piece(end - 1) + 1]
            pieces += tuple((joined - start, source) for joined, source in inner)
        stop = self.end if end == len(self.text) else self.offset(end - 1) + 1
        return JoinedText(text=self.text[start:end], pieces=pieces, end=stop)

    def strip(self, characters: str) -> "JoinedText":
        """The text without `characters` at both ends."""
        end = len(self.text.rstrip(characters))
        start = min(end, len(self.text) - len(self.text.lstrip(characters)))
        return self.cut(start, end)

    def _piece(self, index: int) -> int:
        return bisect_right(self.pieces, index, key=_joined_offset) - 1

    def __str__(self) -> str:
        return self.text


def _joined_offset(piece: tuple[int, int]) -> int:
    return piece[0]
