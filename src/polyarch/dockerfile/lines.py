"""Physical lines of a Dockerfile, read from top to bottom, and lines joined by continuations."""

from dataclasses import dataclass
from typing import NoReturn

from polyarch.dockerfile.source import JoinedText, Span
from polyarch.dockerfile.spacing import WHITE_SPACE
from polyarch.dockerfile.tree import Comment
from polyarch.errors import DockerfileSyntaxError

MAX_LINE_BYTES = 65535
"""The longest line that BuildKit reads: its scanner's buffer without the line end."""

_BYTES_PER_CHARACTER = 4
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line.

    `start` to `end` is its text without indentation and line end, `begin` where it really begins
    (a byte order mark left out), `extent` all of it.
    """

    begin: int
    start: int
    end: int
    extent: Span
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedLine:
    """A line and its continuations, with the comments and blank lines that stood between."""

    text: JoinedText
    comments: tuple[Comment, ...]
    blank_lines: tuple[int, ...]


class LineReader:
    """Stands before the next line of a text: `at` is its offset, `number` counts from 1."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.at = 0
        self.number = 1
        self._last_places: dict[str, int] = {}

    @property
    def is_done(self) -> bool:
        """Whether all lines are read."""
        return self.at >= len(self.text)

    def peek(self) -> Line:
        """The next line."""
        newline = self.text.find("\n", self.at)
        end, following = (newline, newline + 1) if newline >= 0 else (len(self.text),) * 2
        begin = self.at + (self.at == 0 and self.text.startswith(_BOM))
        self._check_length(self.at, end)
        raw = self.text[begin:end].rstrip("\r")
        text = raw.lstrip(WHITE_SPACE)
        end = begin + len(raw)
        return Line(begin, end - len(text), end, Span(self.at, following), self.number)

    def take(self) -> Line:
        """The next line, which is read then."""
        line = self.peek()
        self.at = line.extent.end
        self.number += 1
        return line

    def take_up_to(self, end: int) -> Span:
        """Whole lines at once, up to an offset behind a line end or the end of the text."""
        extent = Span(self.at, end)
        self.number += max(1, self.text.count("\n", self.at, end))
        self.at = end
        return extent

    def fail(self, line: int, reason: str) -> NoReturn:
        """Refuse the file."""
        raise DockerfileSyntaxError(self.path, line, reason)

    def comment(self, line: Line) -> Comment:
        """What a line that begins with `#` says."""
        text = self.text[line.start + 1 : line.end].strip(WHITE_SPACE)
        span = Span(line.start, line.end)
        return Comment(text=text, span=span, extent=line.extent, line=line.number)

    def take_joined(self, escape: str) -> JoinedLine:
        """The next line, which is not blank, with all that continues it.

        Between the lines, comments vanish together with their own trailing escape character, and
        blank lines are passed over; the indentation of continued lines stays.
        """
        first = self.take()
        end, continues = self._without_continuation(first, first.start, escape)
        runs = [(first.start, end)]
        comments: list[Comment] = []
        blanks: list[int] = []
        while continues and not self.is_done:
            line = self.take()
            if line.start == line.end:
                blanks.append(line.number)
            elif self.text[line.start] == "#":
                comments.append(self.comment(line))
            else:
                end, continues = self._without_continuation(line, line.begin, escape)
                runs.append((line.begin, end))
        return JoinedLine(
            text=JoinedText.join(self.text, runs, at=first.start),
            comments=tuple(comments),
            blank_lines=tuple(blanks),
        )

    def _without_continuation(self, line: Line, start: int, escape: str) -> tuple[int, bool]:
        """Where the line's text ends, and whether the next line continues it.

        It does if the last character that is no blank is the escape character and the one before
        it is not.
        """
        text = self.text[start : line.end].rstrip(" \t")
        body = text.removesuffix(escape)
        if body == text or body.endswith(escape):
            return line.end, False
        return start + len(body), True

    def is_ahead(self, row: str) -> bool:
        """Whether a line with this text is still to come; tabs before it do not count."""
        if not self._last_places:
            at = 0
            for line in self.text.split("\n"):
                self._last_places[line.rstrip("\r").lstrip("\t")] = at
                at += len(line) + 1
        return self._last_places.get(row, -1) >= self.at

    def _check_length(self, start: int, end: int) -> None:
        if (end - start) * _BYTES_PER_CHARACTER <= MAX_LINE_BYTES:
            return
        text = self.text[start : min(end, start + MAX_LINE_BYTES + 1)]
        # Each surrogate stands for one byte when the text was read with `surrogateescape`.
        if len(text.encode("utf-8", "replace")) > MAX_LINE_BYTES:
            self.fail(self.number, f"the line is longer than {MAX_LINE_BYTES} bytes")
