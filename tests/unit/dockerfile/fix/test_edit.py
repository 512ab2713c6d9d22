"""Edits by place, and how the outcome is held against what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.fix.change import Change
from polyarch.dockerfile.fix.edit import Edit, Shift, apply
from polyarch.dockerfile.fix.verify import edited
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError

FILE = "# top\nFROM a AS one\nRUN x \\\n  # why\n  y\nFROM b\nCOPY --from=one /x /y\n"


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(st.text(max_size=60))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    spans = [Span(a, b) for a, b in zip(places[::2], places[1::2], strict=False)]
    return text, [Edit(span, draw(st.text(max_size=5))) for span in spans]


@given(edits(), st.randoms())
def test_only_the_spans_change_whatever_the_order(given_: tuple[str, list[Edit]], random):
    text, wanted = given_
    parts, at = [], 0
    for edit in wanted:
        parts += [text[at : edit.span.start], edit.replacement]
        at = edit.span.end
    parts.append(text[at:])
    shuffled = list(wanted)
    random.shuffle(shuffled)
    new = apply(text, shuffled)
    assert new == "".join(parts)
    shift = Shift(shuffled)
    taken = {offset for edit in wanted for offset in range(edit.span.start, edit.span.end)}
    assert all(text[i] == new[shift(i)] for i in range(len(text)) if i not in taken)


def test_insertions_at_one_place_keep_their_order():
    assert apply("ac", [Edit.insert(1, "x"), Edit.insert(1, "y")]) == "axyc"


@pytest.mark.parametrize(("one", "other"), [((0, 3), (2, 4)), ((0, 3), (1, 1)), ((1, 2), (0, 3))])
def test_overlaps_are_refused(one: tuple[int, int], other: tuple[int, int]):
    with pytest.raises(FixRefusedError, match="same place"):
        apply("abcdef", [Edit(Span(*one), "x"), Edit(Span(*other), "y")])


def change(old: str, new: str) -> Change:
    start = FILE.index(old)
    return Change(edits=(Edit(Span(start, start + len(old)), new),))


def insertion(before: str, new: str, *adds: str) -> Change:
    return Change(edits=(Edit.insert(FILE.index(before), new),), adds=adds)


def test_a_change_is_what_it_says():
    done = edited(parse(FILE), [change("a AS", "--platform=$BUILDPLATFORM a AS")])
    assert done.file.text == FILE.replace("FROM a", "FROM --platform=$BUILDPLATFORM a")
    assert done.lines == {2: 2, 3: 3, 6: 6, 7: 7}
    done = edited(parse(FILE), [insertion("RUN x", "ARG T\n", "ARG")])
    assert done.lines == {2: 2, 3: 4, 6: 7, 7: 8}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (change("one\n", "two\n"), "other names"),
        (insertion("COPY", "FROM c\n", "FROM"), "other names"),
        (change("  # why\n", ""), "a comment or a directive"),
        (change("# top\n", ""), "a comment or a directive"),
        (insertion("RUN x", "ARG T\n"), "nobody asked for"),
        (insertion("RUN x", "ENV x=y\n", "ARG"), "nobody asked for"),
        (change("COPY --from=one /x /y\n", ""), "would be lost"),
        (change("RUN", "ENV"), "could not be read|RUN of line 3"),
        (change("  y\n", "  y \\\n"), "could not be read|RUN of line|other names"),
        (change("COPY", "COPY <<E"), "could not be read"),
    ],
)
def test_what_is_more_than_a_change_says_is_refused(wanted: Change, reason: str):
    with pytest.raises(FixRefusedError, match=reason):
        edited(parse(FILE), [wanted])
