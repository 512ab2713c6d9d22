"""What a CI says of its jobs is either read, or refused as something else."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import NeedsUnreadableError
from polyarch.pipeline.telling import Result
from polyarch.pipeline.telling_needs import Needs

RESULTS = st.sampled_from(["success", "failure", "cancelled", "skipped"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=20), RESULTS, min_size=1, max_size=6))
def test_one_failure_is_enough(results: Mapping[str, str]) -> None:
    jobs = {name: {"result": result} for name, result in results.items()}
    needs = Needs.parse(json.dumps(jobs), "NEEDS")
    assert dict(needs.jobs) == results
    ends = set(results.values())
    expected = next(
        (
            result
            for end, result in (
                ("failure", Result.BAD),
                ("cancelled", Result.CANCELLED),
                ("success", Result.GOOD),
            )
            if end in ends
        ),
        Result.UNKNOWN,
    )
    assert needs.result is expected


@given(st.dictionaries(st.text(max_size=9), JSON, min_size=1), JSON)
def test_outputs_are_hostile(outputs: Mapping[str, object], notice: object) -> None:
    told = {**outputs, "notice": notice, "notice_2": json.dumps(notice)}
    jobs = {"a": {"result": "success", "outputs": told}}
    assert Needs.parse(json.dumps(jobs), "NEEDS").notices == ()


@given(JSON | st.text())
def test_anything_else_is_refused(value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(NeedsUnreadableError):
        Needs.parse(text, "NEEDS")
