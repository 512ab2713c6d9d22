from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.metadata.kind import TagKind
from polyarch.oci.digest import Digest
from polyarch.pipeline.guard import Descends, Ours, judge
from polyarch.pipeline.plan import Action, Current, State

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINE, OTHER = "a" * 40, "b" * 40
OURS = Ours(version="1.2.3", revision=MINE, committed=NOON)
DIGEST = Digest.of(b"what stands there")
ALL = tuple(TagKind)


def _says(descends: bool | None) -> Descends:
    return lambda _revision: descends


def standing(
    version: str | None = None, revision: str | None = OTHER, created: datetime | None = None
) -> Current:
    return Current(
        state=State.PRESENT, digest=DIGEST, version=version, revision=revision, created=created
    )


def action(
    kind: TagKind,
    current: Current,
    *,
    ours: Ours = OURS,
    descends: bool | None = None,
    policy: str = "guarded",
) -> Action:
    return judge(kind, ours, current, policy=policy, descends=_says(descends)).action


@pytest.mark.parametrize("kind", ALL)
def test_a_new_tag_is_made(kind):
    assert action(kind, Current(state=State.ABSENT)) is Action.CREATE


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("policy", ["guarded", "free"])
def test_what_is_not_known_is_not_moved(kind, policy):
    current = Current(state=State.UNKNOWN, reason="429")
    assert action(kind, current, policy=policy) is Action.UNKNOWN


@pytest.mark.parametrize("kind", ALL)
def test_the_same_commit_moves_every_tag(kind):
    """A publish that was broken off is finished, also by bytes that differ."""
    current = standing("9.9.9", MINE, NOON + HOUR)
    assert action(kind, current, descends=True) is Action.MOVE


@pytest.mark.parametrize("kind", ALL)
def test_free_moves_every_tag(kind):
    current = standing("9.9.9", OTHER, NOON + HOUR)
    assert action(kind, current, descends=True, policy="free") is Action.MOVE


@pytest.mark.parametrize("descends", [True, False, None])
def test_a_version_stays_with_its_commit(descends):
    judgement = judge(
        TagKind.FIXED, OURS, standing("1.2.3"), policy="guarded", descends=lambda _: descends
    )
    assert judgement.action is Action.REFUSE
    assert "commit bbbbbbbbbbbb" in judgement.reason


@pytest.mark.parametrize("kind", ALL)
def test_what_does_not_say_its_commit_moves_and_that_is_told(kind):
    judgement = judge(kind, OURS, standing(None, None), policy="guarded", descends=lambda _: None)
    assert judgement.action is Action.MOVE
    assert "does not say" in judgement.reason


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("1.2.4", Action.KEEP),
        ("v1.10.0", Action.KEEP),
        ("2.0.0-rc.1", Action.KEEP),
        ("1.2.2", Action.MOVE),
        ("1.2.3-rc.9", Action.MOVE),
        ("0.9", Action.MOVE),
    ],
)
@pytest.mark.parametrize("descends", [True, False, None])
def test_latest_goes_by_versions(theirs, expected, descends):
    assert action(TagKind.VERSIONS, standing(theirs), descends=descends) is expected


@pytest.mark.parametrize("kind", [TagKind.VERSIONS, TagKind.COMMITS])
@pytest.mark.parametrize("theirs", ["main", "1.2.3", None])
def test_without_versions_to_compare_commits_count(kind, theirs):
    current = standing(theirs, created=NOON - HOUR)
    assert action(kind, current, descends=True) is Action.KEEP
    assert action(kind, current, descends=False) is Action.MOVE


def test_a_branch_does_not_go_by_versions():
    assert action(TagKind.COMMITS, standing("9.9.9"), descends=False) is Action.MOVE


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [
        (NOON + HOUR, NOON, Action.KEEP),
        (NOON, NOON, Action.MOVE),
        (NOON - HOUR, NOON, Action.MOVE),
        (None, NOON, Action.MOVE),
        (NOON, None, Action.MOVE),
    ],
)
def test_where_history_is_not_here_times_count_and_that_is_told(theirs, mine, expected):
    ours = Ours(version="main", revision=MINE, committed=mine)
    judgement = judge(
        TagKind.COMMITS,
        ours,
        standing("main", created=theirs),
        policy="guarded",
        descends=lambda _: None,
    )
    assert judgement.action is expected
    assert "not known here" in judgement.reason


texts = st.none() | st.text(max_size=40)
times = st.none() | st.datetimes(timezones=st.just(UTC))


@given(
    st.sampled_from(TagKind),
    st.builds(Ours, version=texts, revision=st.text(max_size=40), committed=times),
    st.builds(
        standing,
        version=texts,
        revision=texts,
        created=times,
    ),
    st.none() | st.booleans(),
)
def test_whatever_stands_there_has_an_answer_in_one_printable_line(kind, ours, current, descends):
    judgement = judge(kind, ours, current, policy="guarded", descends=_says(descends))
    assert judgement.action in {Action.MOVE, Action.KEEP, Action.REFUSE}
    assert judgement.reason == "" or judgement.reason.isprintable()
    assert judgement.action is Action.MOVE or judgement.reason
