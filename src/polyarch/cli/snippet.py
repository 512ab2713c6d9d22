"""Lines of a source with what is meant underlined, harmless to any terminal and aligned in it."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from polyarch.cli.text import one_line
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.textlines import Lines

MAX_LINES = 3
"""Of a span over more lines only the first ones are shown."""

_TAB = "    "
_CUT = "…"
_BEFORE = 24
"""Cells that stand before what is meant where a line is too long to be shown whole."""


def snippet(lines: Lines, span: Span, *, width: int, style: str) -> Iterator[Text]:
    """The lines of a span, each with carets in the line below it; no line is wider than `width`."""
    first, last = lines.position(span.start), lines.position(max(span.start, span.end - 1))
    numbers = range(first.line, min(last.line, first.line + MAX_LINES - 1) + 1)
    gutter = len(str(numbers[-1]))
    room = width - gutter - 6  # the gutter, and what says that a line is cut
    for number in numbers:
        whole = lines.span_of_whole(number)
        start, end = max(span.start, whole.start), min(max(span.end, span.start + 1), whole.end)
        shown, before, marked = _line(lines, whole, Span(start, max(start, end)), room)
        yield Text.assemble((f"  {number:>{gutter}} | ", "dim"), shown)
        carets = " " * before + "^" * max(1, marked)
        yield Text.assemble((f"  {'':>{gutter}} | ", "dim"), (carets, style))
    if last.line > numbers[-1]:
        yield Text(f"  {'':>{gutter}} | {_CUT}", style="dim")


def _line(lines: Lines, whole: Span, meant: Span, width: int) -> tuple[str, int, int]:
    """A line as shown, the cells before what is meant, and the cells of that.

    Only as much of the line is looked at as can be shown, however long it is.
    """
    width = max(width, 2 * _BEFORE)
    end = min(whole.end, meant.start + width)
    start = whole.start
    if meant.start - start > width or _cells(lines.text[start : meant.end]) > width:
        start = max(whole.start, meant.start - _BEFORE)
    left = _CUT if start > whole.start else ""
    before = left + _shown(lines.text[start : meant.start])
    inside = _shown(lines.text[meant.start : min(meant.end, end)])
    after = _shown(lines.text[min(meant.end, end) : end])
    room = width - cell_len(before)
    marked = _fitting(inside, room)
    rest = _fitting(after, room - cell_len(marked)) if marked == inside else ""
    shown = before + marked + rest
    is_cut = marked != inside or rest != after or end < whole.end
    return shown + (_CUT if is_cut else ""), cell_len(before), cell_len(marked)


def _cells(text: str) -> int:
    return cell_len(_shown(text))


def _shown(text: str) -> str:
    return one_line(text.replace("\t", _TAB).rstrip("\r\n"))


def _fitting(text: str, room: int) -> str:
    """As many characters as fit into so many cells."""
    if cell_len(text) <= room:
        return text
    taken = 0
    for index, each in enumerate(text):
        taken += cell_len(each)
        if taken > room:
            return text[:index]
    return text
