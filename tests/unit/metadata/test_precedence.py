from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.precedence import compare_versions

SEMANTIC = (
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
)  # fmt: skip
"""semver.org 2.0.0, item 11."""
PYTHON = ("1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1.2", "1.1", "1!0.1")
"""PEP 440, "Summary of permitted suffixes and relative ordering"."""


@pytest.mark.parametrize("ordered", [SEMANTIC, PYTHON, ("2024.05.01", "2024.05.10", "2024.11")])
def test_every_pair_in_order(ordered):
    for older, newer in combinations(ordered, 2):
        assert compare_versions(older, newer) == -1
        assert compare_versions(newer, older) == 1
        assert compare_versions(older, older) == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("v1.2.3", "1.2.4", -1),
        ("V2", "1.9.9", 1),
        ("1.2", "1.2.0", 0),
        ("server-1.9.0", "server-1.10.0", -1),
        ("1.2.3-alpine", "1.10.0-alpine", -1),
        ("1.2.3+build.1", "1.2.3+build.2", 0),
        ("server-1.2.3", "client-1.2.4", None),
        ("main", "1.2.3", None),
        ("main", "main", None),
        ("", "", None),
        ("nightly", "edge", None),
        ("1." * 200 + "1", "1.2.3", None),
    ],
)
def test_other_forms(one, other, expected):
    assert compare_versions(one, other) == expected


VERSIONS = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"v?[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?(-[a-z0-9.]{1,8})?", fullmatch=True),
)


@given(VERSIONS, VERSIONS)
def test_it_is_a_comparison(one, other):
    forth, back = compare_versions(one, other), compare_versions(other, one)
    assert (forth is None) == (back is None)
    assert forth is None or forth == -(back or 0)
