"""Clocks compared by the Date of answers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.clock_watch import ClockWatch, date_of
from polyarch.registry.transport import Headers

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def watch() -> ClockWatch:
    def connect(_registry: object, _endpoint: object) -> object:
        raise NotImplementedError

    return ClockWatch(connect, lambda: NOW)  # type: ignore[arg-type] # nothing is opened


def test_the_smallest_difference_counts() -> None:
    found = watch()
    for date in ("Fri, 02 Jan 2026 03:00:00 GMT", "Fri, 02 Jan 2026 03:04:00 GMT"):
        found.look("ghcr.io", Headers([("Date", date)]))
    found.look("docker.io", Headers([("date", "Fri, 02 Jan 2026 03:14:05 GMT")]))
    found.look("quay.io", Headers())
    assert found.skews == {"ghcr.io": 5.0, "docker.io": -600.0}


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("Date", "yesterday")],
        [("Date", "Fri, 02 Jan 2026 03:00:00 GMT"), ("Age", "1200")],
        [("Date", "Fri, 99 Jan 2026 03:00:00 GMT")],
    ],
)
def test_what_tells_no_time(fields: list[tuple[str, str]]) -> None:
    assert date_of(Headers(fields)) is None


@given(text=st.text())
def test_hostile_dates(text: str) -> None:
    found = date_of(Headers([("Date", text)]))
    assert found is None or found.tzinfo is not None
