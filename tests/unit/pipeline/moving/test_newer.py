"""Which of all that stands anywhere a tag is to be kept from."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.precedence import compare_versions
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.moving.newer import Other, newest_of, newness
from polyarch.pipeline.plan import Current, State

ROOT = ImageIndex.build([])
NUMBERS = st.integers(min_value=0, max_value=3)
VERSIONS = st.none() | st.builds("{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS) | st.just("main")
TIMES = st.none() | NUMBERS.map(lambda day: datetime(2026, 1, day + 1, tzinfo=UTC))
DIGESTS = st.integers(min_value=0, max_value=30).map(lambda number: Digest.of(bytes([number])))
REVISIONS = st.none() | st.sampled_from("abcd")
TAGS = st.frozensets(st.sampled_from(["latest", "1", "1.2"]))
CURRENTS = st.builds(
    Current,
    state=st.just(State.PRESENT),
    digest=DIGESTS,
    version=VERSIONS,
    revision=REVISIONS,
    created=TIMES,
)
OTHERS = st.builds(
    lambda shown, tags, taken: Other(shown=shown, root=ROOT, tags=tags, taken=taken & tags),
    CURRENTS,
    TAGS,
    TAGS,
)


@given(one=CURRENTS, other=CURRENTS)
def test_one_is_as_much_newer_as_the_other_is_older(one: Current, other: Current):
    order = newness(one, other)
    back = newness(other, one)
    assert back == (None if order is None else -order)
    if one.version and other.version:
        by_version = compare_versions(one.version, other.version)
        assert by_version is None or order == by_version


@given(root=CURRENTS, others=st.lists(OTHERS, max_size=6))
def test_it_is_kept_from_what_would_move_it_and_is_newer(root: Current, others: list[Other]):
    found = newest_of("latest", root, others)
    newer = [
        each for each in others if "latest" in each.tags and (newness(each.shown, root) or 0) > 0
    ]
    if found is None:
        assert not newer
        return
    assert "latest" in found.tags
    assert newer or any("latest" in each.taken for each in others)


@given(root=CURRENTS, others=st.lists(OTHERS, max_size=6))
def test_of_versions_it_is_the_newest(root: Current, others: list[Other]):
    versions = [each for each in others if each.shown.version not in {None, "main"}]
    found = newest_of("1", root, versions)
    for each in versions if found else ():
        if found and "1" in each.tags:
            assert (newness(each.shown, found.shown) or 0) <= 0
