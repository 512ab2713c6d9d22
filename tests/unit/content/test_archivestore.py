"""OCI archives written, read, added to; and names within layouts."""

import tarfile
from pathlib import Path

import pytest

from polyarch.content.archive import Packed, write_layout_archive
from polyarch.content.archivestore import ArchiveStore
from polyarch.content.entries import choose, name_of, named, with_entry
from polyarch.content.files import alone_in
from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.content.places import Place
from polyarch.content.tarindex import TarIndex
from polyarch.errors import (
    BlobNotFoundError,
    DigestMismatchError,
    ImageNotNamedError,
    MalformedManifestError,
    NothingSelectedError,
    StorageError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import decode_object, encode
from polyarch.oci.manifest import ImageIndex
from tests.support.images import MadeImage, make_index


def packed(made: MadeImage, name: str) -> Packed:
    return Packed(entry=named(made.index.descriptor, name), source=made.store)


def opened(path: Path) -> ArchiveStore:
    store = ArchiveStore(TarIndex.of(path, path.parent))
    store.check()
    return store


def test_written_and_read(tmp_path: Path):
    made, path = make_index(), tmp_path / "x.tar"
    write_layout_archive(path, [packed(made, "1")])
    store = opened(path)
    entry = choose(store.entries(), Place.parse("oci-archive:x:1"))
    assert entry.digest == made.index.descriptor.digest
    copy_graph(store, MemoryStore(), entry)
    assert store.exists(entry)
    assert not store.exists(Descriptor.of("a/b", b"other"))
    with pytest.raises(BlobNotFoundError):
        store.open(Descriptor.of("a/b", b"other"))
    store.tar.close()
    first = path.read_bytes()
    write_layout_archive(path, [packed(made, "1")])
    assert path.read_bytes() == first


def test_what_is_there_is_kept(tmp_path: Path):
    old, new, path = make_index(), make_index(content=b"new"), tmp_path / "x.tar"
    write_layout_archive(path, [packed(old, "1"), packed(old, "2")])
    with opened(path).tar as tar:
        write_layout_archive(path, [packed(new, "2"), packed(new, "3")], kept=ArchiveStore(tar))
    store = opened(path)
    digests = {name_of(entry): entry.digest for entry in store.entries()}
    assert digests == {
        "1": old.index.descriptor.digest,
        "2": new.index.descriptor.digest,
        "3": new.index.descriptor.digest,
    }
    for entry in store.entries():
        copy_graph(store, MemoryStore(), entry)
    store.tar.close()


def test_wrong_bytes_in_a_source_leave_the_archive_as_it_was(tmp_path: Path):
    made, path = make_index(), tmp_path / "x.tar"
    layout = LayoutStore(tmp_path / "layout")
    copy_graph(made.store, layout, made.index.descriptor)
    path.write_bytes(b"as it was")
    blob = next(
        file
        for file in (layout.root / "blobs").rglob("*")
        if file.is_file() and file.read_bytes().startswith(b"\x1f\x8b")
    )
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    entry = named(made.index.descriptor, "1")
    with pytest.raises(DigestMismatchError):
        write_layout_archive(path, [Packed(entry=entry, source=layout)])
    assert path.read_bytes() == b"as it was"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["layout", "x.tar"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no `oci-layout`"),
        ({"manifest.json": b"[]"}, "docker-archive:"),
        ({"index.json": b"{}", "oci-layout": b"no"}, "cannot be read"),
        ({"index.json": b"{}", "oci-layout": b'{"imageLayoutVersion": "2.0.0"}'}, "version is"),
    ],
)
def test_no_layout(tmp_path: Path, files: dict[str, bytes], words: str):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("something"))
        for name, data in files.items():
            (tmp_path / "member").write_bytes(data)
            tar.add(tmp_path / "member", name)
    with TarIndex.of(path, tmp_path) as index, pytest.raises(MalformedManifestError, match=words):
        ArchiveStore(index).check()


