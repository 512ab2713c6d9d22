"""Times in cron's form: five fields, as crontab(5) has them and as CI systems take them."""

import re
from dataclasses import dataclass

from polyarch.errors import shorten

SHAPE = r"^[0-9A-Za-z*/,-]{1,60}(?: [0-9A-Za-z*/,-]{1,60}){4}$"
"""What may stand there at all: it closes no text of a pipeline that is written with it."""

_WORDS = "a time is five fields of cron, as `17 3 * * *` (UTC)"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month, in a leap year."""

_PART = re.compile(
    r"(?:(?P<all>\*)|(?P<first>[0-9]+|[A-Za-z]+)(?:-(?P<last>[0-9]+|[A-Za-z]+))?)"
    r"(?:/(?P<step>[0-9]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One of the five; `names` stand for the numbers from `low` on."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        """What a number or name is; None where it is none of this field's."""
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if not text.isdecimal() or len(text) > len("59"):
            return None
        return int(text) if self.low <= int(text) <= self.high else None

    @property
    def told(self) -> str:
        """What it takes."""
        names = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"the {self.title} is from {self.low} to {self.high}{names}"


_FIELDS = (
    _Field(title="minute", low=0, high=59),
    _Field(title="hour", low=0, high=23),
    _Field(title="day of the month", low=1, high=31),
    _Field(title="month", low=1, high=12, names=_MONTHS),
    _Field(title="day of the week", low=0, high=7, names=_DAYS),
)
"""Sunday is 0 and 7."""


def cron_problem(text: str) -> str | None:
    """What is wrong with a time; None where it is one."""
    if not re.fullmatch(SHAPE, text):
        return _WORDS
    parts = list(zip(_FIELDS, text.split(" "), strict=True))
    for field, part in parts:
        for item in part.split(","):
            if problem := _item_problem(field, item):
                return problem
    days, months = (_numbers(*parts[at]) for at in (2, 3))
    if parts[4][1] == "*" and all(min(days) > _LONGEST[month - 1] for month in months):
        return f"no month of these has a day {min(days)}, so that it never comes"
    return None


def _item_problem(field: _Field, item: str) -> str | None:
    """One of a list: everything, a number, a range; each with a step."""
    found = _PART.fullmatch(item)
    if found is None:
        return (
            f"`{shorten(item, 30)}` is neither `*`, a number, a range as `1-5` nor a step as `*/2`"
        )
    for text in (found["first"], found["last"]):
        if text is not None and field.number(text) is None:
            return f"{field.told}, and `{shorten(text, 30)}` is none"
    if found["last"] is not None:
        first, last = _range(field, found)
        if first > last:
            return f"`{item}` ends before it begins: {field.told}, and a list takes two ranges"
    step = found["step"]
    span = field.high - field.low + 1
    if step is not None and not (len(step) <= len("59") and 1 <= int(step) <= span):
        return f"the step of `{shorten(item, 30)}` is none from 1 to {span}"
    return None


def _range(field: _Field, found: re.Match[str]) -> tuple[int, int]:
    """Both ends; a week may end with its Sunday."""
    if found["all"]:
        return field.low, field.high
    first = field.number(found["first"])
    last = field.number(found["last"] or found["first"])
    if first is None or last is None:
        return field.low, field.high
    if found["last"] is None and found["step"]:
        return first, field.high
    sunday = field.names == _DAYS and found["last"] is not None and last == field.low
    return first, field.high if sunday else last


def _numbers(field: _Field, part: str) -> frozenset[int]:
    """All numbers that a field names, without a problem."""
    numbers: set[int] = set()
    for item in part.split(","):
        if found := _PART.fullmatch(item):
            first, last = _range(field, found)
            numbers.update(range(first, last + 1, int(found["step"] or 1)))
    return frozenset(numbers)
