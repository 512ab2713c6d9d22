"""What a run says when its record is not whole."""

from datetime import UTC, datetime
from pathlib import Path

from polyarch.events import Event, Note, Warned
from polyarch.pipeline.recording import admit_gap, both
from polyarch.runs.record import Recorder


def recorder(folder: Path) -> Recorder:
    return Recorder(
        folder / "events.jsonl", lambda: datetime(2026, 1, 2, tzinfo=UTC), folder.joinpath
    )


def test_a_gap_in_the_record_is_admitted(tmp_path: Path):
    told: list[Event] = []
    whole, broken = recorder(tmp_path), recorder(tmp_path / "gone")
    for each in (whole, broken):
        each(Note(text="x"))
        each(Note(text="y"))
        admit_gap(each, told.append)
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 2
    [warning] = told
    assert isinstance(warning, Warned)
    assert "not whole: cannot write: No such file or directory" in warning.text
    assert str(tmp_path / "gone") in warning.text


def test_a_terminal_that_has_gone_does_not_end_the_run():
    heard: list[Event] = []

    def gone(_event: Event) -> None:
        raise BrokenPipeError

    listen = both(gone, heard.append)
    listen(Note(text="x"))
    listen(Note(text="y"))
    assert heard == [Note(text="x"), Note(text="y")]
