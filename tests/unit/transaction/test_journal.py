import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import StorageError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.memory import Upload
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.past import PastRun, unfinished
from tests.support.images import make_index

REPOSITORY = Repository.parse("ghcr.io/team/app")
OLD, NEW = make_index(content=b"old").index, make_index(content=b"new").index
BLOB = Digest.of(b"blob")
UPLOAD = Upload(
    repository=REPOSITORY, digest=BLOB, location="https://ghcr.io/x?_state=a", acknowledged=5
)


async def write_flip(journal: Journal, *, arrived: bool) -> None:
    journal.begin([{"image": "app"}])
    journal.keep(UPLOAD)
    await journal.frozen(REPOSITORY, "1.2", OLD)
    await journal.frozen(REPOSITORY, "new", None)
    await journal.moving(REPOSITORY, "1.2", NEW.descriptor.digest)
    if arrived:
        journal.moved(REPOSITORY, "1.2", NEW.descriptor.digest)


def died(folder: Path, *, arrived: bool = False) -> PastRun:
    """A journal whose writer went away without a word."""
    with Journal.create(folder / FILE) as journal:
        asyncio.run(write_flip(journal, arrived=arrived))
    found = PastRun.read(folder / FILE)
    assert found
    return found


@pytest.mark.parametrize("arrived", [False, True])
def test_what_was_written_is_read(tmp_path: Path, arrived: bool):
    past = died(tmp_path, arrived=arrived)
    assert past.died_in_flip
    assert past.moving == {(str(REPOSITORY), "1.2"): str(NEW.descriptor.digest)}
    old = past.old[str(REPOSITORY), "1.2"]
    assert old
    assert old.raw == OLD.raw
    assert past.old[str(REPOSITORY), "new"] is None
    assert list(past.uploads.values()) == [UPLOAD]


def test_only_its_owner_reads_it(tmp_path: Path):
    with Journal.create(tmp_path / FILE):
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_one_writer_at_a_time(tmp_path: Path):
    with Journal.create(tmp_path / FILE) as journal:
        with pytest.raises(StorageError):
            Journal.create(tmp_path / FILE)
        assert PastRun.read(tmp_path / FILE) is None, "it is being written"
        journal.end()
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert found.ended


def test_the_lock_ends_with_the_process(tmp_path: Path):
    script = (
        "import os, sys, pathlib\n"
        "from polyarch.transaction.journal import Journal\n"
        "journal = Journal.create(pathlib.Path(sys.argv[1]))\n"
        "journal.begin([])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / FILE)], check=False, timeout=60
    )
    assert done.returncode == -9
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert not found.ended


NO_ROOM = """\
import asyncio, pathlib, resource, sys
from polyarch.errors import StorageError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.transaction.journal import Journal

journal = Journal.create(pathlib.Path(sys.argv[1]))
move = Repository.parse("ghcr.io/team/app"), "1.2", Digest.of(b"new")
asyncio.run(journal.moving(*move))
resource.setrlimit(resource.RLIMIT_FSIZE, (pathlib.Path(sys.argv[1]).stat().st_size + 20, -1))
try:
    asyncio.run(journal.moving(*move))
except StorageError:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
journal.end()
"""


def test_a_line_that_has_room_for_its_beginning_alone_was_not_written(tmp_path: Path):
    """The file system takes what it has room for, and refuses only the next byte."""
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path / FILE)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "refused\n"
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert found.ended, "a line after it begins anew"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(path.with_name("other"))])
def test_what_is_no_journal_is_neither_read_nor_written(
    tmp_path: Path, make: Callable[[Path], None]
):
    other = tmp_path / "other"
    other.write_text('{"do":"moving","repository":"ghcr.io/a","tag":"x","digest":"y"}')
    before = other.read_text()
    make(tmp_path / FILE)
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert not found.moving
    found.settle([])
    assert other.read_text() == before


def test_a_tag_that_was_put_back_is_no_more_on_its_way(tmp_path: Path):
    with Journal.create(tmp_path / FILE) as journal:
        asyncio.run(write_flip(journal, arrived=True))
        journal.restored(REPOSITORY, "1.2")
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert not found.died_in_flip


