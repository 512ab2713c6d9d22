"""Expressions as polyarch works them out, and as GitHub's own library does."""

import math
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from polyarch.ci.expression_tree import parse_expression
from polyarch.ci.expression_values import Unknown
from polyarch.ci.expressions import evaluate
from polyarch.errors import ExpressionSyntaxError
from tests.lab.nodetool import NodeTool
from tests.support.pipeline_checks import worked_out_by_github
from tests.support.workflow.values import given as as_value
from tests.support.workflow.values import taken

CONTEXTS: dict[str, Any] = {
    "github": {
        "ref": "refs/tags/v1.2",
        "event_name": "push",
        "run": 3,
        "event": {"Draft": False, "labels": [{"name": "a"}, {"name": "B"}, {"other": 1}]},
    },
    "matrix": {"platform": "linux/arm64", "n": 1.5, "list": ["x", "Y"], "none": None},
    "needs": {"a": {"result": "success"}, "b": {"result": "skipped"}},
}
_LEAVES = (
    "github.ref", "github.event_name", "github['run']", "github.event.draft", "github.nothing.x",
    "github.event.labels.*.name", "github.event.labels[0].name", "github.event.labels[7]",
    "matrix.platform", "matrix.n", "matrix.list", "matrix.none", "needs.*.result", "needs.a",
    "true", "false", "null", "''", "'x'", "'it''s'", "'1'", "' 2 '", "'0x1F'", "'abc'", "'{0}-{1}'",
    "0", "-1", "1.5", "0x1F", "1e3", ".5", "'TRUE'", "'[1, \"a\"]'", "'{\"k\": [true]}'", "'NaN'",
    "nosuch", "1 2", "'", "&",
)  # fmt: skip
_leaves = st.sampled_from(_LEAVES)


def _inner(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "&&", "||"])
    functions = st.sampled_from(["contains", "startsWith", "endsWith", "JOIN", "format"])
    single = st.sampled_from(["toJSON", "fromJSON", "join", "format"])
    return st.one_of(
        st.builds("{} {} {}".format, inner, operators, inner),
        st.builds("({})".format, inner),
        st.builds("!{}".format, inner),
        st.builds("{}({}, {})".format, functions, inner, inner),
        st.builds("{}({})".format, single, inner),
        st.builds("format('{{0}} {{{{x}}}} {{1}}', {}, {})".format, inner, inner),
        st.builds("case({}, {}, {})".format, inner, inner, inner),
        st.builds("fromJSON(toJSON({})).k".format, inner),
    )


expressions = st.recursive(_leaves, _inner, max_leaves=5)


def here(expression: str) -> dict[str, Any]:
    """What polyarch makes of it, in the form of what the library's answer is put into."""
    try:
        tree = parse_expression(expression)
    except ExpressionSyntaxError as error:
        return {"error": error.message}
    contexts = {name: as_value(value) for name, value in CONTEXTS.items()}
    value = evaluate(tree, contexts)
    if isinstance(value, Unknown):
        return {"error": value.text}
    return {"value": _json(taken(value))}


def _json(value: Any) -> Any:
    """JSON has no word for what is no number."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_json(each) for each in value]
    if isinstance(value, dict):
        return {key: _json(each) for key, each in value.items()}
    return value


# Another program works each list out: to make a list smaller that fails would take minutes.
@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(texts=st.lists(expressions, min_size=60, max_size=60))
def test_expressions_are_worth_what_they_are_on_github(texts: list[str], node: NodeTool) -> None:
    answers = worked_out_by_github(node, texts, CONTEXTS)
    for text, theirs in zip(texts, answers, strict=True):
        ours = here(text)
        if "error" in theirs:
            # Which names there are is the caller's to say: one that is nowhere has no value. The
            # library works out every arm of `case`, also those that are not taken.
            tells = "nosuch" not in text and "case(" not in text
            assert "error" in ours or not tells, (text, ours, theirs)
        else:
            assert ours == theirs, text
