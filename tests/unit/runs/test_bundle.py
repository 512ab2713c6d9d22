"""Archives of records: what is packed is unpacked, and nothing else comes out of one."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.errors import NoRecordsError, RunUnreadableError
from polyarch.runs.bundle import inflate, inner_path, pack, unpack
from polyarch.runs.finding import archive_records, limit_of
from polyarch.runs.importing import import_records
from polyarch.runs.reading import DOCUMENTS
from tests.support.run_records import ID, MadeRun

SOME = st.dictionaries(st.sampled_from(sorted(DOCUMENTS)), st.binary(max_size=200))
HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return raw.getvalue()


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member, b""


@given(SOME)
def test_what_is_packed_is_unpacked(documents: dict[str, bytes]) -> None:
    packed = pack(documents)
    assert unpack(packed, "here") == documents
    assert packed == pack(dict(reversed(documents.items()))), "the same bytes for the same record"


@given(st.binary(max_size=500))
def test_any_bytes_are_refused_or_empty(raw: bytes) -> None:
    for each in (raw, gzip.compress(raw)):
        try:
            assert unpack(each, "here") == {}
        except RunUnreadableError:
            continue


@given(SOME, st.data())
def test_a_damaged_archive_is_refused_or_read(
    documents: dict[str, bytes], data: st.DataObject
) -> None:
    packed = bytearray(pack(documents))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    try:
        assert set(unpack(bytes(packed), "here")) <= set(DOCUMENTS)
    except RunUnreadableError:
        return


def test_a_bomb_is_never_blown_up() -> None:
    bomb = gzip.compress(bytes(30 * 1024 * 1024))
    with pytest.raises(RunUnreadableError, match="more than"):
        inflate(bomb, "here", 1024 * 1024)
    with pytest.raises(RunUnreadableError, match="missing"):
        inflate(bomb[:-100], "here")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../run.json", "a/../../x", "a\\..\\x", "a\nb", "", ".", "a\0b"]
)
def test_no_path_leads_out(name: str) -> None:
    assert inner_path(name) is None


@given(st.text(max_size=60))
def test_any_path_stays_inside(name: str) -> None:
    path = inner_path(name)
    if path is not None:
        assert Path("/top", path).resolve().is_relative_to("/top")


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("run.json", True),
        ("a/b/result.json", True),
        ("a/logs/build-x.log", True),
        ("a/logs/.hidden.log", False),
        ("a/logs/x.sh", False),
        ("journal.jsonl", False),
        ("a/build-x.log", False),
    ],
)
def test_only_names_of_a_record_count(path: str, taken: bool) -> None:
    assert bool(limit_of(PurePosixPath(path))) is taken


class TestImport:
    def test_links_and_ways_out_are_left_alone(self, tmp_path: Path) -> None:
        run = MadeRun().documents()["run.json"]
        place = tmp_path / "evil.tar"
        place.write_bytes(
            tar_of(
                link("job/logs", "/etc"),
                link("job/result.json", "/etc/passwd"),
                (tarfile.TarInfo("../../run.json"), run),
                (tarfile.TarInfo("/run.json"), run),
                (tarfile.TarInfo("job/run.json"), run),
                (tarfile.TarInfo("job/journal.jsonl"), b"{}"),
            )
        )
        (taken,) = import_records(place, tmp_path / "runs")
        assert taken.taken
        assert {path.name for path in (tmp_path / "runs" / ID).iterdir()} == {
            "run.json", "tags.json", "imported.json", "logs",
        }  # fmt: skip
        assert {path.name for path in tmp_path.iterdir()} == {"evil.tar", "runs"}

    @pytest.mark.parametrize("run", ["../x", "x", f"{ID}/..", "", ".", f"{ID}\n"])
    def test_an_id_is_no_path(self, tmp_path: Path, run: str) -> None:
        value = json.loads(MadeRun().documents()["run.json"])
        place = tmp_path / "job"
        place.mkdir()
        (place / "run.json").write_text(json.dumps({**value, "id": run}))
        with pytest.raises(RunUnreadableError, match="no id"):
            import_records(place, tmp_path / "runs")
        assert not (tmp_path / "runs").exists()

    def test_a_folder_of_links(self, tmp_path: Path) -> None:
        place = tmp_path / "job"
        place.mkdir()
        real = MadeRun().write(tmp_path / "real")
        for path in real.iterdir():
            (place / path.name).symlink_to(path)
        with pytest.raises(NoRecordsError):
            import_records(place, tmp_path / "runs")

    @HERE
    @given(raw=st.binary(max_size=400), zipped=st.booleans())
    def test_any_file_is_refused_or_has_nothing(
        self, tmp_path: Path, raw: bytes, zipped: bool
    ) -> None:
        place = tmp_path / "file"
        if zipped:
            with zipfile.ZipFile(place, "w") as archive:
                archive.writestr("run.json", raw)
            raw = place.read_bytes()
        place.write_bytes(raw)
        with pytest.raises((RunUnreadableError, NoRecordsError)):
            import_records(place, tmp_path / "runs")

    @HERE
    @given(data=st.data())
    def test_a_damaged_zip(self, tmp_path: Path, data: st.DataObject) -> None:
        place = tmp_path / "file.zip"
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in MadeRun(images=("a",)).documents().items():
                archive.writestr(name, text)
        raw = bytearray(place.read_bytes())
        for _ in range(3):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        place.write_bytes(bytes(raw))
        try:
            for found in archive_records(place):
                assert set(found.files) <= set(DOCUMENTS)
        except RunUnreadableError:
            return
