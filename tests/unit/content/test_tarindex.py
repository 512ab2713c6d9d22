"""Archives of every form that Python's own writer knows, and those that somebody made to harm."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.content import tarindex, unpacking
from polyarch.content.tarindex import TarIndex
from polyarch.errors import ArchiveNotFoundError, MalformedManifestError, PolyarchError


def entry(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as made:
        for info, data in entries:
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


Opened = Callable[[bytes], TarIndex]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def read(data: bytes) -> TarIndex:
        path = tmp_path / "x.tar"
        path.write_bytes(data)
        return TarIndex.of(path, tmp_path / "spool")

    return read


def content(index: TarIndex, name: str, offset: int = 0) -> bytes:
    file = index.open(name, offset)
    assert file is not None
    with file:
        return file.read()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("packed", [False, True])
def test_members_are_read_at_their_places(opened: Opened, form: int, packed: bool):
    long = "/".join(["folder" * 3] * 7) + "/name"
    data = tar(
        entry("./a", b"alpha"),
        entry("dir/", type=tarfile.DIRTYPE),
        entry(long, b"x" * 2000),
        entry("empty"),
        entry("dir/link", type=tarfile.SYMTYPE, linkname="../a"),
        entry("hard", type=tarfile.LNKTYPE, linkname="a"),
        form=form,
    )
    with opened(gzip.compress(data) if packed else data) as index:
        assert index.names() == ("a", long, "empty")
        assert content(index, "a") == b"alpha"
        assert content(index, "a", 2) == b"pha"
        assert content(index, "a", 99) == b""
        assert content(index, long) == b"x" * 2000
        assert content(index, "dir/link") == b"alpha"
        assert content(index, "hard") == b"alpha"
        assert index.size("empty") == 0
        assert index.size("nothing") is None
        assert index.open("dir") is None
        assert index.read("a", 5) == b"alpha"
        with pytest.raises(MalformedManifestError, match="larger than 4"):
            index.read("a", 4)


def test_large_numbers_are_read(tmp_path: Path):
    """A member of 9 GB: its size does not fit into the octal field of its header."""
    size = 9 * 1024**3
    path = tmp_path / "x.tar"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("big")
        info.size = size
        header = info.tobuf(form)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + size)
        with TarIndex.of(path, tmp_path) as index:
            assert index.size("big") == size


def test_the_file_may_be_replaced_meanwhile(opened: Opened, tmp_path: Path):
    index = opened(tar(entry("a", b"old")))
    other = tmp_path / "y"
    other.write_bytes(b"nothing at all")
    other.replace(tmp_path / "x.tar")
    reader = index.open("a")
    assert reader is not None
    index.close()
    assert reader.read() == b"old"
    reader.close()
    reader.close()


def with_checksum(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def patched(at: slice, value: bytes) -> bytes:
    block = bytearray(tar(entry("a", b"alpha"))[:512])
    block[at] = value
    return with_checksum(block)


SIZE = slice(124, 136)
HOSTILE = {
    "outside": (tar(entry("../../etc/passwd", b"x")), "leads outside"),
    "absolute": (tar(entry("/etc/passwd", b"x")), "leads outside"),
    "hidden-dots": (tar(entry("a/../../b", b"x")), "leads outside"),
    "twice": (tar(entry("a", b"1"), entry("./a", b"2")), "stands in it twice"),
    "link-and-file": (
        tar(entry("a", type=tarfile.SYMTYPE, linkname="b"), entry("a", b"2")),
        "stands in it twice",
    ),
    "cut-off": (tar(entry("a", b"x" * 2000))[:1024], "cut off"),
    "cut-in-a-header": (tar(entry("a"), entry("b"))[:700], "cut off"),
    "empty": (b"", "empty"),
    "text": (b"hello" * 200, "checksum"),
    "huge": (patched(SIZE, b"\x80" + b"\xff" * 11), "beyond all bounds"),
    "negative": (patched(SIZE, b"\xff" * 12), "number"),
    "larger-than-the-file": (patched(SIZE, b"77777777777\0"), "cut off"),
    "no-number": (patched(SIZE, b"0x0000000\0\0\0"), "number"),
    "sparse": (tar(entry("a", b"x", type=tarfile.GNUTYPE_SPARSE)), "sparse"),
    "sparse-pax": (tar(entry("a", b"x", pax_headers={"GNU.sparse.major": "1"})), "sparse"),
    "pax-size": (tar(entry("a", b"x", pax_headers={"size": "9" * 30})), "no number"),
    "pax-negative": (tar(entry("a", b"x", pax_headers={"size": "-1"})), "no number"),
    "pax-outside": (tar(entry("a", b"x", pax_headers={"path": "../x"})), "leads outside"),
    "pax-long": (tar(entry("a", b"x", pax_headers={"path": "x" * 5000})), "longer than"),
    "zstd": (b"\x28\xb5\x2f\xfd" + b"x" * 2000, "zstd"),
    "xz": (b"\xfd7zXZ\0" + b"x" * 2000, "xz"),
    "gzip-cut-off": (gzip.compress(tar(entry("a", os.urandom(9000))))[:4000], "damaged"),
    "gzip-of-noise": (b"\x1f\x8b" + b"x" * 2000, "damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(opened: Opened, tmp_path: Path, name: str):
    data, words = HOSTILE[name]
    with pytest.raises(MalformedManifestError, match=words) as caught:
        opened(data)
    assert caught.value.where == str(tmp_path / "x.tar")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["x.tar"]


def test_an_extended_header_of_any_size_is_not_taken_into_memory(opened: Opened, tmp_path: Path):
    header = bytearray(patched(SIZE, b"%011o\0" % (8 * 1024**3)))
    header[156:157] = b"x"
    path = tmp_path / "big.tar"
    with path.open("wb") as file:
        file.write(with_checksum(header))
        file.truncate(9 * 1024**3)
    with pytest.raises(MalformedManifestError, match="far too large"):
        TarIndex.of(path, tmp_path)


def test_one_header_for_all_members_gives_none_of_them_a_name(opened: Opened):
    buffer = io.BytesIO()
    pax = {"path": "other"}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as made:
        made.addfile(*(entry("a")[0], io.BytesIO()))
    with pytest.raises(MalformedManifestError, match="all members"):
        opened(buffer.getvalue())
    pax = {"comment": "what git archive writes"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as made:
        made.addfile(*(entry("a")[0], io.BytesIO()))
    with opened(buffer.getvalue()) as index:
        assert index.names() == ("a",)


def test_links_lead_to_one_other_member_and_no_further(opened: Opened):
    links = [
        entry("up", type=tarfile.SYMTYPE, linkname="../../../etc/passwd"),
        entry("root", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("itself", type=tarfile.SYMTYPE, linkname="itself"),
        entry("chain", type=tarfile.SYMTYPE, linkname="good"),
        entry("good", type=tarfile.SYMTYPE, linkname="a"),
    ]
    with opened(tar(entry("a", b"x"), *links)) as index:
        assert content(index, "good") == b"x"
        for name in ("up", "root", "itself", "chain"):
            assert index.open(name) is None


def test_too_many_members_are_refused(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tarindex, "MAX_MEMBERS", 3)
    with pytest.raises(MalformedManifestError, match="more than 3"):
        opened(tar(*(entry(str(number)) for number in range(4))))


def test_a_bomb_is_not_unpacked_to_its_end(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(unpacking, "_ALWAYS_BYTES", 0)
    with pytest.raises(MalformedManifestError, match="unpacks to more than"):
        opened(gzip.compress(tar(entry("a", bytes(20_000_000)))))
    assert list((tmp_path / "spool").iterdir()) == []


def test_no_file_and_no_regular_file(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("nothing", "pipe", "."):
        with pytest.raises(ArchiveNotFoundError):
            TarIndex.of(tmp_path / name, tmp_path)


NAMES = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=140
).filter(lambda name: name not in {".", ".."})
FILES = st.dictionaries(NAMES, st.binary(max_size=1500), max_size=6)


@given(FILES, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_it_sees_what_python_s_writer_wrote(files: dict[str, bytes], form: int):
    data = tar(*(entry(name, content) for name, content in files.items()), form=form)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        with TarIndex.of(path, Path(folder)) as index:
            assert {name: content(index, name) for name in index.names()} == files


@given(st.binary(max_size=3000), st.integers(0, 3000), st.binary(min_size=1, max_size=20))
def test_any_bytes_are_an_archive_or_a_refusal(noise: bytes, at: int, change: bytes):
    whole = bytearray(tar(entry("a", b"alpha", pax_headers={"path": "p"}), entry("b", b"beta")))
    whole[at : at + len(change)] = change
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        for data in (noise, bytes(whole), noise + bytes(whole)):
            path.write_bytes(data)
            try:
                with TarIndex.of(path, Path(folder)) as index:
                    for name in index.names():
                        content(index, name)
            except PolyarchError as error:
                assert error.hint
