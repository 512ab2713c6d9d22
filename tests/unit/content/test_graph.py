import io
from dataclasses import replace
from typing import BinaryIO

import pytest

from polyarch.content.graph import copy_graph, walk
from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.errors import BlobNotFoundError, DigestMismatchError, MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex
from tests.support.images import make_index


class CountingStore(MemoryStore):
    """Counts how often each blob is read and pushed."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []
        self.pushes: list[str] = []

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        self.reads.append(str(descriptor.digest))
        return super().open(descriptor, offset)

    def push(self, descriptor: Descriptor, content: BinaryIO) -> None:
        self.pushes.append(str(descriptor.digest))
        super().push(descriptor, content)


class LyingStore(MemoryStore):
    """Hands out other bytes for layers."""

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        if descriptor.media_type == mediatype.OCI_LAYER_GZIP:
            return io.BytesIO(b"x" * descriptor.size)
        return super().open(descriptor, offset)


def test_children_come_before_parents():
    made = make_index()
    seen = [node.digest for node in walk(made.store, made.index.descriptor)]
    assert len(seen) == len(set(seen))
    assert seen[-1] == made.index.descriptor.digest
    for child in made.children:
        manifest_at = seen.index(child.digest)
        below = [node.digest for node in walk(made.store, child)]
        assert all(seen.index(digest) <= manifest_at for digest in below)


def test_copying_twice_moves_bytes_once():
    made, target = make_index(), CountingStore()
    told: list[bool] = []
    for _ in range(2):
        copy_graph(
            made.store,
            target,
            made.index.descriptor,
            on_copied=lambda _node, moved: told.append(moved),
        )
    assert len(target.pushes) == len(set(target.pushes))
    assert told == [True] * (len(told) // 2) + [False] * (len(told) // 2)


def test_wrong_bytes_in_the_source_stop_the_copy():
    made = make_index()
    source = LyingStore()
    copy_graph(made.store, source, made.index.descriptor)
    target = MemoryStore()
    with pytest.raises(DigestMismatchError):
        copy_graph(source, target, made.index.descriptor)
    assert not target.exists(made.index.descriptor)


def test_an_absent_child_is_told():
    made = make_index()
    lonely = MemoryStore()
    lonely.add(made.index.descriptor.media_type, made.index.raw)
    with pytest.raises(BlobNotFoundError):
        copy_graph(lonely, MemoryStore(), made.index.descriptor)


def test_indexes_nested_without_end_are_refused():
    store = MemoryStore()
    node = store.add(mediatype.OCI_INDEX, ImageIndex.build([]).raw)
    for _ in range(50):
        node = store.add(mediatype.OCI_INDEX, ImageIndex.build([node]).raw)
    with pytest.raises(MalformedManifestError, match="deeper than 8 levels"):
        list(walk(store, node))


def test_a_manifest_that_says_it_is_huge_is_not_read():
    made = make_index()
    huge = replace(made.index.descriptor, size=10**12)
    with pytest.raises(MalformedManifestError):
        read_small(made.store, huge)
