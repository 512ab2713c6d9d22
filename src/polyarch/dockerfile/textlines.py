"""Lines and columns of a text that many findings point into."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

from polyarch.dockerfile.source import Position, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A text and the offset at which each of its lines begins."""

    text: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Count the lines once."""
        starts = [0]
        while (end := text.find("\n", starts[-1])) >= 0:
            starts.append(end + 1)
        return cls(text=text, starts=tuple(starts))

    def position(self, offset: int) -> Position:
        """Line and column of an offset, both from 1."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset)
        return Position(line=line, column=offset - self.starts[line - 1] + 1)

    def span_of_whole(self, line: int) -> Span:
        """Where a line stands, counted from 1, without its end."""
        start = self.starts[min(max(line, 1), len(self.starts)) - 1]
        end = self.text.find("\n", start)
        return Span(start, len(self.text) if end < 0 else end)

    def span_of(self, line: int) -> Span:
        """Where the text of a line stands, without the blanks around it."""
        whole = self.span_of_whole(line)
        text = whole.of(self.text)
        kept = text.strip()
        start = whole.start + len(text) - len(text.lstrip()) if kept else whole.start
        return Span(start, start + len(kept))

    def word_at(self, line: int, word: str) -> Span:
        """Where a word stands in a line, or the whole line where it is written otherwise."""
        whole = self.span_of(line)
        at = self.text.find(word, whole.start, whole.end) if word else -1
        return whole if at < 0 else Span(at, at + len(word))
