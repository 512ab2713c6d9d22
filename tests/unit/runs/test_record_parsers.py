"""Records come from anywhere: whatever their files hold is read, left out or refused."""

import json
from collections.abc import Callable
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import SpecError
from polyarch.runs.entries import entries_of
from polyarch.runs.history import images_of, tags_document
from polyarch.runs.moves import TagMove, moves_of, moves_to_json, parse_moves
from polyarch.runs.outcome import RunOutcome
from polyarch.runs.planned import planned_images
from polyarch.runs.proven import findings_of
from polyarch.runs.reading import MAX_TEXT
from polyarch.runs.record import document
from polyarch.runs.report import report_of
from polyarch.runs.report_html import report_page
from polyarch.runs.report_markdown import report_markdown
from polyarch.runs.run import Origin, Run, RunRecord
from polyarch.runs.timeline import timeline_of
from tests.support.run_records import BEGIN, ID, MadeRun, digest

MADE = MadeRun(bad=frozenset({"web"}))
DOCUMENTS = MADE.documents()
KEYS = st.sampled_from(
    [
        "images", "name", "platforms", "platform", "digest", "destinations", "repository",
        "references", "tag", "tags", "status", "error", "message", "parts", "image", "manifest",
        "proofs", "proof", "level", "findings", "structure", "time", "event", "descriptor", "text",
        "seconds", "before", "publish", "reused", "reason",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(KEYS, each, max_size=6),
    max_leaves=30,
)
NAMES = st.sampled_from(
    [
        "BuildStarted", "BuildFinished", "BuildFailed", "ProofStep", "PlatformProven", "Staged",
        "TagMoved", "DestinationFailed", "ManifestStored", "CommandStarted", "CommandEnded",
        "Warned", "Other",
    ]
)  # fmt: skip
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"event": NAMES, "time": st.datetimes(timezones=st.just(UTC)).map(str)},
        optional={
            key: st.text() | st.integers() | st.none()
            for key in ("image", "platform", "repository", "tag", "digest", "reason", "seconds")
        },
    ),
    max_size=20,
)


def record(**documents: bytes) -> RunRecord:
    named = {name.replace("_", "."): raw for name, raw in documents.items()}
    run = Run(summary=MADE.summary(BEGIN), origin=Origin.LOCAL, where="here")
    return RunRecord(run=run, documents={**DOCUMENTS, **named})


def test_a_result_is_read() -> None:
    server, web = images_of(DOCUMENTS)
    assert server.digest == str(digest("server"))
    assert [each.level for each in server.platforms] == ["deep", "deep"]
    assert [each.status for each in web.destinations] == ["published", "published", "failed"]
    assert web.destinations[2].error == "the registry answers 503"
    assert [tag.tag for tag in web.destinations[0].tags] == ["v1.2.3", "v1.2", "latest"]


def test_the_result_of_a_build_is_read_too() -> None:
    part = {
        "image": "app",
        "platform": "linux/arm64",
        "manifest": {"digest": str(digest("a"))},
        "proofs": [{"level": "run", "how": "emulated"}],
        "reused": True,
    }
    (image,) = RunOutcome.parse(document({"parts": [part, {**part, "platform": "x"}]})).images
    assert (image.name, len(image.platforms)) == ("app", 2)
    first = image.platforms[0]
    assert (first.level, first.how, first.reused) == ("run", "emulated", True)


