"""How tags may move, by the rule that gives them."""

from datetime import UTC, datetime

import pytest

from polyarch.host.ci_event import CiEvent, Provider
from polyarch.metadata.kind import TagKind
from polyarch.metadata.version import compute
from polyarch.metadata.version_tag import is_version_tag, sample_of, version_prefix

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FIXED, VERSIONS, COMMITS = TagKind.FIXED, TagKind.VERSIONS, TagKind.COMMITS


def kinds(ref: str, *rules: str, name: str = "push", flavor: str = "latest=auto"):
    event = CiEvent(provider=Provider.GITHUB, name=name, ref=ref, sha="a" * 40)
    version = compute(rules, event, now=NOW, flavor=[flavor])
    assert set(version.kinds) == set(version.tag_names)
    return version.kinds


def test_a_release():
    rules = (
        "type=semver,pattern={{version}}",
        "type=semver,pattern=v{{major}}.{{minor}}.{{patch}}-slim",
        "type=semver,pattern={{major}}.{{minor}}",
        "type=semver,pattern={{major}}",
        "type=semver,pattern=stable",
        "type=ref,event=tag",
        "type=sha",
    )
    assert kinds("refs/tags/v1.2.3", *rules) == {
        "1.2.3": FIXED,
        "v1.2.3-slim": FIXED,
        "1.2": VERSIONS,
        "1": VERSIONS,
        "stable": VERSIONS,
        "v1.2.3": FIXED,
        "sha-aaaaaaa": FIXED,
        "latest": VERSIONS,
    }


@pytest.mark.parametrize("kind", ["semver", "pep440"])
def test_a_pre_release_is_whole_whatever_the_pattern(kind):
    version = {"semver": "2.0.0-rc.1", "pep440": "2.0.0rc1"}[kind]
    assert kinds(f"refs/tags/{version}", f"type={kind},pattern={{{{major}}}}") == {version: FIXED}


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [(r"v(.*)", FIXED), (r"\d+\.\d+\.\d+", FIXED), (r"\d+\.\d+", VERSIONS), (r"\d+", VERSIONS)],
)
def test_a_match(pattern, kind):
    found = kinds("refs/tags/v1.2.3", f"type=match,pattern={pattern}", flavor="latest=false")
    assert list(found.values()) == [kind]


def test_a_branch_and_a_schedule():
    rules = ("type=schedule", "type=ref,event=branch", "type=edge,branch=main", "type=raw,value=x")
    found = kinds("refs/heads/main", *rules, name="schedule")
    assert found == {"nightly": COMMITS, "main": COMMITS, "edge": COMMITS, "x": VERSIONS}


def test_the_rule_that_lets_a_tag_move_counts():
    """With two numbers the whole version of one release is the name of several."""
    rules = ("type=pep440,pattern={{version}}", "type=pep440,pattern={{major}}.{{minor}}")
    assert kinds("refs/tags/1.0", *rules, flavor="latest=false") == {"1.0": VERSIONS}


@pytest.mark.parametrize(
    ("glob", "tag", "expected"),
    [
        ("server/v*", "server/v1.2.3", True),
        ("server/v*", "server/v1/x", False),
        ("server/v*", "v1.2.3", False),
        ("server-[0-9]*", "server-1", True),
        ("**", "a/b", True),
        (None, "v1", False),
        ("v*", None, False),
    ],
)
def test_tags_of_one_image(glob, tag, expected):
    assert is_version_tag(glob, tag) is expected


@pytest.mark.parametrize(
    ("glob", "prefix", "sample"),
    [
        ("server/v*", "server/", "server/v1.2.3"),
        ("server-*", "server-", "server-1.2.3"),
        ("v*", "", "v1.2.3"),
        ("web/[0-9]*", "web/", "web/1.2.3"),
        ("*", "", "1.2.3"),
    ],
)
def test_what_stands_before_the_version(glob, prefix, sample):
    assert (version_prefix(glob), sample_of(glob)) == (prefix, sample)


def test_the_prefix_is_passed_over_by_rules_that_read_versions_alone():
    event = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/tags/server/v1.2.3", sha="a")
    rules = (
        "type=semver,pattern={{version}}",
        "type=pep440,pattern={{major}}",
        "type=semver,pattern=own-{{version}},match=server/(.*)",
        "type=ref,event=tag",
        "type=match,pattern=server/v(\\d),group=1",
    )
    version = compute(rules, event, now=NOW, tag_prefix="server/")
    assert version.tag_names == ("1.2.3", "1", "own-1.2.3", "server-v1.2.3", "latest")
    assert version.warnings == ()
    assert compute(rules[:1], event, now=NOW).tag_names == ()
