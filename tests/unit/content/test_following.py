"""A layout that is filled while it is read."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from polyarch.content.following import WHOLE_BYTES, FollowingStore
from polyarch.content.layout import LayoutStore
from polyarch.content.memory import MemoryStore
from polyarch.errors import (
    BlobNotFoundError,
    BlobUnreadableError,
    DigestMismatchError,
    PolyarchError,
)
from polyarch.oci.descriptor import Descriptor

BLOB = bytes(range(256)) * 4096 * 4  # 4 MiB, no two pages the same place
LARGE = Descriptor.of("a/layer", BLOB)


class Slow(io.RawIOBase):
    """Content that comes as far as a test lets it."""

    def __init__(self, data: bytes, may_go_on: Callable[[int], None]) -> None:
        super().__init__()
        self._data = data
        self._place = 0
        self._may_go_on = may_go_on

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._may_go_on(self._place)
        data = self._data[self._place : self._place + min(len(buffer), 65536)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


class Source:
    """Counts how often it is opened."""

    def __init__(
        self, data: bytes = BLOB, may_go_on: Callable[[int], None] = lambda _at: None
    ) -> None:
        self._data = data
        self._may_go_on = may_go_on
        self.opened = 0

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        self.opened += 1
        return io.BufferedReader(Slow(self._data[offset:], self._may_go_on))

    def exists(self, _descriptor: Descriptor) -> bool:
        return True

    def __str__(self) -> str:
        return "far away"


Made = Callable[[Any], FollowingStore]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Made]:
    made: list[FollowingStore] = []

    def make(source: Any) -> FollowingStore:
        made.append(FollowingStore(LayoutStore(tmp_path / "layout"), source))
        return made[-1]

    yield make
    for each in made:
        each.close()
    assert list((tmp_path / "layout").glob(".arriving-*")) == []


def read(store: FollowingStore, offset: int = 0) -> bytes:
    with store.open(LARGE, offset) as content:
        return content.read()


def test_readers_go_on_as_the_blob_comes(follow: Made, tmp_path: Path):
    gate = threading.Event()

    def wait(at: int) -> None:
        if at >= 3 * 1024 * 1024:
            assert gate.wait(60)

    store = follow(Source(may_go_on=wait))
    with store.open(LARGE) as content:
        assert content.read(1024 * 1024) == BLOB[: 1024 * 1024], "before all of it has come"
        assert not LayoutStore(tmp_path / "layout").exists(LARGE)
        gate.set()
        assert content.read() == BLOB[1024 * 1024 :]
    assert LayoutStore(tmp_path / "layout").exists(LARGE)


def test_any_number_of_readers_cause_one_fetch(follow: Made):
    source = Source()
    store = follow(source)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: read(store, at * 100_000), range(20)))
    assert found == [BLOB[at * 100_000 :] for at in range(20)]
    assert read(store, len(BLOB)) == b""
    assert source.opened == 1


def test_a_small_blob_is_whole_before_it_is_read(follow: Made, tmp_path: Path):
    data = BLOB[: WHOLE_BYTES // 2]
    small = Descriptor.of("a/config", data)
    store = follow(Source(data))
    with store.open(small, 5) as content:
        assert content.read() == data[5:]
    assert LayoutStore(tmp_path / "layout").exists(small)
    empty = Descriptor.of("a/empty", b"")
    with follow(Source(b"")).open(empty) as content:
        assert content.read() == b""


@pytest.mark.parametrize(
    "wrong", [BLOB[:-1] + b"!", BLOB + b"!", BLOB[:-1], BLOB[: len(BLOB) // 2]]
)
def test_wrong_bytes_never_come_to_a_good_end(follow: Made, tmp_path: Path, wrong: bytes):
    store = follow(Source(wrong))
    with pytest.raises(PolyarchError):
        read(store)
    assert not LayoutStore(tmp_path / "layout").exists(LARGE)


def test_after_a_failure_it_is_fetched_anew(follow: Made):
    source = Source(BLOB[:-1] + b"!")
    store = follow(source)
    with pytest.raises(DigestMismatchError):
        read(store)
    source._data = BLOB
    assert read(store) == BLOB
    assert source.opened == 2


def test_what_is_not_there_is_told_when_it_is_opened(follow: Made):
    store = follow(MemoryStore())
    with pytest.raises(BlobNotFoundError):
        store.open(LARGE)


def test_a_source_that_breaks_in_its_own_way_is_told(follow: Made):
    def break_it(at: int) -> None:
        if at > 2_000_000:
            raise RuntimeError

    with pytest.raises(BlobUnreadableError, match="RuntimeError"):
        read(follow(Source(may_go_on=break_it)))


def test_a_fetch_that_nobody_waits_for_is_given_up(tmp_path: Path):
    reached, gate = threading.Event(), threading.Event()

    def wait(at: int) -> None:
        if at >= 2 * 1024 * 1024:
            reached.set()
            gate.wait(0.02)

    store = FollowingStore(LayoutStore(tmp_path / "layout"), Source(may_go_on=wait))
    content = store.open(LARGE)
    assert reached.wait(60)
    store.close()
    assert not LayoutStore(tmp_path / "layout").exists(LARGE)
    assert list((tmp_path / "layout").glob(".arriving-*")) == []
    with pytest.raises(BlobUnreadableError):
        content.read()
    content.close()
