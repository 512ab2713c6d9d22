import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.content.reader import CHUNK_BYTES
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.registry.body import Body
from polyarch.transaction.supply import Supply

DATA = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"the end"


class Counting:
    """A source that counts what is read of it, and what of it is open."""

    def __init__(self, data: bytes) -> None:
        self.store = MemoryStore()
        self.blob = self.store.add("application/octet-stream", data)
        self.read = 0
        self.opened: list[CountedFile] = []

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        with self.store.open(descriptor, offset) as file:
            counted = CountedFile(self, file.read())
        self.opened.append(counted)
        return counted

    def exists(self, descriptor: Descriptor) -> bool:
        return self.store.exists(descriptor)


class CountedFile(io.BytesIO):
    def __init__(self, source: Counting, data: bytes) -> None:
        super().__init__(data)
        self._source = source

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self._source.read += len(found)
        return found


async def whole(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def test_readers_that_keep_pace_share_one_read():
    source, supply = Counting(DATA), Supply()
    bodies = [supply.body(source, source.blob) for _ in range(3)]
    places = [body.chunks() for body in bodies]
    for _ in range(4):
        chunks = [await anext(place) for place in places]
        assert chunks[0] == chunks[1] == chunks[2]
    assert source.read == len(DATA)
    for place in places:
        await place.aclose()


async def test_one_that_is_far_behind_reads_for_itself_and_gets_all():
    source, supply = Counting(DATA), Supply(kept_bytes=CHUNK_BYTES)
    slow = supply.body(source, source.blob).chunks()
    first = await anext(slow)
    assert await whole(supply.body(source, source.blob)) == DATA
    assert first + b"".join([chunk async for chunk in slow]) == DATA
    assert source.read > len(DATA)


async def test_a_body_begins_again_in_the_middle():
    source, supply = Counting(DATA), Supply()
    body = supply.body(source, source.blob)
    assert await whole(body.part(CHUNK_BYTES + 5)) == DATA[CHUNK_BYTES + 5 :]
    assert await whole(body.part(7, 9)) == DATA[7:16]
    assert await whole(body) == DATA


async def test_a_file_that_was_read_to_its_end_is_closed():
    source, supply = Counting(DATA), Supply()
    await whole(supply.body(source, source.blob))
    assert all(file.closed for file in source.opened)


async def test_closing_lets_all_go():
    source, supply = Counting(DATA), Supply()
    chunks = supply.body(source, source.blob).chunks()
    await anext(chunks)
    supply.close()
    assert all(file.closed for file in source.opened)
    await chunks.aclose()


def test_any_number_of_threads_get_the_same_bytes():
    source, supply = Counting(DATA), Supply(kept_bytes=2 * CHUNK_BYTES)
    begin = threading.Barrier(6)

    def read(offset: int) -> bytes:
        begin.wait()
        with supply.body(source, source.blob).open(offset) as file:
            parts = []
            while part := file.read(100_000):
                parts.append(part)
        return b"".join(parts)

    offsets = [0, 0, 1, CHUNK_BYTES, len(DATA) - 3, len(DATA)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(read, offsets))
    assert found == [DATA[offset:] for offset in offsets]


async def test_what_the_source_lacks_is_told():
    source, supply = Counting(b"x"), Supply()
    absent = Descriptor.of("application/octet-stream", b"absent")
    with pytest.raises(BlobNotFoundError):
        await whole(supply.body(source, absent))


async def test_a_source_that_is_shorter_than_it_says_is_told():
    source, supply = Counting(b"abc"), Supply()
    longer = Descriptor(media_type="x/y", digest=source.blob.digest, size=10)
    with pytest.raises(Exception, match="10 bytes"):
        await whole(supply.body(source, longer))
