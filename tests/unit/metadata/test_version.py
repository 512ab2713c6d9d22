"""Versions and tags: the traps of the reference that its own tables do not show."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import InvalidRuleError, InvalidTemplateError, PolyarchError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.tagname import is_valid_tag, sanitise
from polyarch.metadata.version import Version, compute

NOW = datetime(2020, 1, 10, 0, 30, tzinfo=UTC)
SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"


def event(ref: str, name: str = "push", **more: Any) -> CiEvent:
    fields: dict[str, Any] = {"provider": Provider.GITHUB, "sha": SHA, "default_branch": "main"}
    return CiEvent(name=name, ref=ref, **(fields | more))


def names(rules: list[str], happened: CiEvent, **more: Any) -> tuple[str, ...]:
    return compute(rules, happened, now=NOW, **more).tag_names


MAIN = event("refs/heads/main")
TAG = event("refs/tags/v1.2.3")
BETA = event("refs/tags/v2.0.8-beta.67")


@pytest.mark.parametrize(
    ("happened", "tags"),
    [
        (event("refs/heads/my/branch"), ("my-branch",)),
        (TAG, ("v1.2.3", "latest")),
        (BETA, ("v2.0.8-beta.67", "latest")),
        (event("refs/tags/p1/v1.0.0"), ("p1-v1.0.0", "latest")),
        (event("refs/pull/15/merge", "pull_request"), ("pr-15",)),
        (event("refs/pull/15/head", "pull_request"), ("pr-15-head",)),
        (event("refs/heads/main", "schedule"), ("nightly", "main")),
        (event("", "push"), ()),
        (event("refs/notes/x"), ()),
    ],
)
def test_default_rules(happened: CiEvent, tags: tuple[str, ...]) -> None:
    assert names([], happened) == tags


def test_the_first_value_decides_about_latest() -> None:
    semver, ref = "type=semver,pattern={{version}}", "type=ref,event=tag"
    assert names([semver, ref], BETA) == ("2.0.8-beta.67", "v2.0.8-beta.67")
    swapped = ["type=semver,pattern={{version}},priority=1", ref]
    assert names(swapped, BETA) == ("v2.0.8-beta.67", "2.0.8-beta.67", "latest")
    assert names(["type=raw,value=x,priority=999", semver], TAG) == ("x", "1.2.3")
    assert names([], event(""), flavor=["latest=true"]) == ()


def test_latest_is_not_merged_with_a_tag_of_its_name() -> None:
    found = names(["type=raw,value=latest", "type=semver,pattern={{version}}"], TAG)
    assert found == ("1.2.3", "latest", "latest")


def test_expressions_are_not_worked_out_on_the_latest_tag() -> None:
    found = names(["type=ref,event=tag"], TAG, flavor=["prefix={{sha}}-,onlatest=true"])
    assert found == ("860c190-v1.2.3", "-sha--latest")


def test_own_prefix_replaces_that_of_the_flavor() -> None:
    rules = ["type=sha", "type=sha,prefix=,priority=99", "type=raw,value=x,priority=98"]
    assert names(rules, MAIN, flavor=["prefix=a-", "suffix=-z"]) == (
        "sha-860c190-z",
        "860c190-z",
        "a-x-z",
    )


def test_a_prefix_alone_makes_a_tag_of_an_empty_value() -> None:
    assert names(["type=raw,value=,prefix=x"], MAIN) == ("x",)
    assert names(["type=raw,value="], MAIN) == ()


@pytest.mark.parametrize(
    ("rule", "happened", "tags"),
    [
        ("type=semver,pattern={{major}}", BETA, ("2.0.8-beta.67",)),
        ("type=semver,pattern=literal", BETA, ("2.0.8-beta.67",)),
        ("type=semver,pattern={{ raw }}", BETA, ("v2.0.8-beta.67",)),
        ("type=semver,pattern=v{{raw}}", BETA, ("2.0.8-beta.67",)),
        ("type=semver,pattern={{branch}}x", TAG, ("x", "latest")),
        ("type=semver,pattern={{version}}", event("refs/tags/1.2.3+b.1"), ("1.2.3", "latest")),
        ("type=semver,pattern={{raw}}", event("refs/tags/1.2.3+b.1"), ("1.2.3-b.1", "latest")),
        ("type=semver,pattern={{version}}", event("refs/tags/0.1.0"), ("0.1.0", "latest")),
        ("type=semver,pattern={{version}}", event("refs/tags/pkg/v1.0.0"), ()),
        ("type=semver,pattern={{version}},value=v3.0.0", MAIN, ("3.0.0", "latest")),
        (
            "type=semver,pattern={{version}},match=v(.*)",
            event("refs/tags/p/v1.0.0"),
            ("1.0.0", "latest"),
        ),
        ("type=semver,pattern={{version}},match=zz", TAG, ("1.2.3", "latest")),
        (
            "type=pep440,pattern={{version}}",
            event("refs/tags/1.2+ubuntu.1"),
            ("1.2-ubuntu-1", "latest"),
        ),
        (
            "type=pep440,pattern={{raw}}",
            event("refs/tags/1.2+ubuntu.1"),
            ("1.2-ubuntu.1", "latest"),
        ),
        ("type=pep440,pattern={{major}}.{{patch}}", event("refs/tags/7.1"), ("7.0", "latest")),
        ("type=match,pattern=/(\\d)/g,group=1", TAG, ("2", "latest")),
        ("type=match,pattern=v(\\d),group=1.0", TAG, ()),
        ("type=match,pattern=v(\\d),group=", TAG, ()),
        ("type=match,pattern=(x)?v,group=1", TAG, ()),
        ("type=match,pattern=//,value=a/b", MAIN, ()),
        ("type=edge", event("refs/heads/trunk"), ("edge",)),
        ("type=edge,branch={{branch}}", MAIN, ()),
        (
            "type=schedule,pattern={{sha}}{{date 'YYYY'}}",
            event("refs/heads/x", "schedule"),
            ("2020",),
        ),
        ("type=sha,format=long", MAIN, (f"sha-{SHA}",)),
        ("type=sha", event("refs/heads/x", sha=""), ()),
        ("type=raw,value=x,enable={{is_default_branch}}", MAIN, ("x",)),
        ("type=raw,value=x,enable={{is_not_default_branch}}", MAIN, ()),
        ("type=raw,value=x,enable=false,pattern=[", MAIN, ()),
        ("type=match,pattern=[,enable=false", TAG, ()),
        ("type=raw,value={{branch}}", event("refs/heads/a&b"), ("a-amp-b",)),
        ("type=ref,event=branch", event("refs/heads/a&b"), ("a-b",)),
        ("type=raw,value={{tag}}", event("refs/tags/it's"), ("it-x27-s",)),
        ("type=raw,value={{date}}x,enable=false", MAIN, ()),
        ("type=raw,value={{date YYYY}}", MAIN, ("2020-01-10T00-30-00Z",)),
        ("type=raw,value={{date '' tz='asia/tokyo'}}", MAIN, ("2020-01-10T09-30-00-09-00",)),
        ("type=raw,value=a # note", MAIN, ("a-note",)),
        ("type=raw,value=/x/", MAIN, ("-x-",)),
    ],
)
def test_one_rule(rule: str, happened: CiEvent, tags: tuple[str, ...]) -> None:
    facts = RepositoryFacts(default_branch="trunk")
    assert names([rule], happened, repository=facts) == tags


@pytest.mark.parametrize(
    "rule",
    [
        "type=raw,value=x,enable=yes",
        "type=raw,value=x,enable=TRUE",
        "type=match,pattern=[",
        "type=match,pattern=/a/q",
        "type=semver,pattern={{version}},match=v",
        "type=semver,pattern={{version}},match=(",
    ],
)
def test_a_rule_that_cannot_be_worked_out_is_named(rule: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        names([rule], TAG)
    assert rule in caught.value.message


@pytest.mark.parametrize(
    "value",
    [
        "{{date}}",
        "{{date 5}}",
        "{{date 'x' zone='UTC'}}",
        "{{date 'x' tz=''}}",
        "{{date branch}}",
        "{{x 'y'}}",
    ],
)
def test_an_expression_that_cannot_be_worked_out_is_placed(value: str) -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        names([f"type=raw,value={value}"], TAG)
    assert "attribute `value` of tag rule" in (caught.value.where or "")


@pytest.mark.parametrize(
    ("happened", "text"),
    [
        (event("refs/heads/side"), "false"),
        (event("refs/heads/side", "schedule"), "true"),
        (event("refs/tags/v1", "create"), "true"),
        (event("refs/heads/side", "issue_comment"), "false"),
        (event("refs/heads/side", "issues"), "true"),
        (event("", "schedule"), "false"),
        (event("refs/tags/v1", "release"), "false"),
    ],
)
def test_is_default_branch(happened: CiEvent, text: str) -> None:
    assert names(["type=raw,value={{is_default_branch}}"], happened) == (text,)


@pytest.mark.parametrize(
    ("happened", "tags"),
    [
        (event("refs/tags/v1", payload={"base_ref": "refs/heads/rel"}), ("rel",)),
        (event("refs/heads/x", payload={"base_ref": "refs/heads/rel"}), ()),
        (event("refs/tags/v1", payload={"base_ref": 5}), ()),
        (event("refs/pull/1/merge", payload={"pull_request": {"base": {"ref": "rel"}}}), ("rel",)),
        (event("refs/pull/1/merge", payload={"pull_request": "no object"}), ()),
    ],
)
def test_base_ref(happened: CiEvent, tags: tuple[str, ...]) -> None:
    assert names(["type=raw,value={{base_ref}}"], happened) == tags


@pytest.mark.parametrize(
    ("length", "tag"),
    [
        ("", "sha-860c190"),
        ("4", "sha-860c"),
        ("0x4", "sha-860c"),
        ("4.9", "sha-860c"),
        (" 4 ", "sha-860c"),
        ("0", "sha-"),
        ("-1", "sha-"),
        ("1e9", f"sha-{SHA}"),
        ("Infinity", f"sha-{SHA}"),
    ],
)
def test_length_of_a_short_sha(length: str, tag: str) -> None:
    assert names(["type=sha"], MAIN, short_sha_length=length) == (tag,)


def test_a_wrong_length_matters_only_when_it_is_needed() -> None:
    assert names(["type=ref,event=branch"], MAIN, short_sha_length="x") == ("main",)
    with pytest.raises(InvalidRuleError):
        names(["type=sha"], MAIN, short_sha_length="x")


def test_the_image_mistake_is_told_first() -> None:
    with pytest.raises(InvalidRuleError, match="image name"):
        names(["type=nope"], MAIN, images=["x=y"], flavor=["z"])


def test_images_stand_in_front_of_tags() -> None:
    images = ["Org/App", "ghcr.io/User/App", "off/off,enable=false"]
    version = compute(["type=ref,event=tag"], TAG, now=NOW, images=images)
    assert version.tags == (
        "org/app:v1.2.3",
        "org/app:latest",
        "ghcr.io/user/app:v1.2.3",
        "ghcr.io/user/app:latest",
    )


def test_commit_date_falls_back_to_the_clock() -> None:
    rule = ["type=raw,value={{commit_date 'YYYYMMDD'}}"]
    assert names(rule, MAIN) == ("20200110",)
    dated = replace(MAIN, commit_time=datetime(2019, 5, 6, tzinfo=UTC))
    assert names(rule, dated) == ("20190506",)


def test_warnings_and_explanations_tell_why() -> None:
    rules = ["type=semver,pattern={{version}}", "type=sha,enabel=x", "type=ref,event=pr"]
    version = compute(rules, event("refs/tags/sometag"), now=NOW)
    assert any("sometag" in warning for warning in version.warnings)
    assert any("`enable`" in warning for warning in version.warnings)
    assert [(told.rule, told.tag) for told in version.explanations] == [
        (rules[0], None),
        (rules[2], None),
        (rules[1], "sha-860c190"),
    ]
    assert all(told.reason for told in version.explanations)


def test_an_unknown_time_zone_is_told() -> None:
    version = compute(["type=raw,value={{date 'Z' tz='Mars/Base'}}"], MAIN, now=NOW)
    assert any("Mars/Base" in warning for warning in version.warnings)


def test_no_version_is_told() -> None:
    version = compute([], event(""), now=NOW, images=["a/b"])
    assert (version.main, version.tags) == (None, ())
    assert version.warnings


def test_sanitises_runs_but_keeps_dashes() -> None:
    assert sanitise("a/-/b") == "a---b"
    assert sanitise("$(x)`é😀") == "-x-"


@pytest.mark.parametrize("name", ["", "-a", ".a", "a" * 129, "a\n", "a/b", "é"])
def test_what_no_registry_takes(name: str) -> None:
    assert not is_valid_tag(name)


HOSTILE = st.text(min_size=1, max_size=300) | st.sampled_from(
    [
        "$(x)",
        "`x`",
        "'\"",
        "a\nb",
        "../../etc",
        "😀" * 300,
        "{{branch}}",
        "a,b=c",
        "\x1b[31m",
        "\ud800",
    ]
)
RULES = (
    "type=ref,event=branch",
    "type=ref,event=tag",
    "type=ref,event=pr",
    "type=raw,value={{branch}}{{tag}}",
    "type=semver,pattern={{raw}}",
    "type=pep440,pattern={{version}}",
    "type=match,pattern=(.*),group=1",
    "type=edge",
    "type=sha,prefix={{branch}}-",
    "type=raw,value=x,prefix={{base_ref}}",
)


@settings(deadline=None)
@given(HOSTILE, st.sampled_from(["refs/heads/", "refs/tags/", "refs/pull/", ""]))
def test_a_hostile_ref_is_data(name: str, kind: str) -> None:
    version = compute(RULES, event(f"{kind}{name}"), now=NOW)
    assert all(sanitise(tag) == tag and tag for tag in version.tag_names)
    # Braces in a name are never worked out.
    assert "860c190" not in (version.main or "") or "{{" not in name


@settings(deadline=None)
@given(st.lists(st.text(max_size=40) | st.sampled_from(RULES), max_size=4), st.text(max_size=20))
def test_any_rules_give_a_result_or_say_why_not(rules: list[str], flavor: str) -> None:
    try:
        found = compute(rules, TAG, now=NOW, flavor=[flavor], images=[flavor])
    except PolyarchError as error:
        assert error.message.isprintable()
    else:
        assert isinstance(found, Version)
