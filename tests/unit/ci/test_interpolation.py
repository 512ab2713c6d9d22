import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.interpolation import interpolate
from polyarch.errors import InterpolationError

SET = {"A": "a", "B": "b", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", "plain"),
        ("$A", "a"),
        ("${A}", "a"),
        ("x$A-y", "xa-y"),
        ("$A$B", "ab"),
        ("$AB", ""),
        ("$$A", "$A"),
        ("$${A}", "${A}"),
        ("$$$A", "$a"),
        ("${NONE:-d}", "d"),
        ("${NONE-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${A:-d}", "a"),
        ("${NONE:-}", ""),
        ("${A:+yes}", "yes"),
        ("${EMPTY:+yes}", ""),
        ("${EMPTY+yes}", "yes"),
        ("${NONE+yes}", ""),
        ("${A:?must}", "a"),
        ("${NONE:-${B}}", "b"),
        ("${NONE:-x${ALSO:-$B}y}", "xby"),
        ("${NONE:-http://h:80/p}", "http://h:80/p"),
        ("${NONE:-a$$b}", "a$b"),
        ("${A:-${NONE:?never worked out}}", "a"),
        ("a}b", "a}b"),
        ("", ""),
    ],
)
def test_forms(text: str, found: str):
    assert interpolate(text, SET).text == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${A", "not closed"),
        ("${NONE:-x", "not closed"),
        ("${NONE:?say why}", "`NONE` must be set: say why"),
        ("${EMPTY:?}", "`EMPTY` must be set"),
        ("${NONE?}", "must be set"),
        ("${}", "no name"),
        ("${1A}", "no name"),
        ("$", "no name"),
        ("$1", "no name"),
        ("${A/x/y}", "no operator"),
        ("${A:}", "no operator"),
        ("${X:-" * 100, "too deep"),
    ],
)
def test_what_is_wrong(text: str, reason: str):
    with pytest.raises(InterpolationError, match="cannot be worked out") as caught:
        interpolate(text, SET)
    assert reason in caught.value.message


def test_what_has_no_value_is_told():
    assert interpolate("$X/${Y}/${Z:-z}/$X", {}).unset == ("X", "Y")
    assert interpolate("${A:-$X}", SET).unset == ()
    assert interpolate("${NONE:+$X}", SET).unset == ()


names = st.from_regex(r"[A-Z_][A-Z0-9_]{0,6}", fullmatch=True)


@given(st.text(max_size=60), st.dictionaries(names, st.text(max_size=9), max_size=4))
def test_any_text_is_read_or_refused(text: str, variables: dict[str, str]):
    try:
        found = interpolate(text, variables)
    except InterpolationError:
        return
    if "$" not in text:
        assert found.text == text


@given(st.text(max_size=60))
def test_dollars_that_are_doubled_mean_themselves(text: str):
    assert interpolate(text.replace("$", "$$"), {}).text == text


@given(names, st.text(max_size=20), st.text(alphabet="abc:/.-", max_size=9))
def test_a_value_is_never_read_again(name: str, value: str, default: str):
    """A value may hold `${…}` of its own, and stays as it is."""
    assert interpolate(f"${{{name}:-{default}}}", {name: value}).text == (value or default)
