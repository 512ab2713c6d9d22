import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.envfile import read_variables
from polyarch.errors import EnvFileError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("# no\n\n  A = 1  \n", {"A": "1"}),
        ("export A=1", {"A": "1"}),
        ("A: 1", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=b # c", {"A": "b"}),
        ("A=b#c", {"A": "b#c"}),
        ("A=#c", {"A": ""}),
        ("A='b # $c'", {"A": "b # $c"}),
        ('A="b # c"', {"A": "b # c"}),
        ('A="x\\ny"', {"A": "x\ny"}),
        ('A="x\ny"\nB=2', {"A": "x\ny", "B": "2"}),
        ("A='x\ny'", {"A": "x\ny"}),
        ("A=1\nB=${A}2", {"A": "1", "B": "12"}),
        ('A=1\nB="${A}2"', {"A": "1", "B": "12"}),
        ("A=$OUT", {"A": "out"}),
        ("A=${NONE:-d}", {"A": "d"}),
        ('A="\\$OUT"', {"A": "$OUT"}),
        ("OUT", {"OUT": "out"}),
        ("NONE", {}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_lines(text: str, found: dict[str, str]):
    assert read_variables(text, ".env", {"OUT": "out"}) == found


def test_what_is_set_outside_counts_first():
    assert read_variables("A=1\nB=$A", ".env", {"A": "outer"})["B"] == "outer"


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\nno variable", 2), ("1A=2", 1), ('A="x', 1), ("A=${X", 1)]
)
def test_what_is_wrong(text: str, line: int):
    with pytest.raises(EnvFileError) as caught:
        read_variables(text, ".env", {})
    assert caught.value.where == f".env, line {line}"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str):
    try:
        found = read_variables(text, ".env", {})
    except EnvFileError:
        return
    assert all(isinstance(value, str) for value in found.values())
