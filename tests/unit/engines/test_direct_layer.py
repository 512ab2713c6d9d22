import contextlib
import gzip
import hashlib
import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.engines.layer import Entry, File, Folder, Layer, Link, arrange, write_layer
from polyarch.errors import InterruptedByUserError, LaidFileError, StorageError
from polyarch.host.process import ending_all

CREATED = 1_700_000_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "file"
    file.write_bytes(b"content")
    return file


def write(entries: Iterable[Entry], created: int = CREATED) -> tuple[Layer, bytes]:
    buffer = io.BytesIO()
    layer = write_layer(entries, buffer, created=created, where="k")
    return layer, buffer.getvalue()


def read(packed: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return tar.getmembers()


def path(text: str) -> PurePosixPath:
    return PurePosixPath(text)


def test_digests_are_those_of_the_bytes(source):
    layer, packed = write([File(path=path("a"), source=source, mode=0o755)])
    assert layer.descriptor.digest.encoded == hashlib.sha256(packed).hexdigest()
    assert layer.descriptor.size == len(packed)
    assert layer.diff_id.encoded == hashlib.sha256(gzip.decompress(packed)).hexdigest()


def test_every_field_is_the_same_everywhere(source):
    entries: list[Entry] = [
        File(path=path("usr/bin/hello"), source=source, mode=0o755),
        Link(path=path("usr/bin/hi"), target="hello"),
        Folder(path=path("data"), mode=0o700),
    ]
    members = read(write(entries)[1])
    assert [(m.name, oct(m.mode), m.size) for m in members] == [
        ("data", "0o700", 0),
        ("usr", "0o755", 0),
        ("usr/bin", "0o755", 0),
        ("usr/bin/hello", "0o755", 7),
        ("usr/bin/hi", "0o777", 0),
    ]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(CREATED, 0, 0, "", "")}
    assert not any(m.pax_headers for m in members)


def test_the_gzip_header_holds_neither_name_nor_time(source):
    packed = write([File(path=path("a"), source=source, mode=0o644)])[1]
    assert packed[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_the_time_is_the_only_thing_that_time_changes(source):
    entries = [File(path=path("a"), source=source, mode=0o644)]
    assert write(entries)[1] == write(entries)[1]
    assert write(entries, created=1)[1] != write(entries, created=2)[1]


def test_parents_that_bases_have_with_other_modes_keep_them(source):
    entries = [
        File(path=path(f"{folder}/x"), source=source, mode=0o644)
        for folder in ("tmp", "var/tmp", "root")
    ]
    modes = {m.name: m.mode for m in read(write(entries)[1]) if m.isdir()}
    assert modes == {"tmp": 0o1777, "var": 0o755, "var/tmp": 0o1777, "root": 0o700}


def test_long_and_foreign_names_survive(source):
    names = ["d" * 200 + "/" + "f" * 200, "grüße/你好", "with space\nand line"]
    members = read(write([File(path=path(n), source=source, mode=0o644) for n in names])[1])
    assert sorted(m.name for m in members if m.isfile()) == sorted(names)


def test_the_later_of_two_with_one_path_counts(source):
    entries = [
        File(path=path("a"), source=source, mode=0o600),
        File(path=path("a"), source=source, mode=0o755),
    ]
    assert [m.mode for m in read(write(entries)[1])] == [0o755]


@pytest.mark.parametrize(
    "name", [".", "..", "/a", "a/../b", ".wh.a", "a/.wh..wh..opq", ".wh.a/b", "a\0b", "a\udcff"]
)
def test_hostile_names_are_refused(source, name):
    with pytest.raises(LaidFileError):
        write([File(path=path(name), source=source, mode=0o644)])


def test_a_hostile_link_target_is_refused():
    with pytest.raises(LaidFileError):
        write([Link(path=path("a"), target="\udcff")])


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_is_no_folder(source, order):
    above = File(path=path("a"), source=source, mode=0o644)
    for other in (File(path=path("a/b"), source=source, mode=0o644), Folder(path=path("a"))):
        with pytest.raises(LaidFileError):
            arrange([above, other][::order], where="k")


def test_nothing_is_laid_through_a_link(source):
    entries: list[Entry] = [
        Link(path=path("a"), target="/etc"),
        File(path=path("a/passwd"), source=source, mode=0o644),
    ]
    with pytest.raises(LaidFileError, match="not a folder"):
        write(entries)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(LaidFileError, match="No such file"):
        write([File(path=path("a"), source=tmp_path / "absent", mode=0o644)])


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path, source):
    shrinking = tmp_path / "shrinking"
    shrinking.write_bytes(os.urandom(3_000_000))

    class Cutting(io.BytesIO):
        def write(self, data):
            if self.tell() > 1000:
                shrinking.write_bytes(b"")
            return super().write(data)

    entries = [File(path=path("a"), source=shrinking, mode=0o644)]
    with pytest.raises(LaidFileError, match="shorter"):
        write_layer(entries, Cutting(), created=0, where="k")


