import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.config.schema import PublishTable
from polyarch.errors import InvalidPublishRuleError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.metadata.policy import PublishRule, may_publish

DEFAULT = PublishTable().on


def event(name: str, ref: str, **payload: object) -> CiEvent:
    return CiEvent(provider=Provider.GITHUB, name=name, ref=ref, sha="a" * 40, payload=payload)


@pytest.mark.parametrize(
    "happened",
    [
        event("push", "refs/heads/main"),
        event("push", "refs/tags/v1.2.3"),
        event("release", "refs/tags/v1.2.3", action="published"),
        event("schedule", "refs/heads/main"),
        event("workflow_dispatch", "refs/heads/side"),
        event("repository_dispatch", "refs/heads/main"),
    ],
    ids=str,
)
def test_the_default_list_publishes(happened: CiEvent) -> None:
    assert may_publish(happened, DEFAULT).publish


@pytest.mark.parametrize(
    "happened",
    [
        event("push", "refs/heads/main2"),
        event("push", "refs/heads/x/main"),
        event("push", "refs/tags/release"),
        event("push", "refs/heads/v1"),
        event("push", "refs/heads/main", deleted=True),
        event("release", "refs/tags/v1.2.3", action="deleted"),
        event("pull_request", "refs/pull/7/merge"),
        event("pull_request_target", "refs/heads/main"),
        event("pull_request_review", "refs/heads/main"),
        event("push", "refs/pull/7/merge"),
        event("merge_group", "refs/heads/main"),
        event("issue_comment", "refs/heads/main"),
        event("workflow_run", "refs/heads/main"),
        event("", ""),
    ],
    ids=str,
)
def test_nothing_else_publishes(happened: CiEvent) -> None:
    decision = may_publish(happened, DEFAULT)
    assert not decision.publish
    assert decision.reason


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "merge_group"])
def test_no_list_lets_a_pull_request_publish(name: str) -> None:
    everything = ("branch:**", "tag:**", "release", "schedule", "dispatch")
    for ref in ("refs/pull/7/merge", "refs/heads/main"):
        assert not may_publish(event(name, ref), everything).publish


def test_a_local_run_is_told_the_command() -> None:
    local = CiEvent(provider=Provider.LOCAL, name="local", ref="refs/heads/main", sha="a" * 40)
    decision = may_publish(local, DEFAULT)
    assert not decision.publish
    assert "polyarch publish --allow-local" in decision.reason


def test_a_simulated_event_publishes_only_in_the_sandbox() -> None:
    made_up = CiEvent(
        provider=Provider.LOCAL, name="push", ref="refs/heads/main", sha="a" * 40, simulated=True
    )
    assert not may_publish(made_up, DEFAULT).publish
    assert may_publish(made_up, DEFAULT, sandbox=True).publish
    assert may_publish(event("pull_request", "refs/pull/7/merge"), (), sandbox=True).publish


@pytest.mark.parametrize(
    ("glob", "name", "hit"),
    [
        ("main", "main", True),
        ("main", "mainx", False),
        ("v*", "v1.2", True),
        ("v*", "v1/x", False),
        ("v**", "v1/x", True),
        ("release/*", "release/1", True),
        ("v?", "v1", True),
        ("v?", "v/", False),
        ("v[0-9]", "v1", True),
        ("v[!0-9]", "v1", False),
        ("a.c", "abc", False),
        ("a[", "a[", True),
        ("a|b", "a", False),
        ("(a)", "(a)", True),
        ("a+", "aa", False),
        ("*", "a\nb", True),
    ],
)
def test_globs(glob: str, name: str, hit: bool) -> None:
    assert may_publish(event("push", f"refs/heads/{name}"), [f"branch:{glob}"]).publish is hit


@pytest.mark.parametrize(
    ("item", "nearest"),
    [
        ("branches:main", "branch:main"),
        ("brnch:x", "branch:x"),
        ("refs/heads/main", "branch:main"),
        ("refs/tags/v*", "tag:v*"),
        ("relase", "release"),
        ("main", None),
        ("", None),
        ("release:v1", "release"),
        ("branch", "branch:…"),
        ("tag:", "tag:…"),
        ("branch:[z-a]", None),
    ],
)
def test_an_item_that_does_not_parse_tells_the_nearest(item: str, nearest: str | None) -> None:
    with pytest.raises(InvalidPublishRuleError) as caught:
        PublishRule.parse(item)
    assert item in caught.value.message
    assert nearest is None or nearest in (caught.value.hint or "")


def test_a_broken_item_is_told_even_when_nothing_would_publish() -> None:
    with pytest.raises(InvalidPublishRuleError):
        may_publish(event("pull_request", "refs/pull/7/merge"), ["nope"])


@settings(deadline=None)
@given(st.text(alphabet="[]!^*?-&|\\/ab~", max_size=12), st.text(alphabet="ab/-]", max_size=8))
def test_any_glob_matches_or_is_refused(glob: str, name: str) -> None:
    with contextlib.suppress(InvalidPublishRuleError):
        rule = PublishRule.parse(f"tag:{glob}")
        assert str(rule) == f"tag:{glob}"
        assert rule.allows(event("push", f"refs/tags/{name}")) in {True, False}
