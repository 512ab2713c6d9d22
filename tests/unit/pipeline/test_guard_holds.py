"""A tag that was put back stays there until something newer than what was taken away comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.kind import TagKind
from polyarch.metadata.precedence import compare_versions
from polyarch.oci.digest import Digest
from polyarch.pipeline.guard import Judgement, Ours, judge
from polyarch.pipeline.plan import Action, Current, State
from polyarch.transaction.hold import Hold

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINE, THEIRS, TAKEN = "a" * 40, "b" * 40, "c" * 40
OURS = Ours(version="1.3.0", revision=MINE, committed=NOON)
HOLD = Hold(
    tag="latest",
    digest=Digest.of(b"taken away"),
    time=NOON,
    version="1.3.0",
    revision=TAKEN,
    committed=NOON,
    who="ada",
    why="it loses data",
)
STANDING = Current(
    state=State.PRESENT,
    digest=Digest.of(b"stands"),
    version="1.2.9",
    revision=THEIRS,
    created=NOON - HOUR,
    holds=(HOLD,),
)
ALL = tuple(TagKind)
COMMITS = TagKind.COMMITS


def judged(
    kind: TagKind,
    ours: Ours = OURS,
    *holds: Hold,
    policy: str = "guarded",
    after: bool | None = False,
) -> Judgement:
    """`after`: whether the commit that was taken away comes after ours."""
    current = replace(STANDING, holds=holds or (HOLD,))

    def descends(revision: str) -> bool | None:
        return after if revision == TAKEN else False

    return judge(kind, ours, current, policy=policy, descends=descends)


@pytest.mark.parametrize("policy", ["guarded", "free"])
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.3.0", Action.KEEP),
        ("v1.3.0", Action.KEEP),
        ("1.3.0-rc.2", Action.KEEP),
        ("1.2.10", Action.KEEP),
        ("1.3.1", Action.MOVE),
        ("v2.0.0", Action.MOVE),
    ],
)
def test_a_tag_of_versions_waits_for_a_newer_version(version: str, expected: Action, policy: str):
    ours = replace(OURS, version=version)
    assert judged(TagKind.VERSIONS, ours, policy=policy).action is expected


def test_it_says_who_put_it_back_from_what_and_why():
    assert judged(TagKind.VERSIONS).reason == (
        "it was put back from 1.3.0 by ada, and waits for something newer: it loses data"
    )
    silent = replace(HOLD, version="", who="", why="")
    assert judged(COMMITS, OURS, silent, after=True).reason == (
        "it was put back from commit cccccccccccc, and waits for something newer"
    )
    nameless = replace(silent, revision="")
    assert HOLD.digest.short in judged(COMMITS, OURS, nameless).reason


@pytest.mark.parametrize("policy", ["guarded", "free"])
@pytest.mark.parametrize(("after", "expected"), [(True, Action.KEEP), (False, Action.MOVE)])
def test_a_branch_goes_by_commits(after: bool, expected: Action, policy: str):
    ours = replace(OURS, version="main")
    hold = replace(HOLD, version="main")
    assert judged(COMMITS, ours, hold, after=after, policy=policy).action is expected


@pytest.mark.parametrize("kind", [COMMITS, TagKind.VERSIONS])
def test_the_very_commit_that_was_taken_away_is_not_newer(kind: TagKind):
    ours = replace(OURS, revision=TAKEN, version="main")
    assert judged(kind, ours, after=False).action is Action.KEEP


@pytest.mark.parametrize(
    ("taken", "mine", "expected"),
    [
        (NOON, NOON + HOUR, Action.MOVE),
        (NOON, NOON, Action.KEEP),
        (NOON + HOUR, NOON, Action.KEEP),
        (None, NOON, Action.KEEP),
        (NOON, None, Action.KEEP),
    ],
)
def test_where_history_is_not_here_the_times_of_commits_count(
    taken: datetime | None, mine: datetime | None, expected: Action
):
    ours = replace(OURS, version="main", committed=mine)
    hold = replace(HOLD, committed=taken)
    assert judged(COMMITS, ours, hold, after=None).action is expected


def test_where_nobody_knows_what_was_taken_away_it_is_kept():
    hold = replace(HOLD, version="", revision="", committed=None)
    assert {judged(kind, OURS, hold).action for kind in ALL} == {Action.KEEP}


def test_all_that_was_taken_away_counts():
    """Put back twice, from 1.3.0 and later from 1.4.0."""
    newer = replace(HOLD, version="1.4.0")
    between = replace(OURS, version="1.3.5")
    assert judged(TagKind.VERSIONS, between, HOLD).action is Action.MOVE
    assert judged(TagKind.VERSIONS, between, HOLD, newer).action is Action.KEEP
    assert judged(TagKind.VERSIONS, between, newer, HOLD).action is Action.KEEP
    assert judged(TagKind.VERSIONS, replace(OURS, version="1.4.1"), newer, HOLD).action is (
        Action.MOVE
    )


def test_a_version_that_was_put_back_is_kept_and_not_refused():
    assert judged(TagKind.FIXED).action is Action.KEEP


def test_past_a_hold_the_policy_goes_on():
    """What stands there may be newer than ours although what was taken away is older."""
    current = replace(STANDING, version="2.0.0")
    ours = replace(OURS, version="1.9.0")
    found = judge(TagKind.VERSIONS, ours, current, policy="guarded", descends=lambda _: None)
    assert found.action is Action.KEEP
    assert "2.0.0" in found.reason


@pytest.mark.parametrize("state", [State.ABSENT, State.UNKNOWN])
def test_where_nothing_stands_nothing_is_held(state: State):
    found = judge(
        TagKind.VERSIONS,
        OURS,
        Current(state=state, holds=(HOLD,)),
        policy="guarded",
        descends=lambda _: None,
    )
    assert found.action in {Action.CREATE, Action.UNKNOWN}


versions = st.builds(
    "{}.{}.{}{}".format,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "-rc.1", "-rc.2"]),
)
texts = st.text(max_size=40)
moments = st.none() | st.datetimes(timezones=st.just(UTC))
some_holds = st.lists(
    st.builds(
        Hold,
        tag=st.just("latest"),
        digest=st.just(HOLD.digest),
        time=st.just(NOON),
        version=versions | texts,
        revision=st.sampled_from(["", MINE, TAKEN]),
        committed=moments,
        who=texts,
        why=texts,
    ),
    max_size=3,
)


@given(st.sampled_from(ALL), versions, some_holds, st.none() | st.booleans(), moments)
def test_nothing_moves_that_is_not_newer_than_all_that_was_taken_away(
    kind: TagKind, version: str, holds: list[Hold], after: bool | None, committed: datetime | None
):
    ours = Ours(version=version, revision=MINE, committed=committed)
    for policy in ("guarded", "free"):
        found = judged(kind, ours, *holds, policy=policy, after=after)
        assert found.reason.isprintable()
        assert found.action is not Action.KEEP or found.reason
        if found.action is not Action.MOVE or kind is COMMITS:
            continue
        for hold in holds:
            order = compare_versions(hold.version, version)
            assert order is None or order < 0
