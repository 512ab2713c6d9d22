"""Expressions of workflows: what they are worth, and what stays unknown."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.expression_tree import MAX_CHARACTERS, MAX_DEPTH, parse_expression
from polyarch.ci.expression_values import Table, Unknown, Value, text_of, truth_of
from polyarch.ci.expressions import condition, evaluate, fill, value_of_text
from polyarch.errors import ExpressionSyntaxError

CONTEXTS: dict[str, Value] = {
    "github": Table(
        values={
            "repository": "Team/App",
            "ref": "refs/tags/v0.3.4",
            "event_name": "push",
            "event": Table(
                values={"labels": (Table(values={"name": "a"}), Table(values={"name": "B"}))}
            ),
        },
        rest="github",
    ),
    "secrets": Table(values={}, rest="secrets"),
    "matrix": Table(values={"arch": "arm64", "deep": Table(values={"x-y": "z"})}),
    "env": Table(values={"COUNT": "3", "EMPTY": ""}),
}


def value(text: str) -> Value:
    return evaluate(parse_expression(text), CONTEXTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("github.repository", "Team/App"),
        ("GitHub.Repository", "Team/App"),
        ("matrix['arch']", "arm64"),
        ("matrix.deep.x-y", "z"),
        ("matrix.nothing", None),
        ("steps.nothing.outputs.x", None),
        ("'it''s'", "it's"),
        ("0xff", 255.0),
        ("-1.5e2", -150.0),
        ("!github.repository", False),
        ("!!''", False),
        ("github.ref == 'REFS/TAGS/V0.3.4'", True),
        ("env.COUNT == 3", True),
        ("env.COUNT > 2 && env.COUNT <= 3", True),
        ("null == 0", True),
        ("'x' == 0", False),
        ("true != 'true'", True),
        ("matrix.nothing || 'other'", "other"),
        ("matrix.arch && 'yes' || 'no'", "yes"),
        ("startsWith(github.ref, 'refs/tags/')", True),
        ("endsWith(github.ref, '.4')", True),
        ("contains(github.repository, 'team')", True),
        ("contains(github.event.labels.*.name, 'b')", True),
        ("join(github.event.labels.*.name, '+')", "a+B"),
        ("format('{0}-{{{1}}}', matrix.arch, 1)", "arm64-{1}"),
        ("fromJSON('{\"a\": [1, true]}').a[1]", True),
        ("toJSON(matrix.arch)", '"arm64"'),
        ("case(github.ref == 'x', 1, true, 2)", 2.0),
        ("always() && !failure() && !cancelled()", True),
        ("(false || true) && 'x'", "x"),
    ],
)
def test_what_is_known_is_worked_out(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("secrets.TOKEN", None),
        ("secrets.TOKEN == ''", None),
        ("secrets.TOKEN && false", False),
        ("false && secrets.TOKEN", False),
        ("secrets.TOKEN || true", True),
        ("!secrets.TOKEN", None),
        ("hashFiles('x')", None),
        ("github.actor == 'somebody'", None),
        ("fromJSON('{').x", None),
        ("toJSON(secrets)", None),
    ],
)
def test_what_a_run_alone_can_tell_stays_unknown(text: str, truth: bool | None) -> None:
    found = value(text)
    assert truth_of(found) is truth
    if truth is None:
        assert isinstance(found, Unknown)
        assert found.names


def test_texts_keep_what_is_unknown_as_it_is_written() -> None:
    filled = fill("ghcr.io/${{ github.repository }}:${{ secrets.T }}-${{ matrix.arch }}", CONTEXTS)
    assert filled.text == "ghcr.io/Team/App:${{ secrets.T }}-arm64"
    assert filled.unknown == ("secrets.T",)
    assert not filled.is_known


def test_one_expression_alone_keeps_its_kind() -> None:
    assert value_of_text(" ${{ 1 == 1 }} ", CONTEXTS) is True
    assert value_of_text("${{ 1 == 1 }} ", CONTEXTS) is True
    assert value_of_text("x${{ 1 == 1 }}", CONTEXTS) == "xtrue"
    assert value_of_text("${{ '}}' }}", CONTEXTS) == "}}"
    made = value_of_text("${{ format('{0}/x', secrets.T) }}", CONTEXTS)
    assert text_of(made) == "${{ secrets.T }}/x"


def test_words_around_braces_make_a_condition_true() -> None:
    assert condition("${{ false }}", CONTEXTS) is False
    assert truth_of(condition("${{ false }} || ${{ false }}", CONTEXTS)) is True
    assert condition("false", CONTEXTS) is False
    assert condition("", CONTEXTS) is True


@pytest.mark.parametrize(
    "text", ["", "a b", "'open", "a.", "a[", "(a", "f(a", "a ==", "$x", "&& a", "a..b", '"a"', "1x"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        parse_expression(text)
    filled = fill(f"<${{{{ {text} }}}}>", CONTEXTS)
    assert "${{" in filled.text


def test_size_and_depth_are_bounded() -> None:
    deep = MAX_DEPTH + 1
    for text in ("(" * deep + "1" + ")" * deep, "a[" * deep + "1" + "]" * deep):
        with pytest.raises(ExpressionSyntaxError):
            parse_expression(text)
    with pytest.raises(ExpressionSyntaxError):
        parse_expression("1" * (MAX_CHARACTERS + 1))
    assert value("!" * 10_001 + "true") is False
    assert value(" && ".join(["true"] * 2_000)) is True


PIECES = st.sampled_from(
    ["github", "secrets", ".", "x", "*", "[", "]", "(", ")", "'a'", "'", "==", "!=", "!", "&&",
     "||", ",", "1", "0x", "-2.5", " ", "contains", "format", "fromJSON", "toJSON", "${{", "}}",
     "true", "null", "<=", "{0}", "{9}", "join"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_is_worked_out_or_refused(text: str) -> None:
    try:
        found = evaluate(parse_expression(text), CONTEXTS)
    except ExpressionSyntaxError:
        pass
    else:
        assert isinstance(text_of(found), str)
        assert truth_of(found) in {True, False, None}
    filled = fill(text, CONTEXTS)
    assert filled.is_known == (not filled.unknown)
    condition(text, CONTEXTS)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_are_equal_to_how_they_are_written(number: float) -> None:
    assert value(f"{number!r} == '{number!r}'") is True
    assert math.isclose(float(text_of(number)), number, rel_tol=1e-12)


@given(st.text(alphabet=st.characters(exclude_characters="'\x00", exclude_categories=["Cs"])))
def test_quoted_texts_come_back(text: str) -> None:
    assert value(f"'{text}'") == text


@pytest.mark.parametrize(
    "piece", ["${{", "${{'", "${{ '", "'", "$", "${{ a }", "${{ (", "}}${{", "a b"]
)
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    start = time.process_time()
    for hostile in (text, f"${{{{ {text}", f"${{{{ {text} }}}} x", text + "}}"):
        fill(hostile, CONTEXTS)
        condition(hostile, CONTEXTS)
    assert time.process_time() - start < 5
