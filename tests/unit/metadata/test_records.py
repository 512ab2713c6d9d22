"""Lists and fields, compared with what csv-parse makes of the same."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import InvalidRuleError
from polyarch.metadata.javascript import trim
from polyarch.metadata.records import split_fields, split_list

PATTERN = r'type=match,"pattern=\d{1,2}"'


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("a\nb", ("a", "b")),
        ("\n  a  \r\n\r\n b", ("a", "b")),
        ("#comment\na", ("a",)),
        ("# only\n# comments", ()),
        (" #text\nb", ("b",)),
        ("b\n #text", ("b", "#text")),
        ("type=raw,value=a # note", ("type=raw,value=a # note",)),
        ("mylabel=foo#bar\n#comment\nanother=bar", ("mylabel=foo#bar", "another=bar")),
        ('"a ""b"" c"', ('a "b" c',)),
        ('"two\nlines",x', ("two\nlines,x",)),
        ('"x"y', ('"x"y',)),
        ('a"b"', ('a"b"',)),
        (PATTERN, (r"type=match,pattern=\d{1,2}",)),
        (r'"type=match,""pattern=\d{1,2}"""', (PATTERN,)),
        ("a,b,,", ("a,b,,",)),
    ],
)
def test_splits_a_list(text: str, items: tuple[str, ...]) -> None:
    assert split_list(text) == items


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ("a", ("a",)),
        ("a,b,", ("a", "b", "")),
        (PATTERN, ("type=match", r"pattern=\d{1,2}")),
        ('"a ""b"""', ('a "b"',)),
        (" a , b ", (" a ", " b ")),
        ("first,line\nsecond", ("first", "line")),
        ("\n\nfirst", ("first",)),
        ('""', ("",)),
        ("#no comment", ("#no comment",)),
        ("a\r\nb\nc", ("a",)),
        ("a\nb\r\nc", ("a",)),
    ],
)
def test_splits_an_item(item: str, fields: tuple[str, ...]) -> None:
    assert split_fields(item, "tag rule") == fields


@pytest.mark.parametrize("item", ["", "\n", 'value="x"', ' "x"', '"x"y', '"x', 'a\n"b'])
def test_refuses_stray_quotes(item: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        split_fields(item, "tag rule")
    assert "tag rule" in caught.value.message


def test_refuses_an_open_quote_in_a_list() -> None:
    with pytest.raises(InvalidRuleError, match="never closed"):
        split_list('a\n"b')


@settings(deadline=None)
@given(st.text(alphabet='a", \r\n#=', max_size=30) | st.text(max_size=30))
def test_any_text_is_split_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidRuleError):
        assert all(item == trim(item) and item for item in split_list(text))
    with contextlib.suppress(InvalidRuleError):
        assert split_fields(text, "list")
