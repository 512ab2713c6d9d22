"""Date formats, compared with what moment 2.30 and moment-timezone wrote for the same."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.metadata.moment import find_zone, format_date

WRITTEN = (
    # time, format, zone, what moment wrote
    ("2024-03-05T23:07:09.045Z", "M", "UTC", "3"),
    ("2024-03-05T23:07:09.045Z", "Mo", "UTC", "3rd"),
    ("2024-03-05T23:07:09.045Z", "MM", "UTC", "03"),
    ("2024-03-05T23:07:09.045Z", "MMM", "UTC", "Mar"),
    ("2024-03-05T23:07:09.045Z", "MMMM", "UTC", "March"),
    ("2024-03-05T23:07:09.045Z", "Q", "UTC", "1"),
    ("2024-03-05T23:07:09.045Z", "Qo", "UTC", "1st"),
    ("2024-03-05T23:07:09.045Z", "D", "UTC", "5"),
    ("2024-03-05T23:07:09.045Z", "Do", "UTC", "5th"),
    ("2024-03-05T23:07:09.045Z", "DD", "UTC", "05"),
    ("2024-03-05T23:07:09.045Z", "DDD", "UTC", "65"),
    ("2024-03-05T23:07:09.045Z", "DDDo", "UTC", "65th"),
    ("2024-03-05T23:07:09.045Z", "DDDD", "UTC", "065"),
    ("2024-03-05T23:07:09.045Z", "d", "UTC", "2"),
    ("2024-03-05T23:07:09.045Z", "do", "UTC", "2nd"),
    ("2024-03-05T23:07:09.045Z", "dd", "UTC", "Tu"),
    ("2024-03-05T23:07:09.045Z", "ddd", "UTC", "Tue"),
    ("2024-03-05T23:07:09.045Z", "dddd", "UTC", "Tuesday"),
    ("2024-03-05T23:07:09.045Z", "e", "UTC", "2"),
    ("2024-03-05T23:07:09.045Z", "E", "UTC", "2"),
    ("2024-03-05T23:07:09.045Z", "w", "UTC", "10"),
    ("2024-03-05T23:07:09.045Z", "wo", "UTC", "10th"),
    ("2024-03-05T23:07:09.045Z", "ww", "UTC", "10"),
    ("2024-03-05T23:07:09.045Z", "W", "UTC", "10"),
    ("2024-03-05T23:07:09.045Z", "Wo", "UTC", "10th"),
    ("2024-03-05T23:07:09.045Z", "WW", "UTC", "10"),
    ("2024-03-05T23:07:09.045Z", "YY", "UTC", "24"),
    ("2024-03-05T23:07:09.045Z", "YYYY", "UTC", "2024"),
    ("2024-03-05T23:07:09.045Z", "YYYYY", "UTC", "02024"),
    ("2024-03-05T23:07:09.045Z", "YYYYYY", "UTC", "+002024"),
    ("2024-03-05T23:07:09.045Z", "Y", "UTC", "2024"),
    ("2024-03-05T23:07:09.045Z", "gg", "UTC", "24"),
    ("2024-03-05T23:07:09.045Z", "gggg", "UTC", "2024"),
    ("2024-03-05T23:07:09.045Z", "GG", "UTC", "24"),
    ("2024-03-05T23:07:09.045Z", "GGGG", "UTC", "2024"),
    ("2024-03-05T23:07:09.045Z", "N", "UTC", "AD"),
    ("2024-03-05T23:07:09.045Z", "NNNN", "UTC", "Anno Domini"),
    ("2024-03-05T23:07:09.045Z", "y", "UTC", "2024"),
    ("2024-03-05T23:07:09.045Z", "A", "UTC", "PM"),
    ("2024-03-05T23:07:09.045Z", "a", "UTC", "pm"),
    ("2024-03-05T23:07:09.045Z", "H", "UTC", "23"),
    ("2024-03-05T23:07:09.045Z", "HH", "UTC", "23"),
    ("2024-03-05T23:07:09.045Z", "h", "UTC", "11"),
    ("2024-03-05T23:07:09.045Z", "hh", "UTC", "11"),
    ("2024-03-05T23:07:09.045Z", "k", "UTC", "23"),
    ("2024-03-05T23:07:09.045Z", "kk", "UTC", "23"),
    ("2024-03-05T23:07:09.045Z", "hmm", "UTC", "1107"),
    ("2024-03-05T23:07:09.045Z", "hmmss", "UTC", "110709"),
    ("2024-03-05T23:07:09.045Z", "Hmm", "UTC", "2307"),
    ("2024-03-05T23:07:09.045Z", "Hmmss", "UTC", "230709"),
    ("2024-03-05T23:07:09.045Z", "m", "UTC", "7"),
    ("2024-03-05T23:07:09.045Z", "mm", "UTC", "07"),
    ("2024-03-05T23:07:09.045Z", "s", "UTC", "9"),
    ("2024-03-05T23:07:09.045Z", "ss", "UTC", "09"),
    ("2024-03-05T23:07:09.045Z", "S", "UTC", "0"),
    ("2024-03-05T23:07:09.045Z", "SS", "UTC", "04"),
    ("2024-03-05T23:07:09.045Z", "SSS", "UTC", "045"),
    ("2024-03-05T23:07:09.045Z", "SSSS", "UTC", "0450"),
    ("2024-03-05T23:07:09.045Z", "SSSSSSSSS", "UTC", "045000000"),
    ("2024-03-05T23:07:09.045Z", "z", "UTC", "UTC"),
    ("2024-03-05T23:07:09.045Z", "zz", "UTC", "UTC"),
    ("2024-03-05T23:07:09.045Z", "Z", "UTC", "+00:00"),
    ("2024-03-05T23:07:09.045Z", "ZZ", "UTC", "+0000"),
    ("2024-03-05T23:07:09.045Z", "X", "UTC", "1709680029"),
    ("2024-03-05T23:07:09.045Z", "x", "UTC", "1709680029045"),
    ("2024-03-05T23:07:09.045Z", "L", "UTC", "03/05/2024"),
    ("2024-03-05T23:07:09.045Z", "LL", "UTC", "March 5, 2024"),
    ("2024-03-05T23:07:09.045Z", "LLL", "UTC", "March 5, 2024 11:07 PM"),
    ("2024-03-05T23:07:09.045Z", "LLLL", "UTC", "Tuesday, March 5, 2024 11:07 PM"),
    ("2024-03-05T23:07:09.045Z", "l", "UTC", "3/5/2024"),
    ("2024-03-05T23:07:09.045Z", "ll", "UTC", "Mar 5, 2024"),
    ("2024-03-05T23:07:09.045Z", "lll", "UTC", "Mar 5, 2024 11:07 PM"),
    ("2024-03-05T23:07:09.045Z", "llll", "UTC", "Tue, Mar 5, 2024 11:07 PM"),
    ("2024-03-05T23:07:09.045Z", "LT", "UTC", "11:07 PM"),
    ("2024-03-05T23:07:09.045Z", "LTS", "UTC", "11:07:09 PM"),
    ("2024-03-05T23:07:09.045Z", "foo bar", "UTC", "foo bpmr"),
    ("2024-03-05T23:07:09.045Z", "[foo] YYYY", "UTC", "foo 2024"),
    ("2024-03-05T23:07:09.045Z", "\\YYYY MM", "UTC", "YYYY 03"),
    ("2024-03-05T23:07:09.045Z", "[a] [b", "UTC", "a [b"),
    ("2024-03-05T23:07:09.045Z", "", "UTC", "2024-03-05T23:07:09Z"),
    ("2024-03-05T23:07:09.045Z", "YYYYMMDD-HHmmss", "UTC", "20240305-230709"),
    (
        "2024-03-05T23:07:09.045Z",
        "YYYY-MM-DDTHH:mm:ss.SSSZ",
        "UTC",
        "2024-03-05T23:07:09.045+00:00",
    ),
    ("2024-03-05T23:07:09.045Z", "YYY", "UTC", "242024"),
    ("2024-03-05T23:07:09.045Z", "MMMMM", "UTC", "March3"),
    ("2024-03-05T23:07:09.045Z", "ggg", "UTC", "24g"),
    ("2024-03-05T23:07:09.045Z", "Late", "UTC", "03/05/2024pmt2"),
    ("2024-12-31T23:59:59Z", "YYYYMMDD HH:mm Z", "UTC", "20241231 23:59 +00:00"),
    ("2024-12-31T23:59:59Z", "YYYYMMDD HH:mm Z", "Asia/Tokyo", "20250101 08:59 +09:00"),
    ("2024-12-31T23:59:59Z", "YYYYMMDD HH:mm Z", "asia/tokyo", "20250101 08:59 +09:00"),
    ("2024-12-31T23:59:59Z", "YYYYMMDD HH:mm Z", "America/St_Johns", "20241231 20:29 -03:30"),
    ("2024-12-31T23:59:59Z", "YYYYMMDD HH:mm Z", "Europe/London", "20241231 23:59 +00:00"),
    ("2024-12-31T23:59:59Z", "w gggg W GGGG DDDo", "UTC", "1 2025 1 2025 366th"),
    ("2024-12-31T23:59:59Z", "w gggg W GGGG DDDo", "Asia/Tokyo", "1 2025 1 2025 1st"),
    ("2024-12-31T23:59:59Z", "w gggg W GGGG DDDo", "asia/tokyo", "1 2025 1 2025 1st"),
    ("2024-12-31T23:59:59Z", "w gggg W GGGG DDDo", "America/St_Johns", "1 2025 1 2025 366th"),
    ("2024-12-31T23:59:59Z", "w gggg W GGGG DDDo", "Europe/London", "1 2025 1 2025 366th"),
    ("2024-12-31T23:59:59Z", "", "UTC", "2024-12-31T23:59:59Z"),
    ("2024-12-31T23:59:59Z", "", "Asia/Tokyo", "2025-01-01T08:59:59+09:00"),
    ("2024-12-31T23:59:59Z", "", "asia/tokyo", "2025-01-01T08:59:59+09:00"),
    ("2024-12-31T23:59:59Z", "", "America/St_Johns", "2024-12-31T20:29:59-03:30"),
    ("2024-12-31T23:59:59Z", "", "Europe/London", "2024-12-31T23:59:59Z"),
    ("2024-12-31T23:59:59Z", "k h hh A dd", "UTC", "23 11 11 PM Tu"),
    ("2024-12-31T23:59:59Z", "k h hh A dd", "Asia/Tokyo", "8 8 08 AM We"),
    ("2024-12-31T23:59:59Z", "k h hh A dd", "asia/tokyo", "8 8 08 AM We"),
    ("2024-12-31T23:59:59Z", "k h hh A dd", "America/St_Johns", "20 8 08 PM Tu"),
    ("2024-12-31T23:59:59Z", "k h hh A dd", "Europe/London", "23 11 11 PM Tu"),
    ("2021-01-02T00:00:00Z", "w gggg W GGGG", "UTC", "1 2021 53 2020"),
    ("2022-01-01T12:30:00Z", "w gggg W GGGG hh kk", "UTC", "1 2022 52 2021 12 12"),
    ("2023-11-12T00:05:00Z", "Do k H h a", "UTC", "12th 24 0 12 am"),
    ("2023-11-22T12:05:00Z", "Do h A [o'clock]", "America/New_York", "22nd 7 AM o'clock"),
    ("2020-01-10T00:30:00Z", "z ZZ", "Asia/Tokyo", "JST +0900"),
)


@pytest.mark.parametrize(("time", "form", "zone", "written"), WRITTEN)
def test_writes_what_moment_writes(time: str, form: str, zone: str, written: str) -> None:
    found = find_zone(zone)
    assert found is not None
    assert format_date(datetime.fromisoformat(time).astimezone(found), form) == written


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "..", "/etc/passwd", "posix/UTC", "localtime"]
)
def test_a_zone_that_nobody_knows_is_none(name: str) -> None:
    assert find_zone(name) is None


@settings(deadline=None)
@given(
    st.text(max_size=60),
    st.integers(min_value=0, max_value=220_000_000_000),
)
def test_any_text_is_a_format(form: str, seconds: int) -> None:
    assert isinstance(format_date(datetime.fromtimestamp(seconds, UTC), form), str)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_zone_or_none(name: str) -> None:
    found = find_zone(name)
    assert found is None or found.key
