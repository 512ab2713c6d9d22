"""Patterns of tags: whatever a rule gives for an event fits its pattern."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.flavor import Flavor
from polyarch.metadata.rule import Rule
from polyarch.metadata.version import compute
from polyarch.pipeline.pruning.names import decorated, fixed_name, given_by, pattern_of
from tests.unit.pipeline.pruning.test_kinds import FLAVORS, POOL, branches, event, versions

MORE = (
    "type=raw,value={{sha}}-x",
    "type=raw,value=a b/c",
    "type=raw,value={{#if is_default_branch}}yes{{else}}no{{/if}}",
    "type=raw,value=v,prefix={{branch}}.",
    "type=schedule,pattern={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}",
    "type=schedule,pattern={{date 'MMM D'}}",
    "type=semver,pattern={{raw}}",
    "type=semver,pattern={{version}}-{{sha}}",
)
refs = st.one_of(
    branches.map("refs/heads/{}".format),
    versions.map("refs/tags/{}".format),
    st.integers(1, 999).map("refs/pull/{}/merge".format),
)


@given(
    text=st.sampled_from((*POOL, *MORE)),
    flavor=st.sampled_from(FLAVORS),
    name=st.sampled_from(["push", "schedule", "pull_request"]),
    ref=refs,
    now=st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1)),  # noqa: DTZ001
)
def test_what_a_rule_gives_fits_its_pattern(text, flavor, name, ref, now):
    rule, shape = Rule.parse(text), Flavor.parse(flavor)
    value = given_by(rule)
    given_tag = compute([text], event(name, ref), now=now, flavor=flavor).main
    if value is None or given_tag is None:
        return
    assert decorated(rule, shape, value).fullmatch(given_tag), given_tag
    if fixed := fixed_name(rule, shape):
        assert given_tag == fixed


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("nightly", "nightly"),
        ("{{date 'YYYYMMDD'}}", "[0-9][0-9._-]*"),
        ("a.b", r"a\.b"),
        ("a b", "a\\-b"),
        ("", ""),
    ],
)
def test_as_narrow_as_that_can_be_known(text: str, pattern: str):
    assert pattern_of(text) == pattern
