import io
import tracemalloc

import pytest

from polyarch.errors import BlobNotFoundError, SizeMismatchError
from polyarch.registry.body import Body


async def read(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def test_a_body_can_be_sent_again(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(b"0123456789")
    for body in (Body.of_path(path), Body.of_bytes(b"0123456789")):
        assert [await read(body), await read(body)] == [b"0123456789"] * 2
    assert await read(Body.of_path(path, offset=2, size=3)) == b"234"
    assert Body.of_path(path, offset=4).size == 6


async def test_a_part_of_a_body_is_a_body():
    body = Body.of_bytes(b"0123456789")
    assert [await read(body.part(4)), await read(body.part(2, 3))] == [b"456789", b"234"]
    assert [body.part(8, 9).size, await read(body.part(8, 9)), body.part(11).size] == [2, b"89", 0]
    assert await read(body.part(4).part(1, 2)) == b"56"


async def test_a_source_that_is_too_long_is_cut_at_its_size():
    body = Body(size=3, open=lambda offset: io.BytesIO(b"abcdef"[offset:]))
    assert await read(body) == b"abc"


async def test_a_source_that_ends_early_is_told():
    body = Body(size=9, open=lambda offset: io.BytesIO(b"abc"[offset:]), name="layer")
    with pytest.raises(SizeMismatchError, match="should have 9 bytes and has 3"):
        await read(body)


async def test_a_source_that_is_gone_is_told(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(b"x")
    body = Body.of_path(path)
    path.unlink()
    with pytest.raises(BlobNotFoundError):
        await read(body)
    with pytest.raises(BlobNotFoundError):
        Body.of_path(path)


async def test_a_large_body_is_never_in_memory(tmp_path):
    path = tmp_path / "blob"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    size = 0
    tracemalloc.start()
    async for chunk in Body.of_path(path).chunks():
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 64 * 1024 * 1024
    assert peak < 8 * 1024 * 1024
