"""What records tell of manifests without a tag, and the list that a prune leaves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.records import Stood, seen, stood
from polyarch.runs.moves import TagMove
from polyarch.runs.run import Origin, Run
from polyarch.runs.summary import RunSummary
from polyarch.transaction.marker import marker

START = datetime(2026, 1, 2, tzinfo=UTC)
PLACE = "registry.example/team/app"
ONE, TWO, THREE = (Digest.of(text) for text in (b"1", b"2", b"3"))


def run(name: str, days: int) -> Run:
    started = START + timedelta(days=days)
    summary = RunSummary(id=name, verb="publish", project="p", version="1", started=started)
    return Run(summary=summary, origin=Origin.LOCAL, where=str(Path(name)))


def move(before: Digest | str | None, after: Digest, days: int | None = None) -> TagMove:
    time = None if days is None else START + timedelta(days=days)
    told = None if before is None else str(before)
    return TagMove(
        image="app",
        repository=PLACE,
        tag="main",
        digest=str(after),
        status="moved",
        before=told,
        time=time,
    )


def test_what_a_run_took_away_is_known_with_the_last_time():
    found = stood(
        [
            (run("a", 1), move(ONE, TWO)),
            (run("b", 2), move(TWO, ONE)),
            (run("c", 3), move(ONE, THREE, days=9)),
        ]
    )
    assert found == {
        PLACE: {
            ONE: Stood(tag="main", run="c", time=START + timedelta(days=9)),
            TWO: Stood(tag="main", run="b", time=START + timedelta(days=2)),
        }
    }


def test_what_never_stood_there_is_nothing():
    moves = [move("", ONE), move(None, ONE), move(ONE, ONE), move("sha256:nonsense", ONE)]
    assert not stood((run("a", 1), each) for each in moves)


@given(words=st.text(max_size=300))
def test_a_list_is_read_as_digests_or_not_at_all(words: str):
    told = marker({"dev.polyarch.prune.digests": words}, artifact_type=mark.ARTIFACT)
    assert all(str(digest) in words for digest in mark.listed(told))


@given(digests=st.lists(st.binary(max_size=4).map(Digest.of), max_size=5, unique=True))
def test_a_list_comes_back(digests: list[Digest]):
    words = " ".join(map(str, digests))
    told = marker({"dev.polyarch.prune.digests": words}, artifact_type=mark.ARTIFACT)
    assert mark.listed(told) == tuple(digests)
    assert mark.listed(marker({"dev.polyarch.prune.digests": words})) == ()


def test_an_index_is_no_list():
    assert mark.listed(ImageIndex.build([])) == ()
    assert mark.listed(None) == ()


def test_what_is_about_an_image_or_names_nothing_is_no_list():
    words = {"dev.polyarch.prune.digests": str(ONE)}
    subject = marker({}).descriptor
    assert mark.is_list(marker(words, artifact_type=mark.ARTIFACT))
    assert not mark.is_list(marker(words, artifact_type=mark.ARTIFACT, subject=subject))
    assert not mark.is_list(marker({}, artifact_type=mark.ARTIFACT))
    assert not mark.is_list(marker(words))


def test_all_that_runs_put_there_or_replaced_has_stood_there():
    kept = replace(move(ONE, THREE), status="kept")
    moves = [(run("a", 1), move(ONE, TWO)), (run("b", 2), kept), (run("c", 3), move("", ONE))]
    assert seen(moves) == {PLACE: frozenset({ONE, TWO})}
    assert not seen([(run("a", 1), replace(move("sha256:nonsense", ONE), digest=""))])
