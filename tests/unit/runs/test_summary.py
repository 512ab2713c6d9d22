import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import MalformedManifestError
from polyarch.runs.summary import RunSummary, State

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOLE = RunSummary(
    id="20260301T120000.000Z-abcdef",
    verb="publish",
    project="team/app",
    version="1.0",
    started=BEGIN,
    ended=BEGIN + timedelta(seconds=90),
    exit_code=6,
    event={"name": "push", "ref": "refs/heads/main", "sha": "1" * 40},
    actor="someone",
    ci_run="https://ci.test/7",
    environment="staging",
    sandbox=True,
    reason="a registry refused",
    error={"code": "denied", "message": "no"},
)


def as_bytes(**changed: object) -> bytes:
    return json.dumps({**WHOLE.to_json(), **changed}).encode()


def test_what_is_written_is_read() -> None:
    assert RunSummary.parse(as_bytes()) == WHOLE
    begun = RunSummary(id="x", verb="build", project="", version="", started=BEGIN)
    assert RunSummary.parse(json.dumps(begun.to_json()).encode()) == begun


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (None, State.RUNNING),
        (0, State.DONE),
        (6, State.PARTLY),
        (130, State.INTERRUPTED),
        (1, State.FAILED),
        (70, State.FAILED),
    ],
)
def test_the_code_says_how_it_ended(code: int | None, state: State) -> None:
    assert RunSummary.parse(as_bytes(exit_code=code)).state is state


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": "polyarch.plan/v1"},
        {"id": 7},
        {"started": "yesterday"},
        {"started": "2026-03-01T12:00:00"},
        {"ended": "1"},
        {"exit_code": True},
        {"event": []},
        {"error": "text"},
    ],
)
def test_what_is_no_summary_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedManifestError):
        RunSummary.parse(as_bytes(**changed))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(st.sampled_from(sorted(WHOLE.to_json())), JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(key: str, value: object) -> None:
    try:
        RunSummary.parse(as_bytes(**{key: value}))
    except MalformedManifestError:
        return
