"""Dates in the format language of moment.js, in English.

By hand: strftime has another language, and arrow's and pendulum's tokens look the same and differ
(`D`, `d`, `E`, weeks, literals). Source: docs/metadata expressions as the reference shows them, and
moment 2.30's documentation of `format`.
"""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache

_DEFAULT = "YYYY-MM-DDTHH:mm:ss"

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_LOCAL_FORMS: Mapping[str, str] = {
    "LTS": "h:mm:ss A",
    "LT": "h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
    "LLL": "MMMM D, YYYY h:mm A",
    "LL": "MMMM D, YYYY",
    "L": "MM/DD/YYYY",
    "llll": "ddd, MMM D, YYYY h:mm A",
    "lll": "MMM D, YYYY h:mm A",
    "ll": "MMM D, YYYY",
    "l": "M/D/YYYY",
}
_FIVE_DIGITS = 9999
"""Years above it are written with a sign."""

_MIDNIGHT = 24
_NOON = 12


def format_date(time: datetime, form: str | None, *, utc: bool | None = None) -> str:
    """Write an aware `time` in the zone that it carries.

    Without a form, moment's default is used: it ends in `Z` at offset 0, in the offset elsewhere.
    `utc` says whether the offset counts as UTC, where the offset alone does not tell.
    """
    if not form:
        counts = time.utcoffset() == timedelta(0) if utc is None else utc
        form = _DEFAULT + ("[Z]" if counts else "Z")
    expanded = _LOCAL_PATTERN.sub(lambda match: _LOCAL_FORMS.get(match[0], match[0]), form)
    return "".join(_piece(match[0], time) for match in _PATTERN.finditer(expanded))


_NOT_ZONES = re.compile(r"(posix|right)/.*|localtime|posixrules|Factory")
"""Files beside the zones that are no names of zones; one of them is this machine's own zone."""


