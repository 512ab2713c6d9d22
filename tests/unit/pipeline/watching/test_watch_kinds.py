"""What tags are, by the rules of the image alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.policy import PublishRule
from polyarch.pipeline.watching.kinds import Sort, Sorter, TagSort, Told
from tests.support.watched import settings_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
USUAL = (
    "type=schedule",
    "type=ref,event=branch",
    "type=ref,event=pr",
    "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}",
    "type=semver,pattern={{major}}",
    "type=sha",
)
ON = ("branch:main", "branch:release/*", "tag:v*", "schedule")


def sorts(
    *tags: str,
    rules: tuple[str, ...] = USUAL,
    on: tuple[str, ...] = ON,
    told: dict[str, Told] | None = None,
    **keys: object,
) -> dict[str, TagSort]:
    sorter = Sorter(
        settings=settings_of(tags=rules, **keys),
        on=[PublishRule.parse(item) for item in on],
        repository=RepositoryFacts(default_branch="main"),
        now=NOW,
    )
    return sorter.sort({tag: (told or {}).get(tag, Told()) for tag in tags})


def brief(found: dict[str, TagSort]) -> dict[str, str]:
    """Each sort, with a star where what stands there is to be as the config says now."""
    return {tag: each.sort.value + "*" * each.current for tag, each in found.items()}


def test_the_usual_tags():
    found = sorts(
        "1.1.9", "1.2.0", "1.10.0", "1.1", "1.10", "1", "latest", "main", "nightly", "sha-0123abc",
        "pr-7", "2.0.0-rc.1", "debug",
    )  # fmt: skip
    assert brief(found) == {
        "1.1.9": "version",
        "1.2.0": "version",
        "1.10.0": "version*",
        "1.1": "moving",
        "1.10": "moving*",
        "1": "moving*",
        "latest": "moving*",
        "main": "branch*",
        "nightly": "nightly*",
        "sha-0123abc": "commit",
        "pr-7": "pull-request",
        "2.0.0-rc.1": "version",
        "debug": "other",
    }
    assert [tag for tag, each in found.items() if each.newest] == ["1.10.0"]


def test_only_pre_releases():
    assert brief(sorts("1.0.0-rc.1", "1.0.0-rc.2")) == {
        "1.0.0-rc.1": "version",
        "1.0.0-rc.2": "version*",
    }


@pytest.mark.parametrize(
    ("rule", "on", "tag"),
    [
        ("type=semver,pattern=v{{version}}", "tag:v*", "v1.2.3"),
        ("type=semver,pattern={{version}}", "tag:release-*", "1.2.3"),
        ("type=semver,pattern={{version}},prefix=app-", "tag:v*", "app-1.2.3"),
        ("type=ref,event=tag", "tag:v*", "v1.2.3"),
        (r"type=match,pattern=v(.*),group=1", "tag:v*", "1.2.3"),
        ("type=pep440,pattern={{version}}", "tag:*", "1.2.3"),
    ],
)
def test_versions_in_many_forms(rule: str, on: str, tag: str):
    if "release-" in on:
        rule += r",match=release-(.*)"
    assert brief(sorts(tag, rules=(rule,), on=(on,))) == {tag: "version*"}


def test_git_tags_of_this_image_alone():
    found = sorts("1.2.3", on=("tag:server/v*",), version_tag="server/v*")
    assert brief(found) == {"1.2.3": "version*"}


def test_dated_nightlies():
    rules = ("type=schedule,pattern=nightly-{{date 'YYYYMMDD'}}",)
    found = sorts("nightly-20260101", "nightly-20260102", "nightly-x", rules=rules)
    assert brief(found) == {
        "nightly-20260101": "nightly",
        "nightly-20260102": "nightly*",
        "nightly-x": "other",
    }


def test_branches():
    told = {"topic": Told(version="topic"), "release-2": Told(version="release-2")}
    found = sorts("topic", "stranger", "release-2", told=told)
    assert brief(found) == {"topic": "branch", "stranger": "other", "release-2": "branch"}


def test_edge_and_constant_tags():
    rules = ("type=edge,branch=main", "type=raw,value=stable")
    assert brief(sorts("edge", "stable", rules=rules)) == {"edge": "branch*", "stable": "moving"}


def test_tags_of_single_platforms():
    told = {"1.2.3-arm64": Told(single=True), "1.2.3": Told()}
    found = sorts("1.2.3", "1.2.3-arm64", told=told, alias_tags=("{{version}}-{arch}",))
    assert found["1.2.3"].current
    assert found["1.2.3-arm64"].sort in {Sort.ALIAS, Sort.VERSION}
    assert not found["1.2.3-arm64"].current


TAGS = st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True), unique=True)


@given(tags=TAGS)
def test_any_tags(tags: list[str]):
    found = sorts(*tags)
    assert list(found) == tags
    newest = [each for each in found.values() if each.newest]
    assert all(each.sort is Sort.VERSION and each.current for each in newest)
    assert bool(newest) == any(each.sort is Sort.VERSION for each in found.values())
    nightly = [each for each in found.values() if each.sort is Sort.NIGHTLY]
    assert all(each.current for each in nightly if each.tag == "nightly")
