"""Lists as they are written in a workflow: lines of comma-separated fields, some of them quoted.

By hand, because Python's csv module takes a stray quote for granted where the reference (csv-parse)
stops, and loses the quotes where the reference keeps them.
"""

from polyarch.errors import InvalidRuleError
from polyarch.metadata.javascript import trim

_QUOTE = '"'
_COMMA = ","
_COMMENT = "#"
_NEWLINES = ("\r\n", "\n", "\r")


def split_list(text: str, kind: str = "list") -> tuple[str, ...]:
    """Split the text of one input into its items: the first of two passes.

    One line is one item. A line that starts with `#` is a comment. A quoted field loses its quotes
    and may hold commas and line ends.

    Raises:
        InvalidRuleError: a quote that is never closed.
    """
    records = _Reader(trim(text), kind, relaxed=True).records()
    items = (trim(_COMMA.join(record)) for record in records)
    return tuple(item for item in items if item)


def split_fields(item: str, kind: str) -> tuple[str, ...]:
    """Split one item into its fields: the second pass. Only the first line counts.

    Raises:
        InvalidRuleError: a quote that does not stand around a whole field, or an empty item.
    """
    records = _Reader(item, kind, relaxed=False).records()
    if not records:
        raise InvalidRuleError(kind, item, "it is empty")
    return tuple(records[0])


class _Reader:
    """Goes through a text once; `relaxed` takes stray quotes as text and knows comments."""

    def __init__(self, text: str, kind: str, *, relaxed: bool) -> None:
        self._text = text
        self._kind = kind
        self._relaxed = relaxed
        self._at = 0
        self._newlines: tuple[str, ...] = _NEWLINES

    def records(self) -> list[list[str]]:
        found: list[list[str]] = []
        while self._at < len(self._text):
            if self._relaxed and self._next(_COMMENT):
                self._skip_line()
            elif not self._take_newline():
                found.append(self._record())
        return found

    def _record(self) -> list[str]:
        fields = [self._field()]
        while self._next(_COMMA):
            self._at += 1
            fields.append(self._field())
        self._take_newline()
        return fields

    def _field(self) -> str:
        if not self._next(_QUOTE):
            return self._plain()
        self._at += 1
        value = self._quoted()
        if self._ends_field() or (self._relaxed and self._next(_COMMENT)):
            return value + self._plain()
        if not self._relaxed:
            raise self._problem("text follows a closing quote: quotes stand around a whole field")
        return f"{_QUOTE}{value}{_QUOTE}{self._plain()}"

    def _quoted(self) -> str:
        parts: list[str] = []
        while True:
            end = self._text.find(_QUOTE, self._at)
            if end < 0:
                raise self._problem("a quote is never closed")
            parts.append(self._text[self._at : end])
            self._at = end + 1
            if not self._next(_QUOTE):
                return "".join(parts)
            parts.append(_QUOTE)
            self._at += 1

    def _plain(self) -> str:
        start = self._at
        while not self._ends_field():
            if self._next(_QUOTE) and not self._relaxed:
                raise self._problem("a quote stands within a field: quote the whole field")
            self._at += 1
        return self._text[start : self._at]

    def _ends_field(self) -> bool:
        return self._at >= len(self._text) or self._next(_COMMA) or bool(self._newline())

    def _next(self, wanted: str) -> bool:
        return self._text.startswith(wanted, self._at)

    def _newline(self) -> str:
        found = next((each for each in self._newlines if self._next(each)), "")
        if found:
            # The first line end outside quotes says how all others are written.
            self._newlines = (found,)
        return found

    def _take_newline(self) -> bool:
        newline = self._newline()
        self._at += len(newline)
        return bool(newline)

    def _skip_line(self) -> None:
        while self._at < len(self._text) and not self._newline():
            self._at += 1

    def _problem(self, problem: str) -> InvalidRuleError:
        return InvalidRuleError(self._kind, self._text, problem)
