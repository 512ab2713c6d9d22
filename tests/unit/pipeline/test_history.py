import base64
import json
from pathlib import Path

from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.history import forget_oldest, standing_before
from polyarch.runs.alive import Held
from polyarch.transaction.journal import FILE, Journal

ENDED = '{"do":"begin","images":[]}\n{"do":"end"}\n'
BEGUN = '{"do":"begin","images":[]}\n'


def run_id(number: int) -> str:
    return f"202601{number:02d}T000000.000Z-aaaaaa"


def folder(runs: Path, number: int, journal: str = "") -> Path:
    made = runs / run_id(number)
    (made / "logs").mkdir(parents=True)
    (made / "logs" / "x.log").write_text("x")
    if journal:
        (made / FILE).write_text(journal)
    return made


def left(runs: Path) -> list[int]:
    return sorted(int(path.name[6:8]) for path in runs.iterdir())


def test_the_oldest_go(tmp_path: Path) -> None:
    for number in range(1, 7):
        folder(tmp_path, number, ENDED if number % 2 else "")
    gone = forget_oldest(tmp_path, 4)
    assert sorted(gone) == [run_id(1), run_id(2)]
    assert left(tmp_path) == [3, 4, 5, 6]
    assert forget_oldest(tmp_path, 4) == ()


def test_what_is_needed_stays(tmp_path: Path) -> None:
    for number in (1, 2, 5, 6):
        folder(tmp_path, number)
    alive = Held(folder(tmp_path, 3))
    folder(tmp_path, 4, BEGUN)
    written = folder(tmp_path, 7)
    with Journal.create(written / FILE) as journal:
        journal.begin([])
        journal.end()
        assert set(forget_oldest(tmp_path, 1, current=run_id(1))) == {
            run_id(number) for number in (2, 5, 6)
        }
    assert left(tmp_path) == [1, 3, 4, 7]
    alive.release()


def test_nothing_else_goes(tmp_path: Path) -> None:
    for name in ("notes", "20260101T000000.000Z-aaaaa", "x20260101T000000.000Z-aaaaaa"):
        (tmp_path / name).mkdir()
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / run_id(1)).symlink_to(elsewhere)
    (tmp_path / run_id(2)).write_text("a file")
    assert forget_oldest(tmp_path, 0) == ()
    assert elsewhere.is_dir()
    assert forget_oldest(tmp_path / "absent", 1) == ()


def test_a_removal_that_was_cut_off_is_ended(tmp_path: Path) -> None:
    folder(tmp_path, 1).rename(tmp_path / f".gone-{run_id(1)}")
    forget_oldest(tmp_path, 5)
    assert not list(tmp_path.iterdir())


def test_what_stood_before(tmp_path: Path) -> None:
    index = ImageIndex.build([])
    old = {
        "digest": str(index.descriptor.digest),
        "media_type": index.descriptor.media_type,
        "raw": base64.b64encode(index.raw).decode(),
    }
    place: dict[str, str] = {"do": "frozen", "repository": "ghcr.io/team/app"}
    lines = [
        {**place, "tag": "new"},
        {**place, "tag": "main", **old},
        {**place, "tag": "bad", "digest": "x", "raw": "!"},
    ]
    assert standing_before(tmp_path) == {}
    (tmp_path / FILE).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert standing_before(tmp_path) == {
        ("ghcr.io/team/app", "new"): "",
        ("ghcr.io/team/app", "main"): str(index.descriptor.digest),
    }
