"""What a tag is that a person names: nothing but its form tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.kind import TagKind
from polyarch.oci.reference import TAG_PATTERN
from polyarch.pipeline.promoting.given_tags import kind_of_tag, named_tags


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("1.2.3", TagKind.FIXED),
        ("v1.2.3", TagKind.FIXED),
        ("1.2.3-alpine", TagKind.FIXED),
        ("1.2.3-rc.1", TagKind.FIXED),
        ("2026.11.21", TagKind.FIXED),
        ("sha-0123abc", TagKind.FIXED),
        ("1", TagKind.VERSIONS),
        ("v1.2", TagKind.VERSIONS),
        ("1.2-alpine", TagKind.VERSIONS),
        ("latest", TagKind.VERSIONS),
        ("main", TagKind.COMMITS),
        ("stable", TagKind.COMMITS),
        ("pr-7", TagKind.COMMITS),
    ],
)
def test_forms(tag: str, kind: TagKind):
    assert kind_of_tag(tag) is kind


@given(st.lists(st.from_regex(TAG_PATTERN, fullmatch=True), max_size=5))
def test_each_is_given_once_and_in_order(tags: list[str]):
    given_tags = named_tags(tags)
    assert given_tags.tags == tuple(dict.fromkeys(tags))
    assert not given_tags.by_event
    assert given_tags.moving <= set(tags)


@given(st.tuples(*(st.integers(0, 999) for _ in range(3))))
def test_a_whole_version_stays_and_its_beginnings_move(version: tuple[int, int, int]):
    major, minor, patch = version
    found = named_tags([f"{major}.{minor}.{patch}", f"{major}.{minor}", f"{major}"])
    assert found.moving == {f"{major}.{minor}", f"{major}"}
