"""Who is told of what people do to published images, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.ci_event import CiEvent, Provider
from polyarch.notify.notice import Kind, Notice
from polyarch.notify.wording import words_of
from polyarch.oci.fields import encode
from polyarch.pipeline.telling_act import ACTS, Act
from polyarch.pipeline.telling_run import EndedRun
from polyarch.runs.moves import TagMove
from polyarch.runs.summary import RunSummary
from polyarch.transaction.journal import FILE as JOURNAL

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OLD, NEW = (f"sha256:{digit * 64}" for digit in "12")
LAPTOP = CiEvent(provider=Provider.LOCAL, name="local", ref="", sha="")
CI = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/heads/main", sha="")
EVERYTHING = ("failure", "recovery", "act")


def about(code: int = 0, verb: str = "rollback") -> RunSummary:
    return RunSummary(
        id="20260102T000000.000Z-abcdef",
        verb=verb,
        project="team/app",
        version="1",
        started=NOW,
        ended=NOW,
        exit_code=code,
        actor="alice",
        why="1.2.4 loses data",
        images=("app",),
    )


def move(tag: str, status: str = "moved", host: str = "a.io", before: str | None = NEW) -> TagMove:
    return TagMove(
        image="app",
        repository=f"{host}/team/app",
        tag=tag,
        digest="" if status == "removed" else OLD,
        status=status,
        before=before,
    )


def act(code: int = 0, *moves: TagMove, began: bool = True) -> Act:
    return Act(about=about(code), moves=moves, began=began)


def bare(kind: Kind) -> Notice:
    return Notice(kind=kind, project="team/app", time=NOW, version="1", verb="rollback")


@pytest.mark.parametrize("event", [LAPTOP, CI], ids=["laptop", "ci"])
def test_what_moved_is_told_wherever_it_was_done(event: CiEvent) -> None:
    assert act(0, move("latest")).decide(event, EVERYTHING).kind is Kind.ACT
    assert act(0, move("latest", "removed")).decide(event, EVERYTHING).kind is Kind.ACT
    assert act(0, move("latest", "unchanged")).decide(event, EVERYTHING).kind is None
    assert act(0, move("latest", "left", before=OLD)).decide(event, EVERYTHING).kind is None
    assert act(0, move("latest", "left")).decide(event, EVERYTHING).kind is Kind.ACT
    assert act(0, move("latest")).decide(event, ("failure",)).kind is None
    for code in (1, 4, 5, 6, 70):
        assert act(code).decide(event, EVERYTHING).kind is Kind.FAILURE
        assert act(code).decide(event, ("act",)).kind is Kind.FAILURE
        assert act(code).decide(event, ("recovery", "success")).kind is None


def test_who_mistypes_or_stops_before_anything_began_bothers_nobody() -> None:
    for code in (2, 3, 7, 130):
        assert act(code, began=False).decide(LAPTOP, EVERYTHING).kind is None
    assert act(7, began=False).decide(CI, EVERYTHING).kind is Kind.FAILURE
    assert act(130).decide(LAPTOP, EVERYTHING).kind is Kind.FAILURE
    fork = replace(CI, is_fork=True)
    assert act(5).decide(fork, EVERYTHING).kind is None


def test_who_why_and_what_moved_where() -> None:
    told = act(
        0,
        move("latest"),
        move("1"),
        move("latest", "kept"),
        move("next", "removed"),
        move("stable", "created", "b.io", ""),
        move("edge", "moved", "b.io", None),
    ).notice(bare(Kind.ACT))
    assert (told.who, told.why, told.line) == ("alice", "1.2.4 loses data", "rollback")
    old, new = OLD[:19], NEW[:19]
    assert told.tags == (
        f"a.io/team/app: 1, latest show {old}, before {new}",
        f"a.io/team/app: next is gone, before {new}",
        f"b.io/team/app: stable shows {old}, new",
        f"b.io/team/app: edge shows {old}",
    )
    words = words_of(told)
    assert words.title == "team/app: rolled back by alice [polyarch]"
    assert ("Why", "1.2.4 loses data") in words.lines


def test_what_it_was_and_where_in_few_words() -> None:
    same = [move(tag, host=host) for host in ("b.io", "a.io") for tag in ("latest", "1")]
    sources = {"app": "1.2.3", "web": f"c.io/team/web@{OLD}", "bot": "1.2.3"}
    done = Act(about=about(), moves=tuple(same), began=True, sources=sources)
    told = done.notice(bare(Kind.ACT))
    done_to = "rolled back to"
    assert told.what == f"app, bot: {done_to} 1.2.3; web: {done_to} c.io/team/web@{OLD[:19]}"
    assert told.tags == (
        f"b.io/team/app, a.io/team/app: 1, latest show {OLD[:19]}, before {NEW[:19]}",
    )
    failed = replace(bare(Kind.FAILURE), what="it is down")
    assert done.notice(failed).what == "it is down"


@pytest.mark.parametrize(
    ("verb", "source", "what"),
    [
        ("rollback", "1.2.3", "app: rolled back to 1.2.3"),
        ("undo", "as before promote 2026", "app: undone, tags are as before promote 2026"),
        ("promote", f"c.io/app@{OLD}", f"app: promoted c.io/app@{OLD[:19]}"),
        ("tag", "c.io/app:1.2.3", "app: tagged c.io/app:1.2.3"),
    ],
)
def test_each_verb_says_what_it_did(verb: str, source: str, what: str) -> None:
    done = Act(about=about(0, verb), moves=(move("1"),), began=True, sources={"app": source})
    assert done.notice(bare(Kind.ACT)).what == what


def test_what_was_stopped_midway_is_told_as_that() -> None:
    told = act(130, move("latest")).notice(bare(Kind.FAILURE))
    assert words_of(told).title == "team/app: rolling back was cancelled [polyarch]"


@pytest.mark.parametrize("verb", sorted(ACTS))
def test_every_verb_has_its_words(verb: str) -> None:
    titles = {words_of(replace(bare(kind), verb=verb)).title for kind in (Kind.ACT, Kind.FAILURE)}
    assert len(titles) == 2
    assert not any("pipeline" in title or "images" in title for title in titles)


def result(**destination: Any) -> dict[str, Any]:
    return {"images": [{"name": "app", "digest": OLD, "destinations": [destination]}]}


def test_a_record_without_a_journal_tells_from_its_result(tmp_path: Path) -> None:
    references = [{"tag": "latest", "digest": OLD, "status": "moved"}]
    document = result(repository="a.io/app", status="published", references=references)
    (tmp_path / "result.json").write_bytes(encode(document))
    run = EndedRun(about=about(), result=document, folder=tmp_path)
    assert run.act
    assert [each.tag for each in run.act.changed] == ["latest"]
    assert not run.act.began
    assert run.notice(run.kind, "").tags == (f"a.io/app: latest shows {OLD[:19]}",)
    (tmp_path / JOURNAL).write_text("")
    assert run.act.began


def test_what_one_that_died_has_moved_is_told_by_the_next(tmp_path: Path) -> None:
    references = [{"tag": "latest", "digest": OLD, "status": "unchanged"}]
    document = result(repository="a.io/app", status="unchanged", references=references)
    ids = [f"2026010{day}T000000.000Z-abcdef" for day in (1, 2)]
    for each in ids:
        (tmp_path / each).mkdir()
    (tmp_path / ids[1] / "result.json").write_bytes(encode(document))
    for code, verb, told in (
        (None, "rollback", True),
        (0, "rollback", False),
        (None, "undo", False),
    ):
        died = replace(about(0, verb), id=ids[0], exit_code=code, ended=None)
        (tmp_path / ids[0] / "run.json").write_bytes(encode(died.to_json()))
        run = EndedRun(about=replace(about(), id=ids[1]), result=document, folder=tmp_path / ids[1])
        assert run.act
        assert (run.act.decide(LAPTOP, EVERYTHING).kind is Kind.ACT) == told
        assert run.notice(run.kind, "").tags == ("a.io/app: latest shows the new image",)


@given(
    st.dictionaries(
        st.sampled_from(["images", "error", "reason"]),
        st.lists(
            st.dictionaries(
                st.sampled_from(["name", "destinations", "references", "tag", "status"]),
                st.text(max_size=8) | st.lists(st.dictionaries(st.text(), st.text(), max_size=2)),
                max_size=3,
            ),
            max_size=3,
        ),
    ),
    st.sampled_from(sorted(ACTS)),
    st.text(max_size=40),
)
def test_records_of_acts_are_hostile(document: dict[str, Any], verb: str, why: str) -> None:
    summary = replace(about(1, verb), why=why, actor=why)
    run = EndedRun(about=summary, result=document, folder=None)
    notice = run.notice(Kind.FAILURE, "")
    assert Notice.parse(encode(notice.to_json())) == notice