def test_a_full_disk_is_a_storage_error(source):
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(StorageError):
        write_layer([File(path=path("a"), source=source, mode=0o644)], full, created=0, where="k")


def test_large_files_are_streamed(tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with (tmp_path / "layer").open("wb") as target:
        tracemalloc.start()
        try:
            write_layer(
                [File(path=path("large"), source=large, mode=0o644)], target, created=0, where="k"
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


Item = tuple[str, int, str]
words = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=12
).filter(lambda word: word not in {".", ".."} and not word.startswith(".wh."))
paths = st.lists(words, min_size=1, max_size=4).map(lambda parts: PurePosixPath(*parts))
modes = st.integers(0, 0o7777)
entries_by_path = st.dictionaries(
    paths, st.tuples(st.sampled_from(["file", "folder", "link"]), modes, words), max_size=12
)


def made(items: Iterable[tuple[PurePosixPath, Item]], source: Path) -> Iterator[Entry]:
    for name, (kind, mode, text) in items:
        if kind == "file":
            yield File(path=name, source=source, mode=mode)
        elif kind == "folder":
            yield Folder(path=name, mode=mode)
        else:
            yield Link(path=name, target=text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries_by_path, st.randoms(use_true_random=False))
def test_any_set_of_files_gives_one_valid_tar(source, items, random):
    leaves = {name for name, (kind, _, _) in items.items() if kind != "folder"}
    fit = {n: item for n, item in items.items() if not any(p in leaves for p in n.parents)}
    entries = list(made(fit.items(), source))
    layer, packed = write(entries)
    random.shuffle(entries)
    assert write(entries)[1] == packed

    found = {PurePosixPath(member.name): member for member in read(packed)}
    seen: set[PurePosixPath] = {PurePosixPath()}
    for name in found:
        assert name.parent in seen
        seen.add(name)
    assert set(fit) <= set(found)
    assert len(found) == len(read(packed))
    for name, (kind, mode, text) in fit.items():
        member = found[name]
        assert {"file": member.isfile, "folder": member.isdir, "link": member.issym}[kind]()
        assert member.linkname == text if kind == "link" else member.mode == mode
    assert layer.descriptor.size == len(packed)


class Hearing(io.BytesIO):
    """Takes some bytes, and then all is being ended."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        super().__init__()
        self._stack = stack
        self.after = 0

    def write(self, data: object, /) -> int:
        if self.after == 0 and self.tell() > 1_000_000:
            self._stack.enter_context(ending_all())
            self.after = self.tell()
        return super().write(data)  # type: ignore[arg-type]  # the bytes that it was given


def test_an_interrupt_is_noticed_in_the_middle_of_a_file(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(os.urandom(8_000_000))
    entries = [File(path=path("big"), source=big, mode=0o644)]
    with contextlib.ExitStack() as stack:
        target = Hearing(stack)
        with pytest.raises(InterruptedByUserError):
            write_layer(entries, target, created=CREATED, where="k")
        assert 0 < target.after <= target.tell() < target.after + 1_000_000
    write_layer(entries, io.BytesIO(), created=CREATED, where="k")
