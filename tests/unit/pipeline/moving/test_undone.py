"""What records and journals say of a run that is to be undone; they come from anywhere."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import NothingToUndoError, RunGoesOnError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.undone import undone_run
from polyarch.runs.run import Origin, Run, RunRecord
from polyarch.runs.summary import RunSummary
from polyarch.transaction.journal import FILE, Journal

OLD, NEW = ImageIndex.build([], annotations={"a": "old"}), Digest.of(b"new")
BEFORE = OLD.descriptor.digest
PLACE = Repository.parse("ghcr.io/team/app")
ID = "20260102T030405.000Z-abcdef"


def record(
    *tags: Mapping[str, Any], folder: Path | None = None, alive: bool = False, sandbox: bool = False
) -> RunRecord:
    """A record with these rows in its tags.json."""
    summary = RunSummary(
        id=ID,
        verb="publish",
        project="p",
        version="1",
        started=datetime(2026, 1, 2, tzinfo=UTC),
        sandbox=sandbox,
    )
    run = Run(summary=summary, origin=Origin.LOCAL, where="here", folder=folder, alive=alive)
    return RunRecord(run=run, documents={"tags.json": json.dumps({"tags": tags}).encode()})


def row(**said: object) -> dict[str, object]:
    """A tag that was moved, and what is said otherwise of it."""
    usual = {"image": "app", "repository": str(PLACE), "tag": "latest", "status": "moved"}
    return {**usual, "digest": str(NEW), "before": str(BEFORE), **said}


def test_moves_are_changes():
    found = undone_run(record(row(), row(tag="1.3.0", status="created", before="")))
    moved, created = found.changes
    assert (moved.before, moved.after, moved.known) == (BEFORE, NEW, True)
    assert (created.before, created.after, created.known) == (None, NEW, True)


def test_what_was_left_or_removed_has_changed_too():
    found = undone_run(record(row(status="left"), row(tag="gone", status="removed", digest=None)))
    assert [(each.before, each.after) for each in found.changes] == [
        (BEFORE, NEW),
        (BEFORE, None),
    ]


def test_what_nobody_wrote_down_is_not_known():
    [change] = undone_run(record(row(before=None))).changes
    assert not change.known


@pytest.mark.parametrize("status", ["kept", "unchanged", "restored", "failed", ""])
def test_what_did_not_change_is_not_undone(status: str):
    with pytest.raises(NothingToUndoError, match="no tag was moved"):
        undone_run(record(row(status=status)))


def test_runs_that_cannot_be_undone():
    with pytest.raises(RunGoesOnError):
        undone_run(record(row(), alive=True))
    with pytest.raises(NothingToUndoError, match="rehearsal"):
        undone_run(record(row(), sandbox=True))


async def test_a_journal_knows_what_nobody_heard_of(tmp_path: Path):
    with Journal.create(tmp_path / FILE) as journal:
        await journal.frozen(PLACE, "latest", OLD)
        await journal.moving(PLACE, "latest", NEW)
        await journal.frozen(PLACE, "1.3.0", None)
        await journal.moving(PLACE, "1.3.0", NEW)
        await journal.frozen(PLACE, "1", OLD)
        await journal.moving(PLACE, "1", NEW)
        journal.restored(PLACE, "1")
    found = undone_run(record(folder=tmp_path))
    assert {each.tag: (each.before, each.after) for each in found.changes} == {
        "latest": (BEFORE, NEW),
        "1.3.0": (None, NEW),
    }
    assert found.old[BEFORE].raw == OLD.raw


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {},
    optional={
        "image": anything,
        "repository": anything | st.just(str(PLACE)),
        "tag": anything | st.just("latest"),
        "digest": anything | st.just(str(NEW)),
        "status": anything | st.sampled_from(["moved", "created", "removed", "left"]),
        "before": anything | st.just(str(BEFORE)),
    },
)


@given(st.lists(rows, max_size=4))
def test_hostile_rows_name_sound_tags_or_nothing(found: list[dict[str, object]]):
    try:
        undone = undone_run(record(*found))
    except NothingToUndoError:
        return
    for change in undone.changes:
        assert str(change.repository.tag(change.tag))
        assert not change.known or change.before != change.after
