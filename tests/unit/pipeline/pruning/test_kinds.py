"""Which tags may ever go: those that the very rules gave to pull requests, commits and branches."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.git_refs import LivingRefs
from polyarch.metadata.version import Version, compute
from polyarch.oci.reference import TAG_PATTERN
from polyarch.pipeline.pruning.kinds import Judged, Kind, Refs, TagRules

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SHA = "abcdef0123456789abcdef0123456789abcdef01"
GONE = Refs(living=LivingRefs(), default_branch="main")

POOL = (
    "type=schedule",
    "type=schedule,pattern={{date 'YYYYMMDD'}}",
    "type=schedule,pattern=weekly-{{date 'YYYY.MM'}}",
    "type=ref,event=branch",
    "type=ref,event=branch,prefix=b-",
    "type=ref,event=tag",
    "type=ref,event=pr",
    "type=ref,event=pr,prefix=",
    "type=ref,event=pr,prefix=test-,suffix=-x",
    "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}",
    "type=semver,pattern=v{{major}}",
    "type=pep440,pattern={{version}}",
    "type=match,pattern=v(.*),group=1",
    r"type=match,pattern=\d+\.\d+",
    "type=edge",
    "type=edge,branch=develop",
    "type=raw,value=stable",
    "type=raw,value={{branch}}-latest",
    "type=sha",
    "type=sha,prefix={{branch}}-",
    "type=sha,prefix=,format=long",
)
FLAVORS = ((), ("suffix=-alpine",), ("prefix=app-,onlatest=true",), ("latest=true",))

rule_lists = st.lists(st.sampled_from(POOL), min_size=1, max_size=6, unique=True)
flavors = st.sampled_from(FLAVORS)
branches = st.from_regex(r"[a-z][a-z0-9/._-]{0,12}[a-z]", fullmatch=True)
versions = st.builds(
    "v{}.{}.{}{}".format, *[st.integers(0, 30)] * 3, st.sampled_from(["", "-rc.1"])
)


def event(name: str, ref: str) -> CiEvent:
    return CiEvent(
        provider=Provider.GITHUB,
        name=name,
        ref=ref,
        sha=SHA,
        default_branch="main",
        payload={"repository": {"default_branch": "main"}},
    )


def given_tags(
    rules: Sequence[str], flavor: Sequence[str], happened: CiEvent
) -> tuple[Version, tuple[str, ...]]:
    version = compute(rules, happened, now=NOW, flavor=flavor)
    return version, tuple(tag for tag in version.tag_names if TAG_PATTERN.fullmatch(tag))


def judge(
    rules: Sequence[str], flavor: Sequence[str], tag: str, version: Version, refs: Refs = GONE
) -> Judged:
    return TagRules.parse(rules, flavor).judge(tag, version.main or "", SHA, refs)


def may_go(judged: Judged) -> bool:
    return judged.kind is not None and not judged.stays


@given(rules=rule_lists, flavor=flavors, version=versions)
def test_no_tag_of_a_release_goes_but_that_of_its_commit(rules, flavor, version):
    said, tags = given_tags(rules, flavor, event("push", f"refs/tags/{version}"))
    refs = Refs(living=LivingRefs(tags=frozenset({version})), default_branch="main")
    for tag in tags:
        judged = judge(rules, flavor, tag, said, refs)
        assert not may_go(judged) or judged.kind is Kind.COMMIT


@given(rules=rule_lists, flavor=flavors, version=versions)
def test_nor_where_git_forgot_its_tag(rules, flavor, version):
    said, tags = given_tags(rules, flavor, event("push", f"refs/tags/{version}"))
    for tag in tags:
        judged = judge(rules, flavor, tag, said)
        assert not may_go(judged) or judged.kind is Kind.COMMIT


@example(
    rules=["type=schedule,pattern={{date 'YYYYMMDD'}}", "type=ref,event=pr,prefix="],
    flavor=("suffix=-alpine",),
)
@given(rules=rule_lists, flavor=flavors)
def test_no_tag_of_the_default_branch_goes_nor_a_nightly_one(rules, flavor):
    for name in ("push", "schedule"):
        said, tags = given_tags(rules, flavor, event(name, "refs/heads/main"))
        for tag in tags:
            judged = judge(rules, flavor, tag, said)
            assert not may_go(judged) or judged.kind is Kind.COMMIT, (tag, judged)


@given(rules=rule_lists, flavor=flavors, branch=branches)
def test_no_tag_of_a_branch_goes_that_git_has(rules, flavor, branch):
    said, tags = given_tags(rules, flavor, event("push", f"refs/heads/{branch}"))
    refs = Refs(living=LivingRefs(branches=frozenset({branch})), default_branch="main")
    for tag in tags:
        judged = judge(rules, flavor, tag, said, refs)
        assert not may_go(judged) or judged.kind is Kind.COMMIT


@given(rules=rule_lists, flavor=flavors, branch=branches)
def test_no_branch_goes_where_git_cannot_be_asked(rules, flavor, branch):
    said, tags = given_tags(rules, flavor, event("push", f"refs/heads/{branch}"))
    refs = Refs(living=LivingRefs(unknown="the remote is down"))
    for tag in tags:
        judged = judge(rules, flavor, tag, said, refs)
        assert not may_go(judged) or judged.kind is Kind.COMMIT


@given(flavor=flavors, branch=branches.filter(lambda each: not any(c.isdigit() for c in each)))
def test_a_branch_that_is_gone_goes(flavor, branch):
    rules = ("type=ref,event=branch", "type=ref,event=pr", "type=semver,pattern={{version}}")
    said, tags = given_tags(rules, flavor, event("push", f"refs/heads/{branch}"))
    if branch in {"main", "latest"} or len(tags) != 1:
        return
    assert may_go(judge(rules, flavor, tags[0], said))


@given(number=st.integers(1, 99999), rules=rule_lists, flavor=flavors)
def test_of_a_pull_request_goes_what_its_rule_and_that_of_its_commit_gave(number, rules, flavor):
    said, tags = given_tags(rules, flavor, event("pull_request", f"refs/pull/{number}/merge"))
    for tag in tags:
        judged = judge(rules, flavor, tag, said)
        if may_go(judged):
            assert judged.kind is Kind.COMMIT or str(number) in tag


@pytest.mark.parametrize(
    ("tag", "version", "revision", "kind"),
    [
        ("pr-7", "pr-7", "", Kind.PULL),
        ("pr-7", "", "", Kind.PULL),
        ("pr-x", "", "", None),
        ("sha-abcdef0", "main", SHA, Kind.COMMIT),
        ("sha-abcdef1", "main", SHA, None),
        ("sha-abcdef0", "main", "", None),
        ("feature", "feature", "", Kind.BRANCH),
        ("feature", "1.2.3", "", None),
        ("release-1.2", "release-1.2", "", None),
        ("1.2.3", "1.2.3", "", None),
        ("v2", "v2", "", None),
        ("latest", "latest", "", None),
    ],
)
def test_by_the_usual_rules(tag: str, version: str, revision: str, kind: Kind | None):
    rules = TagRules.parse(
        (
            "type=ref,event=branch",
            "type=ref,event=pr",
            "type=sha",
            "type=semver,pattern={{version}}",
        ),
        (),
    )
    judged = rules.judge(tag, version, revision, GONE)
    assert judged.kind is kind
    assert bool(judged.stays) is (kind is None)
