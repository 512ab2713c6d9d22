"""What registries say of how far an upload came, in the forms of the field and in any other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.body import Body
from polyarch.registry.call import Answer
from polyarch.registry.place import chunk_min_of, content_range, told_by
from polyarch.registry.transport import Headers


def answer(**headers: str) -> Answer:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Answer(status=204, url="https://registry.example/x", headers=Headers(fields), body=b"")


@pytest.mark.parametrize(
    ("text", "expected", "of_chunk", "told"),
    [
        ("0-99", 100, False, 100),
        ("0-99", 50, False, 100),
        ("bytes=0-99", 100, False, 100),
        ("bytes 0-99", 100, False, 100),
        ("0-0", 0, False, 0),
        ("0-0", 1, False, 1),
        ("0-0", 100, True, 0),
        ("0-100", 100, True, 100),
        ("0-100", 100, False, 101),
        ("1-99", 100, False, None),
        ("0--1", 0, False, None),
        ("-", 0, False, None),
        ("", 0, False, None),
        ("0-\u0661", 0, False, None),
        ("0-" + "9" * 40, 0, False, None),
    ],
)
def test_the_next_byte(text, expected, of_chunk, told):
    assert told_by(answer(Range=text), expected=expected, of_chunk=of_chunk) == told


@given(st.text(max_size=60), st.integers(0, 2**63), st.booleans())
def test_any_range_is_read_without_harm(text, expected, of_chunk):
    told = told_by(answer(Range=text), expected=expected, of_chunk=of_chunk)
    assert told is None or told >= 0


@given(st.integers(2, 10**15))
def test_what_was_sent_is_told_as_such(sent):
    assert told_by(answer(Range=f"0-{sent - 1}"), expected=sent, of_chunk=True) == sent


@given(st.text(max_size=40))
def test_any_shortest_chunk_is_a_number(text):
    assert chunk_min_of(answer(OCI_Chunk_Min_Length=text)) >= 0


def test_both_ends_of_a_chunk_are_named_without_a_unit():
    assert content_range(5, Body.of_bytes(b"abc")) == ("Content-Range", "5-7")
    assert chunk_min_of(answer(OCI_Chunk_Min_Length="1048576")) == 1048576
    assert chunk_min_of(answer()) == 0
