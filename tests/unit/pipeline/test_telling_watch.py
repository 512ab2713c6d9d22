"""A watch is told when something new is wrong and when all is well again, and once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from polyarch.notify.notice import Kind, Notice
from polyarch.notify.wording import words_of
from polyarch.oci.fields import JsonObject, encode
from polyarch.pipeline.telling import Result
from polyarch.pipeline.telling_run import EndedRun, watches_in
from polyarch.pipeline.telling_watch import Change, Watched
from polyarch.runs.summary import RunSummary

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ALL = ("failure", "recovery")


def about(code: int, *images: str, **more: Any) -> RunSummary:
    known = {"id": "20260102T000000.000Z-abcdef", **more}
    return RunSummary(
        verb="watch",
        project="team/app",
        version="1",
        started=NOW,
        ended=NOW,
        exit_code=code,
        images=images or ("app",),
        **known,
    )


def finding(key: str, severity: str = "error", **more: str) -> dict[str, str]:
    row = {"code": "W101", "severity": severity, "message": f"{key} is lost", "key": key}
    return {**row, **more}


def watched(*keys: str, image: str = "app", images: Sequence[str] = ()) -> Watched:
    rows = [finding(key) for key in keys]
    document = {"results": [{"image": image, "findings": rows}]}
    return Watched.of(about(1 if keys else 0, *(images or (image,))), document)


def change(now: Watched, *before: Watched) -> Change:
    return Change(now=now, known=now.known(before))


def told(now: Watched, *before: Watched) -> Kind | None:
    return change(now, *before).decide(ALL).kind


BROKEN = Watched.of(about(5, error={"code": "unavailable", "message": "it is down"}), None)


def test_only_what_changes_is_told() -> None:
    assert told(watched("a")) is Kind.FAILURE
    assert told(watched("a"), watched("a")) is None
    assert told(watched("a", "b"), watched("a")) is Kind.FAILURE
    assert [each.key for each in change(watched("a", "b"), watched("a")).new] == ["b"]
    assert told(watched("a"), watched("a", "b")) is None
    assert told(watched(), watched("a")) is Kind.RECOVERY
    assert told(watched(), watched(), watched("a")) is None
    assert told(watched()) is None
    assert change(watched(), watched("a")).decide(("failure",)).kind is None
    assert change(watched()).decide(("success",)).kind is Kind.SUCCESS


def test_a_watch_that_saw_nothing_forgets_nothing() -> None:
    assert told(BROKEN) is Kind.FAILURE
    assert told(BROKEN, BROKEN, watched("a")) is None
    assert told(watched("a"), BROKEN, watched("a")) is None
    assert told(watched(), BROKEN, watched()) is Kind.RECOVERY
    stopped = Watched.of(about(130), None)
    assert stopped.result is Result.CANCELLED
    assert told(stopped, watched("a")) is None
    assert told(watched("a"), stopped, watched("a")) is None
    assert told(Watched.of(about(3), None)) is None


def test_one_that_fails_for_another_reason_is_told_as_well() -> None:
    refused = Watched.of(about(6, reason="b.io refused what was to be mended"), {"results": []})
    assert told(refused, watched()) is Kind.FAILURE
    assert told(refused, refused) is None
    assert notice(change(refused), Kind.FAILURE).findings == ("b.io refused what was to be mended",)


def test_each_image_has_its_own_past() -> None:
    both = Watched.of(
        about(1, "app", "web"),
        {"results": [{"image": name, "findings": [finding(name)]} for name in ("app", "web")]},
    )
    assert told(watched(), both) is Kind.RECOVERY
    assert told(watched(image="tool"), both) is None
    assert told(both, watched("app"), watched("web", image="web")) is None
    assert told(both, watched("app"), watched(image="web")) is Kind.FAILURE


def test_what_does_not_fail_is_not_told() -> None:
    rows = [finding("a", "info"), finding("b", "warning"), finding("c", "error"), finding("d", "?")]
    for least, keys in (("warning", {"b", "c"}), ("error", {"c"}), ("nonsense", {"b", "c"})):
        found = Watched.of(about(1), {"fail_on": least, "results": [{"findings": rows}]})
        assert {each.key for each in found.troubles} == keys
    assert not Watched.of(about(0), {"results": [{"findings": rows}]}).troubles


def notice(found: Change, kind: Kind) -> Notice:
    bare = Notice(kind=kind, project="team/app", time=NOW, version="1", verb="watch")
    return found.notice(bare)


def test_the_words() -> None:
    document = {
        "results": [{"findings": [finding("a", platform="linux/arm64", image="app"), finding("b")]}]
    }
    found = change(Watched.of(about(1), document), watched("c"))
    said = notice(found, Kind.FAILURE)
    assert said.what == "2 new findings"
    assert said.platforms == ("linux/arm64",)
    assert said.findings == ("W101: b is lost", "W101: a is lost")
    words = words_of(said)
    assert words.title == "team/app: what is published needs somebody [polyarch]"
    assert ("Found", "W101: b is lost; W101: a is lost") in words.lines
    assert ("Watch", "2 new findings") in words.lines
    well = words_of(notice(change(watched(), watched("a", "b")), Kind.RECOVERY))
    assert well.title == "team/app: what is published is well again [polyarch]"
    assert "had found 2" in well.lines[0][1]
    assert notice(change(BROKEN), Kind.FAILURE).what == "it is down"
    assert notice(change(watched("a", "b"), watched("a")), Kind.FAILURE).what == (
        "1 new finding, 1 known from before"
    )


def test_records_of_this_machine_newest_first(tmp_path: Path) -> None:
    ids = [f"2026010{day}T000000.000Z-abcdef" for day in (1, 2, 3, 4)]
    for at, each in enumerate(ids):
        folder = tmp_path / each
        folder.mkdir()
        (folder / "run.json").write_bytes(encode(about(0, id=each, sandbox=at == 3).to_json()))
        if at == 1:
            (folder / "result.json").write_bytes(encode({"results": []}))
    (tmp_path / ids[0] / "run.json").write_text("{")
    found = list(watches_in(tmp_path))
    assert [each.about.id for each in found] == [ids[2], ids[1]]
    assert [each.result for each in found] == [None, {"results": []}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "findings", "severity", "key", "image", "message"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["results", "images", "fail_on"]), JSON), st.text())
def test_records_are_hostile(document: JsonObject, words: str) -> None:
    document["findings"] = [{"code": words, "severity": "error", "message": words, "image": words}]
    summary = about(1, words)
    found = change(Watched.of(summary, document))
    run = EndedRun(about=summary, result=document, folder=None)
    said = found.notice(run.notice(Kind.FAILURE, ""))
    assert Notice.parse(encode(said.to_json())) == said
    assert change(Watched.of(summary, document), found.now).decide(ALL).kind is None
