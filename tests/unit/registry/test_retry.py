import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.retry import (
    Attempts,
    RetryPolicy,
    parse_retry_after,
    speaks_of_rate_limit,
)
from tests.support.clock import FakeClock

WALL = 1_700_000_000.0


def waits(clock: FakeClock, policy: RetryPolicy, *, patient: bool = True) -> list[float | None]:
    attempts = Attempts(policy, clock.clock)
    return [attempts.wait_s(patient=patient) for _ in range(policy.tries)]


def test_waits_double_up_to_a_bound():
    clock = FakeClock(chance=1.0)
    policy = RetryPolicy(tries=8, first_s=0.5, longest_s=10)
    assert waits(clock, policy) == [0.5, 1, 2, 4, 8, 10, 10, None]


def test_jitter_is_full():
    assert waits(FakeClock(chance=0.0), RetryPolicy(tries=4)) == [0, 0, 0, None]


def test_who_never_answered_is_given_up_soon():
    found = waits(FakeClock(chance=1.0), RetryPolicy(first_tries=3), patient=False)
    assert found[:3] == [0.5, 1, None]


def test_what_the_registry_asks_for_is_never_shortened():
    attempts = Attempts(RetryPolicy(), FakeClock(chance=0.5).clock)
    assert attempts.wait_s(120) == 120.5


def test_a_wait_beyond_the_budget_is_not_begun():
    clock = FakeClock()
    attempts = Attempts(RetryPolicy(budget_s=100), clock.clock)
    assert attempts.wait_s(101) is None
    assert attempts.wait_s(60) is not None
    clock.now += 60
    assert attempts.wait_s(60) is None


def test_what_took_long_before_it_failed_is_tried_again():
    clock = FakeClock()
    attempts = Attempts(RetryPolicy(budget_s=100), clock.clock)
    clock.now += 1000
    assert attempts.left_s == 100
    assert attempts.wait_s(60) is not None
    clock.now += 1000
    assert attempts.wait_s(60) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3),
        (" 0 ", 0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("880.092µs", None),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert parse_retry_after(text, WALL) == seconds


@given(st.text(max_size=60))
def test_any_retry_after_is_read_without_harm(text):
    found = parse_retry_after(text, WALL)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("You have exceeded a secondary rate limit", True),
        ("toomanyrequests: too many requests", True),
        ("rate-limit reached", True),
        ("requested access to the resource is denied", False),
    ],
)
def test_a_rate_limit_in_disguise_is_seen(words, expected):
    assert speaks_of_rate_limit(words) is expected


def test_no_wait_passes_the_deadline():
    clock = FakeClock(now=1000, chance=1.0)
    attempts = Attempts(RetryPolicy(first_s=40, deadline=1100), clock.clock)
    assert attempts.left_s == 100
    assert attempts.wait_s() == 40
    clock.now += 40
    assert attempts.wait_s(60) is None
    assert attempts.wait_s(59) == 60
