"""Source lines with carets: aligned, harmless, never wider than asked."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from polyarch.cli.snippet import MAX_LINES, snippet
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.textlines import Lines

TEXTS = st.text(alphabet="ab漢é\u0301\t\x1b\x00\r\n\u202e\udcff $", max_size=300)


@given(TEXTS, st.integers(0, 300), st.integers(0, 300), st.integers(60, 120))
def test_any_text_and_span(text: str, start: int, length: int, width: int):
    lines = Lines.of(text)
    drawn = [
        each.plain for each in snippet(lines, Span(start, start + length), width=width, style="")
    ]
    assert len(drawn) <= 2 * MAX_LINES + 1
    for each in drawn:
        assert cell_len(each) <= width
        assert not {"\x1b", "\x00", "\u202e", "\n", "\r"} & set(each)
    for source, carets in zip(drawn[::2], drawn[1::2], strict=False):
        assert set(carets.partition("| ")[2]) <= {" ", "^"}
        assert cell_len(carets) <= max(cell_len(source), carets.index("^") + 1)


@given(TEXTS, st.integers(0, 300))
def test_places(text: str, offset: int):
    lines = Lines.of(text)
    offset = min(offset, len(text))
    found = lines.position(offset)
    assert found.line == text.count("\n", 0, offset) + 1
    assert found.column == offset - (text.rfind("\n", 0, offset) + 1) + 1
    whole = lines.span_of_whole(found.line)
    assert whole.of(text) == text.split("\n")[found.line - 1]
    assert lines.span_of(found.line).of(text) == whole.of(text).strip()


def test_a_line_of_megabytes_is_quick():
    text = "x" * 10_000_000
    [source, carets] = snippet(Lines.of(text), Span(5_000_000, 9_000_000), width=80, style="")
    assert cell_len(source.plain) <= 80
    assert carets.plain.count("^") > 10