class TestNames:
    DESCRIPTOR = Descriptor.of(mediatype.OCI_INDEX, b"a")
    OTHER = Descriptor.of(mediatype.OCI_INDEX, b"b")

    def choose(self, text: str, *entries: Descriptor) -> Digest:
        return choose(entries, Place.parse(f"oci:dir{text}")).digest

    def test_the_only_image_needs_no_name(self):
        one, other = self.DESCRIPTOR, self.OTHER
        assert self.choose("", one) == one.digest
        assert self.choose("", named(one, "1"), named(one, "2")) == one.digest
        with pytest.raises(ImageNotNamedError) as caught:
            self.choose("", named(one, "1"), other)
        assert "`1`" in str(caught.value.hint)
        assert str(other.digest) in str(caught.value.hint)
        with pytest.raises(ImageNotNamedError):
            self.choose("")

    def test_the_last_of_a_name_counts(self):
        one, other = named(self.DESCRIPTOR, "1"), named(self.OTHER, "1")
        assert self.choose(":1", one, other) == other.digest
        with pytest.raises(NothingSelectedError):
            self.choose(":2", one, other)

    def test_full_names_may_be_written_short(self):
        """BuildKit writes the tag alone beside the full name."""
        one = named(self.DESCRIPTOR, "3", "docker.io/library/alpine:3")
        other = named(self.OTHER, "docker.io/library/busybox:3")
        assert self.choose(":alpine:3", one, other) == one.digest
        assert self.choose(":busybox:3", one, other) == other.digest
        assert self.choose(":3", one, other) == one.digest

    def test_by_digest(self):
        one, other = named(self.DESCRIPTOR, "1"), self.OTHER
        assert self.choose(f"@{other.digest}", one, other) == other.digest
        with pytest.raises(NothingSelectedError):
            self.choose(f"@{Digest.of(b'c')}", one, other)

    def test_what_is_about_an_image_is_none(self):
        signature = Descriptor(
            media_type=mediatype.OCI_MANIFEST,
            digest=Digest.of(b"c"),
            size=1,
            artifact_type="application/signature",
        )
        assert self.choose("", self.DESCRIPTOR, signature) == self.DESCRIPTOR.digest
        assert self.choose("", signature) == signature.digest

    def test_adding_loses_nothing(self):
        raw = encode(
            {
                "schemaVersion": 2,
                "manifests": [{**named(self.DESCRIPTOR, "1").to_json(), "data": "e30="}],
                "annotations": {"a": "b"},
                "x-own": [1],
            }
        )
        more = decode_object(with_entry(raw, named(self.OTHER, "2")), "index")
        before = decode_object(raw, "index")
        assert more["manifests"][0] == before["manifests"][0]
        assert {**more, "manifests": 0} == {**before, "manifests": 0}
        again = with_entry(encode(more), named(self.OTHER, "1"))
        names = [name_of(entry) for entry in ImageIndex.parse(again).manifests]
        assert names == ["2", "1"]

    def test_without_a_name_the_same_is_added_once(self):
        raw = with_entry(ImageIndex.build([]).raw, self.DESCRIPTOR)
        assert with_entry(raw, self.DESCRIPTOR) == raw
        assert len(ImageIndex.parse(with_entry(raw, self.OTHER)).manifests) == 2

    def test_what_is_no_index_is_not_written_over(self, tmp_path: Path):
        made, layout = make_index(), LayoutStore(tmp_path)
        copy_graph(made.store, layout, made.index.descriptor)
        (tmp_path / "index.json").write_text("hello")
        with pytest.raises(MalformedManifestError):
            layout.tag(made.index.descriptor, "1")
        assert (tmp_path / "index.json").read_text() == "hello"


def test_a_folder_that_cannot_be_had(tmp_path: Path):
    with alone_in(tmp_path / "new"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), alone_in(tmp_path / "file"):
        pass