def test_uploads_that_ended_are_forgotten(tmp_path: Path):
    with Journal.create(tmp_path / FILE) as journal:
        journal.keep(UPLOAD)
        assert journal.recall(REPOSITORY, BLOB) == UPLOAD
        journal.forget(REPOSITORY, BLOB)
        assert journal.recall(REPOSITORY, BLOB) is None
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert found.uploads == {}


def test_runs_that_came_to_their_end_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("ended", "settled", "dead", "like an end"):
        (tmp_path / name).mkdir()
        died(tmp_path / name)
    with (tmp_path / "ended" / FILE).open("ab") as file:
        file.write(b'{"do":"end"}\n')
    with (tmp_path / "like an end" / FILE).open("ab") as file:
        file.write(b'{"do":"kept","why":"{"do":"end"}\n')
    settled = PastRun.read(tmp_path / "settled" / FILE)
    assert settled
    settled.settle([REPOSITORY])
    read: list[str] = []
    as_it_is = PastRun.read

    def noting(path: Path) -> PastRun | None:
        read.append(path.parent.name)
        return as_it_is(path)

    monkeypatch.setattr(PastRun, "read", noting)
    assert [past.name for past in unfinished(tmp_path)] == ["like an end", "dead"]
    assert read == ["like an end", "dead"]


def test_only_runs_that_did_not_end_are_unfinished_newest_first(tmp_path: Path):
    for name, ended in (("1", False), ("2", True), ("3", False)):
        (tmp_path / name).mkdir()
        with Journal.create(tmp_path / name / FILE) as journal:
            journal.begin([])
            if ended:
                journal.end()
    assert [past.name for past in unfinished(tmp_path)] == ["3", "1"]
    unfinished(tmp_path)[0].settle([])
    assert [past.name for past in unfinished(tmp_path)] == ["1"]


def test_uploads_to_elsewhere_outlive_what_is_settled(tmp_path: Path):
    past = died(tmp_path)
    past.settle([Repository.parse("ghcr.io/team/other")])
    found = PastRun.read(past.path)
    assert found
    assert not found.ended
    assert not found.died_in_flip
    assert list(found.uploads.values()) == [UPLOAD]
    found.settle([REPOSITORY])
    found = PastRun.read(past.path)
    assert found
    assert found.ended


@pytest.mark.parametrize(
    ("key", "value"), [("repository", 5), ("repository", "A B"), ("tag", ["x"]), ("tag", "../x")]
)
def test_what_names_no_tag_is_not_on_its_way(tmp_path: Path, key: str, value: object):
    line = {"do": "moving", "repository": "ghcr.io/a", "tag": "x", "digest": "y", key: value}
    (tmp_path / FILE).write_text(json.dumps(line))
    found = PastRun.read(tmp_path / FILE)
    assert found
    assert not found.moving


def test_bytes_that_are_not_what_their_digest_says_are_not_believed(tmp_path: Path):
    past = died(tmp_path)
    lines = [json.loads(line) for line in past.path.read_text().splitlines()]
    for line in lines:
        if line["do"] == "frozen" and "raw" in line:
            line["digest"] = str(NEW.descriptor.digest)
    past.path.write_text("\n".join(map(json.dumps, lines)))
    found = PastRun.read(past.path)
    assert found
    assert (str(REPOSITORY), "1.2") not in found.old


@given(cut=st.integers(min_value=0, max_value=3000))
def test_a_journal_may_end_anywhere(tmp_path_factory: pytest.TempPathFactory, cut: int):
    folder = tmp_path_factory.mktemp("cut")
    past = died(folder)
    past.path.write_bytes(past.path.read_bytes()[:cut])
    assert PastRun.read(past.path) is not None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_STEPS = st.sampled_from(["upload", "ended", "frozen", "moving", "moved", "restored", "end", "x"])
_KEYS = st.sampled_from(
    ["repository", "digest", "tag", "location", "acknowledged", "raw", "media_type"]
)


@given(lines=st.lists(st.tuples(_STEPS, st.dictionaries(_KEYS, _VALUES)), max_size=6))
def test_nothing_that_a_journal_says_breaks_its_reader(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[str, dict[str, object]]],
):
    path = tmp_path_factory.mktemp("odd") / FILE
    path.write_text("\n".join(json.dumps({**fields, "do": step}) for step, fields in lines))
    assert PastRun.read(path) is not None


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_journal_of_nothing(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.mktemp("bytes") / FILE
    path.write_bytes(data)
    found = PastRun.read(path)
    assert found
    assert not found.uploads
