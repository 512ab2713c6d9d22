import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.pipeline.newer_tags import MOST, VersionTag, newer_tags


@pytest.mark.parametrize(
    ("tag", "tags", "newer"),
    [
        ("1.2", ["1.1", "1.2", "1.3", "1.10", "2.0", "2", "1.4.1", "latest"],
         ["1.10", "2.0", "1.3"]),
        ("v1.2.3", ["v1.2.4", "1.2.5", "v2.0.0", "v1.2.4-rc1"], ["v1.2.4", "v2.0.0"]),
        ("17-alpine3.19", ["17-alpine3.20", "18-alpine3.19", "18", "18-bookworm"],
         ["17-alpine3.20", "18-alpine3.19"]),
        ("1.2.3-rc1", ["1.2.3-rc2", "1.2.3", "1.2.4-rc1"], ["1.2.4-rc1", "1.2.3-rc2"]),
        ("2026.01.02", ["2026.01.03", "2025.12.31"], ["2026.01.03"]),
        ("latest", ["1.0", "2.0"], []),
        ("bookworm", ["trixie"], []),
        ("1.2", ["1.1", "0.9"], []),
        ("sha-1234567", ["sha-1234568"], []),
        ("sha-abc1234", ["sha-abc1235"], []),
        ("1", ["2", "3", "4", "5", "6", "7"], ["7", "6", "5", "4"]),
    ],
)  # fmt: skip
def test_newer_versions_written_in_the_same_way(tag, tags, newer):
    assert list(newer_tags(tag, tags)) == newer


@given(
    st.text(max_size=30),
    st.lists(st.from_regex(r"v?[0-9.]{1,8}(-[a-z0-9.]{1,5})?", fullmatch=True), max_size=20),
)
def test_any_tags(tag: str, tags: list[str]):
    found = newer_tags(tag, tags)
    assert len(found) <= MOST
    assert set(found) <= set(tags)
    own = VersionTag.parse(tag)
    for each in found:
        parsed = VersionTag.parse(each)
        assert own is not None
        assert parsed is not None
        assert parsed.order > own.order
        assert parsed.form == own.form
