import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.sandbox.ranges import ByteRange, requested_range

SIZES = st.integers(0, 10**12)


@given(first=SIZES, length=st.integers(1, 10**12))
def test_content_range_round_trip(first: int, length: int) -> None:
    wanted = ByteRange(first=first, last=first + length - 1)
    assert ByteRange.parse(str(wanted)) == wanted
    assert wanted.length == length


@given(st.text())
def test_content_range_takes_any_text(text: str) -> None:
    found = ByteRange.parse(text)
    assert found is None or (found.length > 0 and text.isascii())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "2-1",
        "bytes=0-1",
        "0-1/2",
        " 0-1",
        "\u0660-\u0661",
        "9" * 5000 + "-1",
    ],
)
def test_what_is_no_content_range(text: str) -> None:
    assert ByteRange.parse(text) is None


@given(header=st.text() | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), size=SIZES)
def test_a_requested_range_lies_within_the_blob(header: str, size: int) -> None:
    found = requested_range(header, size)
    if found is not None and found.length > 0:
        assert 0 <= found.first <= found.last < size


@given(size=st.integers(1, 10**6), data=st.data())
def test_requested_range_is_what_a_slice_gives(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, 2 * size))
    found = requested_range(f"bytes={first}-{last}", size)
    assert found == ByteRange(first=first, last=min(last, size - 1))
    assert requested_range(f"bytes={first}-", size) == ByteRange(first=first, last=size - 1)
    suffix = requested_range(f"bytes=-{last + 1}", size)
    assert suffix == ByteRange(first=max(0, size - last - 1), last=size - 1)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=5-4"])
def test_no_byte_of_it_exists(header: str) -> None:
    found = requested_range(header, 10)
    assert found is not None
    assert found.length <= 0


@pytest.mark.parametrize("header", ["", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4"])
def test_passed_over(header: str) -> None:
    assert requested_range(header, 10) is None
