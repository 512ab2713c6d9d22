from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.source import JoinedText, Span

SOURCE = "RUN one \\\n  # a comment\n  two\n"
LAST = SOURCE.index("  two")
RUNS = [(4, 8), (LAST, LAST + 5)]


def joined() -> JoinedText:
    return JoinedText.join(SOURCE, RUNS, at=4)


def test_text_is_joined_and_each_character_knows_its_place():
    text = joined()
    assert str(text) == "one   two"
    assert [SOURCE[text.offset(i)] for i in range(len(text.text))] == list(text.text)
    assert text.offset(len(text.text)) == LAST + 5


def test_a_span_over_a_continuation_covers_what_stands_between():
    text = joined()
    start = text.text.index("one")
    assert text.span(start, len(text.text)).of(SOURCE) == SOURCE[4 : LAST + 5]
    assert not text.is_contiguous(0, len(text.text))
    two = text.text.index("two")
    assert text.span(two, two + 3).of(SOURCE) == "two"
    assert text.is_contiguous(two, two + 3)


def test_an_empty_text_stands_somewhere():
    empty = JoinedText.join(SOURCE, [(4, 4)], at=4)
    assert (empty.text, empty.offset(0), empty.span(0, 0)) == ("", 4, Span(4, 4))
    assert joined().cut(4, 4).end == joined().offset(4)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6), st.data())
def test_every_part_of_a_part_keeps_its_places(gaps: list[tuple[int, int]], data: st.DataObject):
    source = "".join(chr(0x61 + i % 26) for i in range(80))
    runs, at = [], 0
    for gap, length in gaps:
        runs.append((at + gap, at + gap + length))
        at += gap + length
    text = JoinedText.join(source, runs, at=0)
    start = data.draw(st.integers(0, len(text.text)))
    end = data.draw(st.integers(start, len(text.text)))
    part = text.cut(start, end)
    assert part.text == text.text[start:end]
    assert [part.offset(i) for i in range(len(part.text))] == [
        text.offset(i) for i in range(start, end)
    ]
    assert part.span(0, len(part.text)) == text.span(start, end)
    stripped = part.strip("ab")
    assert stripped.text == part.text.strip("ab")
    assert [source[stripped.offset(i)] for i in range(len(stripped.text))] == list(stripped.text)
