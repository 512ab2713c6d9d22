"""Tags that no image may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.tagname import MARKERS, why_reserved
from polyarch.oci.digest import Digest
from polyarch.pipeline.pruning import mark
from polyarch.registry.referrers import fallback_tag
from polyarch.transaction import lock, park

HEX = "0123456789abcdef"


def test_what_polyarch_sets_itself_is_among_them():
    assert {lock.TAG, park.TAG, mark.TAG} == MARKERS
    assert all(map(why_reserved, MARKERS))


@given(
    st.one_of(
        st.tuples(st.just("sha256"), st.text(HEX, min_size=64, max_size=64)),
        st.tuples(st.just("sha512"), st.text(HEX, min_size=128, max_size=128)),
    ),
    st.sampled_from(["", ".sig", ".att", ".sbom"]),
)
def test_so_are_lists_of_referrers_and_what_cosign_has(digest: tuple[str, str], suffix: str):
    subject = Digest(algorithm=digest[0], encoded=digest[1])
    assert why_reserved(fallback_tag(subject) + suffix)


@pytest.mark.parametrize(
    "tag", ["1.2.3", "latest", "sha-0123abc", f"sha-{'a' * 64}", f"sha256-{'a' * 40}", "polyarch"]
)
def test_all_others_are_free(tag: str):
    assert not why_reserved(tag)
