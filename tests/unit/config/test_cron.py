"""Times in cron's form: all that crontab(5) takes, and nothing beyond its ranges."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyarch.config.cron import cron_problem

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES = (
    (),
    (),
    (),
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"),
)


@st.composite
def items(draw: st.DrawFn, at: int) -> str:
    """One of a list that a field takes."""
    low, high = RANGES[at]
    numbers = st.integers(low, high)
    shapes = [
        st.just("*"),
        numbers.map(str),
        st.tuples(numbers, numbers).map(lambda two: f"{min(two)}-{max(two)}"),
    ]
    if NAMES[at]:
        name = st.sampled_from(NAMES[at])
        shapes.append(name | name.map(str.lower))
    found = draw(st.one_of(shapes))
    return f"{found}/{draw(st.integers(1, high))}" if draw(st.booleans()) else found


def fields(at: int) -> st.SearchStrategy[str]:
    return st.lists(items(at), min_size=1, max_size=3).map(",".join)


@given(data=st.data())
def test_all_that_cron_takes(data: st.DataObject):
    text = " ".join(data.draw(fields(at)) for at in range(5))
    problem = cron_problem(text)
    assert problem is None or "never comes" in problem, text


@given(at=st.integers(0, 4), number=st.integers(0, 10**6), front=st.sampled_from(["", "*,", "3-"]))
def test_no_number_beyond_its_range(at: int, number: int, front: str):
    low, high = RANGES[at]
    assume(not low <= number <= high)
    parts = ["*"] * 5
    parts[at] = f"{front}{number}"
    problem = cron_problem(" ".join(parts))
    assert problem
    assert f"from {low} to {high}" in problem


@given(text=st.text(max_size=40) | st.from_regex(r"[0-9A-Z*/, -]{0,40}", fullmatch=True))
def test_any_text(text: str):
    problem = cron_problem(text)
    assert problem is None or problem.isprintable()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("61 5 * * *", "the minute is from 0 to 59, and `61` is none"),
        ("0 24 * * *", "the hour is from 0 to 23"),
        ("0 0 0 * *", "the day of the month is from 1 to 31"),
        ("0 0 * FEBRUARY *", "from 1 to 12 or JAN to DEC, and `FEBRUARY` is none"),
        ("0 0 * * 8", "from 0 to 7 or SUN to SAT"),
        ("0 0 * * MON-8", "and `8` is none"),
        ("SUN 0 * * *", "and `SUN` is none"),
        ("*/0 * * * *", "step"),
        ("0/61 * * * *", "step"),
        ("5-3 * * * *", "ends before it begins"),
        ("1,,2 * * * *", "is neither"),
        ("* * * *", "five fields"),
        ("@daily", "five fields"),
        ("0 0 31 2 *", "a day 31, so that it never comes"),
        ("0 0 31 4,6 *", "never comes"),
    ],
)
def test_what_is_wrong(text: str, told: str):
    assert told in (cron_problem(text) or "")


@pytest.mark.parametrize(
    "text", ["0 0 29 2 *", "0 0 31 2 MON", "0 0 31 */2 *", "0 5 * * MON-FRI", "0 5 * * FRI-SUN"]
)
def test_what_comes_rarely(text: str):
    assert cron_problem(text) is None