@given(JSON)
def test_any_json_is_a_result_a_plan_a_proof_and_moves_or_refused(value: object) -> None:
    raw = json.dumps(value).encode()
    readers: tuple[Callable[[bytes], object], ...] = (RunOutcome.parse, parse_moves)
    for read in readers:
        try:
            read(raw)
        except SpecError:
            assert not isinstance(value, dict) or "\\ud" in raw.decode().lower()
    planned_images(raw)
    findings_of(raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    planned_images(raw)
    findings_of(raw)
    list(entries_of(raw))
    tags_document({"result.json": raw, "events.jsonl": raw}, {})


@given(EVENTS)
def test_any_events_give_a_line_of_time_within_its_bounds(events: list[dict[str, object]]) -> None:
    raw = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    entries = sorted(entries_of(raw), key=lambda entry: entry.time)
    timeline = timeline_of(entries, (), ())
    for lane in timeline.lanes:
        for mark in lane.marks:
            assert 0 <= mark.start <= mark.end <= timeline.seconds
    made = report_of([record(events_jsonl=raw)])
    assert report_page(made)
    assert report_markdown(made)


@given(JSON, JSON, JSON)
def test_any_record_can_be_reported(result: object, plan: object, proof: object) -> None:
    raw = [json.dumps(each).encode() for each in (result, plan, proof)]
    made = report_of([record(result_json=raw[0], plan_json=raw[1], proof_json=raw[2])])
    assert report_page(made).endswith("</html>\n")
    report_markdown(made).encode()


def test_a_line_that_was_cut_off_is_left_out() -> None:
    whole = DOCUMENTS["events.jsonl"]
    assert len(list(entries_of(whole[:-20]))) == len(list(entries_of(whole))) - 1


def test_texts_are_cut() -> None:
    (image,) = RunOutcome.parse(document({"images": [{"name": "x" * 9000}]})).images
    assert len(image.name) == MAX_TEXT


class TestMoves:
    def test_what_stood_before_and_when(self) -> None:
        place = ("ghcr.io/team/server", "latest")
        old = str(digest("old"))
        entries = list(entries_of(DOCUMENTS["events.jsonl"]))
        moves = moves_of(images_of(DOCUMENTS), entries, {place: old})
        found = {(move.repository, move.tag): move for move in moves}
        assert found[place].before == old
        assert found[place].time
        assert found[place].is_move
        assert found["docker.io/team/server", "latest"].before is None
        assert not found["ghcr.io/team/web", "latest"].is_move
        assert parse_moves(document(moves_to_json(moves))) == moves

    def test_a_run_without_a_result_is_told_by_its_events(self) -> None:
        moves = moves_of((), list(entries_of(DOCUMENTS["events.jsonl"])), {})
        assert {move.tag for move in moves} == {"v1.2.3", "v1.2", "latest"}

    @given(
        st.builds(
            TagMove,
            image=st.text(max_size=20),
            repository=st.text(min_size=1, max_size=20),
            tag=st.text(min_size=1, max_size=20),
            digest=st.just(str(digest("x"))),
            status=st.sampled_from(["moved", "created", "failed"]),
            before=st.none() | st.just("") | st.just(str(digest("y"))),
            time=st.none() | st.just(BEGIN),
        )
    )
    def test_what_is_written_is_read(self, move: TagMove) -> None:
        assert parse_moves(document(moves_to_json([move]))) == (move,)


class TestReport:
    def test_jobs_are_joined(self) -> None:
        built = MadeRun(images=("server",), platforms=("linux/s390x",), id=f"{ID[:-1]}e")
        other = Run(summary=built.summary(BEGIN), origin=Origin.LOCAL, where="there")
        joined = report_of([record(), RunRecord(run=other, documents=built.documents())])
        rows = {(row.image, row.platform) for row in joined.rows}
        assert ("server", "linux/s390x") in rows
        assert ("web", "linux/amd64") in rows
        assert len(joined.others) == 1

    def test_a_run_that_died_shows_what_was_planned(self) -> None:
        made = report_of([record(result_json=b"", events_jsonl=b"")])
        assert {row.image for row in made.rows} == {"server", "web"}
        assert {place for row in made.rows for place in row.places} == {"planned"}

    @pytest.mark.parametrize("text", ["|", "<script>", "`", "[x](y)", "a\nb", "@team", "#1", "*_~"])
    def test_names_are_nothing_but_text_in_markdown(self, text: str) -> None:
        made = MadeRun(images=(text,), hosts=("ghcr.io",))
        run = Run(summary=made.summary(BEGIN), origin=Origin.LOCAL, where="x")
        markdown = report_markdown(report_of([RunRecord(run=run, documents=made.documents())]))
        rows = [line for line in markdown.splitlines() if line.startswith("|")]
        assert {line.count("|") for line in rows[:3]} == {7}
        assert text not in rows[2].replace("`", "", 2) or text in "|`"
        assert "<script>" not in markdown

    def test_markdown_has_an_upper_bound(self) -> None:
        names = tuple(f"{'<' * 150}{number}" for number in range(900))
        made = MadeRun(images=names, hosts=("ghcr.io",))
        run = Run(summary=made.summary(BEGIN), origin=Origin.LOCAL, where="x")
        markdown = report_markdown(report_of([RunRecord(run=run, documents=made.documents())]))
        assert len(markdown.encode()) < 1024 * 1024
        assert "more are left out here" in markdown

    def test_a_page_has_an_upper_bound(self) -> None:
        places = [
            {"repository": f"{number}.test/x", "error": {"message": "<" * 1000}}
            for number in range(100)
        ]
        platforms = [{"platform": "<" * 100 + str(number)} for number in range(100)]
        images = [
            {"name": f"{number}", "destinations": places, "platforms": platforms}
            for number in range(60)
        ]
        made = report_of([record(result_json=json.dumps({"images": images}).encode())])
        assert len(report_page(made)) < 20_000_000
        assert len(report_markdown(made).encode()) < 1024 * 1024
        assert any("registries" in each for each in made.left_out)

    def test_a_page_links_to_nothing_but_the_web(self) -> None:
        for address in ("javascript:alert(1)", "https://ci.test/'><b>", "ci 7"):
            summary = MADE.summary(BEGIN)
            run = Run(
                summary=type(summary).parse(
                    document({**summary.to_json(), "ci_run": address}),
                ),
                origin=Origin.LOCAL,
                where="x",
            )
            page = report_page(report_of([RunRecord(run=run, documents=DOCUMENTS)]))
            assert "<a " not in page
