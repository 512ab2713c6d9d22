"""Hypothesis strategies for the nouns of the project."""

from hypothesis import strategies as st

from polyarch.oci.digest import Digest
from polyarch.oci.platform import KNOWN_ARCHITECTURES, Platform

digests = st.binary(max_size=64).map(Digest.of)

platforms = st.one_of(
    st.builds(
        Platform.of,
        st.sampled_from(["linux", "windows", "freebsd"]),
        st.sampled_from(KNOWN_ARCHITECTURES),
    ),
    st.sampled_from(["v5", "v6", "v7"]).map(lambda variant: Platform.of("linux", "arm", variant)),
    st.sampled_from(["v8", "v9", "8"]).map(lambda variant: Platform.of("linux", "arm64", variant)),
    st.sampled_from(["v1", "v2", "v3"]).map(lambda variant: Platform.of("linux", "amd64", variant)),
)

json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