@cache
def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The IANA zone of this name, in whatever letter case; None for an unknown one."""
    wanted = _zone_key(name)
    if _NOT_ZONES.fullmatch(name):
        return None
    try:
        if _zone_key((zone := zoneinfo.ZoneInfo(name)).key) == wanted:
            return zone
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    known = {_zone_key(each): each for each in zoneinfo.available_timezones()}
    return zoneinfo.ZoneInfo(known[wanted]) if wanted in known else None


def _zone_key(name: str) -> str:
    return name.lower().replace("/", "_")


def _piece(token: str, time: datetime) -> str:
    write = _TOKENS.get(token)
    if write is not None:
        return write(time)
    if token.startswith("[") and len(token) > 1:
        return token[1:].removesuffix("]")
    return token.replace("\\", "")


def _ordinal(value: int) -> str:
    tens, ones = divmod(value % 100, 10)
    ending = "th" if tens == 1 else {1: "st", 2: "nd", 3: "rd"}.get(ones, "th")
    return f"{value}{ending}"


def _us_week(time: datetime) -> tuple[int, int]:
    """Year and week, of weeks that start on Sunday; the first holds the first of January."""
    saturday = time.date() + timedelta(days=6 - _weekday(time))
    return saturday.year, (saturday.timetuple().tm_yday + 6) // 7


def _iso_week(time: datetime) -> tuple[int, int]:
    year, week, _ = time.isocalendar()
    return year, week


def _weekday(time: datetime) -> int:
    return time.isoweekday() % 7


def _yearday(time: datetime) -> int:
    return time.timetuple().tm_yday


def _quarter(time: datetime) -> int:
    return (time.month + 2) // 3


def _twelve(time: datetime) -> int:
    return time.hour % _NOON or _NOON


def _twenty_four(time: datetime) -> int:
    return time.hour or _MIDNIGHT


def _offset(time: datetime, separator: str) -> str:
    minutes = round((time.utcoffset() or timedelta(0)).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{separator}{rest:02d}"


def _milliseconds(time: datetime) -> int:
    return time.microsecond // 1000


def _seconds(time: datetime) -> int:
    return int(time.replace(microsecond=0).timestamp())


def _fraction(digits: int) -> Callable[[datetime], str]:
    return lambda time: f"{_milliseconds(time):03d}".ljust(digits, "0")[:digits]


def _year(width: int) -> Callable[[datetime], str]:
    return lambda time: f"{time.year:0{width}d}"


def _zone_name(time: datetime) -> str:
    return time.tzname() or ""


_Write = Callable[[datetime], str]


def _numbered(
    token: str, value: Callable[[datetime], int], *, padded: str = "", width: int = 2
) -> dict[str, _Write]:
    """`D`, `Do` and, where it exists, `DD`."""
    tokens: dict[str, _Write] = {
        token: lambda time: str(value(time)),
        f"{token}o": lambda time: _ordinal(value(time)),
    }
    if padded:
        tokens[padded] = lambda time: f"{value(time):0{width}d}"
    return tokens


def _plain(token: str, value: Callable[[datetime], int]) -> dict[str, _Write]:
    """`H` and `HH`."""
    return {token: lambda time: str(value(time)), token * 2: lambda time: f"{value(time):02d}"}


def _week_year(token: str, week: Callable[[datetime], tuple[int, int]]) -> dict[str, _Write]:
    return {
        token * 2: lambda time: f"{week(time)[0] % 100:02d}",
        token * 4: lambda time: f"{week(time)[0]:04d}",
        token * 5: lambda time: f"{week(time)[0]:05d}",
    }


_TOKENS: Mapping[str, _Write] = {
    **_numbered("M", lambda time: time.month, padded="MM"),
    "MMM": lambda time: _MONTHS[time.month - 1][:3],
    "MMMM": lambda time: _MONTHS[time.month - 1],
    **_numbered("Q", _quarter),
    **_numbered("D", lambda time: time.day, padded="DD"),
    **_numbered("DDD", _yearday, padded="DDDD", width=3),
    **_numbered("d", _weekday),
    "dd": lambda time: _DAYS[_weekday(time)][:2],
    "ddd": lambda time: _DAYS[_weekday(time)][:3],
    "dddd": lambda time: _DAYS[_weekday(time)],
    "e": lambda time: str(_weekday(time)),
    "E": lambda time: str(time.isoweekday()),
    **_numbered("w", lambda time: _us_week(time)[1], padded="ww"),
    **_numbered("W", lambda time: _iso_week(time)[1], padded="WW"),
    **_week_year("g", _us_week),
    **_week_year("G", _iso_week),
    "Y": lambda time: f"{time.year:04d}" if time.year <= _FIVE_DIGITS else f"+{time.year}",
    "YY": lambda time: f"{time.year % 100:02d}",
    "YYYY": lambda time: f"{time.year:04d}",
    "YYYYY": lambda time: f"{time.year:05d}",
    "YYYYYY": lambda time: f"+{time.year:06d}",
    **_numbered("y", lambda time: time.year),
    **{"y" * width: _year(width) for width in (2, 3, 4)},
    **dict.fromkeys(("N", "NN", "NNN", "NNNNN"), lambda _: "AD"),
    "NNNN": lambda _: "Anno Domini",
    "A": lambda time: "AM" if time.hour < _NOON else "PM",
    "a": lambda time: "am" if time.hour < _NOON else "pm",
    **_plain("H", lambda time: time.hour),
    **_plain("h", _twelve),
    **_plain("k", _twenty_four),
    "hmm": lambda time: f"{_twelve(time)}{time.minute:02d}",
    "hmmss": lambda time: f"{_twelve(time)}{time.minute:02d}{time.second:02d}",
    "Hmm": lambda time: f"{time.hour}{time.minute:02d}",
    "Hmmss": lambda time: f"{time.hour}{time.minute:02d}{time.second:02d}",
    **_plain("m", lambda time: time.minute),
    **_plain("s", lambda time: time.second),
    **{"S" * digits: _fraction(digits) for digits in range(1, 10)},
    "z": _zone_name,
    "zz": _zone_name,
    "Z": lambda time: _offset(time, ":"),
    "ZZ": lambda time: _offset(time, ""),
    "X": lambda time: str(_seconds(time)),
    "x": lambda time: str(_seconds(time) * 1000 + _milliseconds(time)),
}

_LITERAL = r"\[[^\[]*\]"


def _alternatives(names: Mapping[str, object]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


# A backslash takes the token after it along, so that neither is one. Line ends are no token.
_LOCAL_PATTERN = re.compile(rf"{_LITERAL}|\\?(?:{_alternatives(_LOCAL_FORMS)})")
_PATTERN = re.compile(rf"{_LITERAL}|\\?(?:{_alternatives(_TOKENS)})|[^\n\r\u2028\u2029]")
