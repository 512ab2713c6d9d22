import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import InvalidTemplateError
from polyarch.metadata.regex import Expression, Found


def find(pattern: str, flags: str, text: str, group: int = 0) -> str | None:
    found = Expression(pattern=pattern, flags=flags).find(text, group)
    assert found is not None
    return found.text


def test_means_what_javascript_means() -> None:
    assert find(r"(?<year>\d+)-RC", "", "20200110-RC2", 1) == "20200110"
    assert find(r"(?<=a+)b", "", "xaab") == "b"
    assert find(r"V(\d)", "i", "xv1", 1) == "1"
    assert find("(a)|(b)", "", "b", 1) is None
    assert find("a", "", "a", 70_000) is None
    # `$` is the very end, digits are ASCII.
    assert Expression(pattern="a$").find("a\n", 0) is None
    assert Expression(pattern=r"\d").find("٣", 0) is None


def test_counts_matches_with_flag_g() -> None:
    assert find(r"\d", "g", "a1b2", 1) == "2"
    assert find(r"\d", "g", "a1b2", 2) is None
    assert find(r"\d", "gy", "12a3", 1) == "2"
    assert find(r"\d", "gy", "12a3", 2) is None


def test_sticks_to_the_start_with_flag_y() -> None:
    assert Expression(pattern="b", flags="y").find("ab", 0) is None
    assert find("a", "y", "ab") == "a"


def test_places_are_right_behind_other_scripts() -> None:
    assert find("(b+)", "", "é😀bb!", 1) == "bb"


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [("[", ""), ("a(?", ""), ("(?P<a>b)", ""), ("a", "q"), ("a", "gg"), ("a", "uv")],
)
def test_refuses_what_javascript_refuses(pattern: str, flags: str) -> None:
    with pytest.raises(InvalidTemplateError):
        Expression(pattern=pattern, flags=flags).find("a", 0)


@settings(deadline=None)
@given(st.text(alphabet="ab(){}[]|?*+.\\^$1,<>:=!", max_size=12), st.text(max_size=8))
def test_any_pattern_is_searched_or_refused(pattern: str, text: str) -> None:
    with contextlib.suppress(InvalidTemplateError):
        assert isinstance(Expression(pattern=pattern).find(text, 1), Found | None)
