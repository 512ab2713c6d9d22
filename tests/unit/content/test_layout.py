import io
import multiprocessing
import os
from pathlib import Path

import pytest

from polyarch.content.graph import copy_graph, walk
from polyarch.content.layout import LayoutStore
from polyarch.errors import (
    BlobNotFoundError,
    BlobUnreadableError,
    DigestMismatchError,
    MalformedManifestError,
    SizeMismatchError,
    StorageError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from tests.support.images import make_index


def files_under(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_copied_image_is_a_whole_layout(tmp_path):
    made = make_index()
    layout = LayoutStore(tmp_path / "l")
    copy_graph(made.store, layout, made.index.descriptor)
    layout.tag(made.index.descriptor, "latest")
    layout.check()
    assert layout.resolve("latest") == made.index.descriptor
    assert {node.digest for node in walk(layout, made.index.descriptor)} == {
        node.digest for node in walk(made.store, made.index.descriptor)
    }


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"longer than said", SizeMismatchError),
        (b"s", SizeMismatchError),
        (b"other", DigestMismatchError),
    ],
)
def test_wrong_bytes_leave_nothing(tmp_path, data, error):
    layout = LayoutStore(tmp_path / "l")
    descriptor = Descriptor(media_type="a/b", digest=Digest.of(b"right"), size=5)
    with pytest.raises(error):
        layout.push(descriptor, io.BytesIO(data))
    assert not layout.exists(descriptor)
    assert [name for name in files_under(tmp_path) if "blobs" in name] == []


class FailingSource(io.BytesIO):
    """A disk that breaks after the first bytes."""

    def read(self, size=-1, /):
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(3)


def test_a_source_that_breaks_is_told_as_the_source(tmp_path):
    layout = LayoutStore(tmp_path / "l")
    descriptor = Descriptor(media_type="a/b", digest=Digest.of(b"right"), size=5)
    with pytest.raises(BlobUnreadableError, match="Input/output error"):
        layout.push(descriptor, FailingSource(b"right"))
    assert not layout.exists(descriptor)


def test_a_cut_off_blob_does_not_count_as_there(tmp_path):
    layout = LayoutStore(tmp_path / "l")
    descriptor = layout.add("a/b", b"whole")
    layout.path_of(descriptor.digest).write_bytes(b"who")
    assert not layout.exists(descriptor)
    layout.push(descriptor, io.BytesIO(b"whole"))
    assert layout.exists(descriptor)


def test_a_cut_off_blob_is_not_taken_for_one_that_was_adopted(tmp_path):
    whole, damaged = LayoutStore(tmp_path / "whole"), LayoutStore(tmp_path / "damaged")
    descriptor = whole.add("a/b", b"whole")
    damaged.add("a/b", b"whole")
    damaged.path_of(descriptor.digest).write_bytes(b"who")
    assert not damaged.adopt(descriptor, whole)
    assert whole.adopt(descriptor, whole)


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_file_is_neither_waited_for_nor_believed(tmp_path):
    layout = LayoutStore(tmp_path)
    descriptor = layout.add("a/b", b"")
    layout.path_of(descriptor.digest).unlink()
    os.mkfifo(layout.path_of(descriptor.digest))
    assert not layout.exists(descriptor)
    with pytest.raises(BlobNotFoundError):
        layout.open(descriptor)
    for name, look in (("index.json", layout.entries), ("oci-layout", layout.check)):
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
        with pytest.raises(MalformedManifestError, match=name):
            look()


def test_files_of_a_layout_that_never_end_are_refused(tmp_path):
    layout = LayoutStore(tmp_path)
    layout.add("a/b", b"x")
    for name, look in (("index.json", layout.entries), ("oci-layout", layout.check)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(1 << 40)  # a hole: reading it whole would end this process
        with pytest.raises(MalformedManifestError):
            look()


def test_moving_a_name_leaves_the_others(tmp_path):
    layout = LayoutStore(tmp_path / "l")
    one, two = layout.add("a/b", b"1"), layout.add("a/b", b"2")
    layout.tag(one, "a")
    layout.tag(one, "b")
    layout.tag(two, "a")
    assert layout.resolve("a") == two
    assert layout.resolve("b") == one
    assert layout.resolve("c") is None


def _tag_many(root: str, worker: int) -> None:
    layout = LayoutStore(Path(root))
    for number in range(20):
        descriptor = layout.add("a/b", f"{worker}-{number}".encode())
        layout.tag(descriptor, f"{worker}-{number}")


def test_two_processes_write_at_once_and_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_tag_many, args=(str(tmp_path), n)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    layout = LayoutStore(tmp_path)
    assert len(layout.entries()) == 40
    assert all(layout.exists(entry) for entry in layout.entries())


def test_a_folder_that_is_no_layout(tmp_path):
    with pytest.raises(MalformedManifestError, match="oci-layout"):
        LayoutStore(tmp_path).check()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError) as caught:
        LayoutStore(tmp_path / "file").add("a/b", b"x")
    assert "file" in str(caught.value.where)


def test_a_full_disk_leaves_nothing_half_written():
    # /dev/full answers ENOSPC to every write; a store cannot live there, a single file can.
    from polyarch.content.files import write_bytes

    with pytest.raises(StorageError):
        write_bytes(Path("/dev/full/x"), b"data")
