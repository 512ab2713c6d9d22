"""Content that stores have in common is read once, and asked for in each."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.content.sharing import SMALL_BYTES, SharedReads
from polyarch.errors import BlobNotFoundError, DigestMismatchError
from polyarch.oci.descriptor import Descriptor


class Counted(MemoryStore):
    """A store that counts what it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.opened: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        self.opened[str(descriptor.digest)] += 1
        return super().open(descriptor, offset)

    def exists(self, descriptor: Descriptor) -> bool:
        self.asked[str(descriptor.digest)] += 1
        return super().exists(descriptor)

    def __str__(self) -> str:
        return self.name


def read(store, descriptor: Descriptor, offset: int = 0) -> bytes:
    with store.open(descriptor, offset) as content:
        data: bytes = content.read()
        return data


def test_one_fetch_and_one_question_however_many_threads_read():
    stores = [Counted("a"), Counted("b")]
    blob, _ = [store.add("text/plain", b"shared") for store in stores]
    shared = SharedReads()
    views = [shared.over(store) for store in stores] * 20
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda view: read(view, blob), views)) == {b"shared"}
    key = str(blob.digest)
    assert sum(store.opened[key] for store in stores) == 1
    assert sum(store.asked[key] for store in stores) == 1, "who gave it is not asked"


def test_what_one_has_says_nothing_of_another():
    full, empty = Counted("full"), Counted("empty")
    blob = full.add("text/plain", b"x")
    shared = SharedReads()
    assert read(shared.over(full), blob) == b"x"
    with pytest.raises(BlobNotFoundError) as caught:
        read(shared.over(empty), blob)
    assert caught.value.where == "empty"
    assert not shared.over(empty).exists(blob)


def test_damaged_content_is_not_kept():
    bad, good = Counted("bad"), Counted("good")
    blob = good.add("text/plain", b"right")
    bad._blobs[blob.digest] = b"wrong"
    shared = SharedReads()
    with pytest.raises(DigestMismatchError):
        read(shared.over(bad), blob)
    assert read(shared.over(good), blob) == b"right"


def test_large_content_is_handed_out_as_it_comes():
    store = Counted("a")
    blob = store.add("text/plain", b"x" * (SMALL_BYTES + 1))
    view = SharedReads().over(store)
    assert read(view, blob, 5) == read(view, blob)[5:]
    assert store.opened[str(blob.digest)] == 2


def test_a_part_of_it():
    store = Counted("a")
    blob = store.add("text/plain", b"0123456789")
    assert read(SharedReads().over(store), blob, 4) == b"456789"
