"""The storage that keeps nothing: right digests and sizes, in constant memory."""

import hashlib
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci.digest import Digest
from polyarch.sandbox.discarding import KEPT_BYTES, DiscardingStorage

MIB = 1024 * 1024
BLOCK = bytes(range(256)) * 4096


def upload(storage: DiscardingStorage, content: bytes, algorithm: str = "sha256") -> bool:
    session = storage.start_upload("a", "sha256")
    for place in range(0, len(content), 300_000):
        storage.append_upload(session, content[place : place + 300_000])
    assert storage.upload_size("a", session) == len(content)
    return storage.finish_upload(session, Digest.of(content, algorithm))


@pytest.mark.parametrize("size", [0, 1, KEPT_BYTES, KEPT_BYTES + 1, MIB, MIB + 1, 5 * MIB])
def test_sizes_and_contents(size: int) -> None:
    storage = DiscardingStorage()
    content = (BLOCK * 6)[:size]
    digest = Digest.of(content)
    assert upload(storage, content)
    assert storage.blob_size("a", digest) == size
    if size <= KEPT_BYTES:
        with storage.open_blob(digest) as file:
            assert file.read() == content
    else:
        with pytest.raises(OSError, match="No data"):
            storage.open_blob(digest)
    assert storage.link_blob("b", digest)
    assert storage.blob_size("b", digest) == size


def test_the_other_algorithm_for_what_is_short() -> None:
    assert upload(DiscardingStorage(), BLOCK, "sha512")
    assert not upload(DiscardingStorage(), BLOCK + b"x", "sha512")


def test_a_wrong_digest() -> None:
    storage = DiscardingStorage()
    session = storage.start_upload("a", "sha256")
    for _ in range(3):
        storage.append_upload(session, BLOCK)
    assert not storage.finish_upload(session, Digest.of(BLOCK))
    assert storage.holders(Digest.of(BLOCK)) == ()


def test_memory_does_not_grow() -> None:
    storage = DiscardingStorage()
    session = storage.start_upload("a", "sha256")
    expected = hashlib.sha256()
    tracemalloc.start()
    try:
        for _ in range(64):
            storage.append_upload(session, bytes(io.BytesIO(BLOCK).read()))
            expected.update(BLOCK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB
    assert storage.finish_upload(session, Digest.parse(f"sha256:{expected.hexdigest()}"))


def test_back_to_where_a_request_began() -> None:
    """Far more than the tail came since; the bytes before are still hashed right."""
    storage = DiscardingStorage()
    session = storage.start_upload("a", "sha256")
    storage.append_upload(session, BLOCK + b"begin")
    assert storage.upload_size("a", session) == MIB + 5
    for _ in range(4):
        storage.append_upload(session, b"x" * MIB)
    storage.truncate_upload(session, MIB + 5)
    assert storage.upload_size("a", session) == MIB + 5
    storage.append_upload(session, b"end")
    assert storage.finish_upload(session, Digest.of(BLOCK + b"beginend"))


def test_further_back_is_not_possible() -> None:
    storage = DiscardingStorage()
    session = storage.start_upload("a", "sha256")
    for _ in range(4):
        storage.append_upload(session, BLOCK)
    storage.upload_size("a", session)
    storage.truncate_upload(session, 5)
    assert storage.upload_size("a", session) == 5
    assert not storage.finish_upload(session, Digest.of(BLOCK[:5]))


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 100)), max_size=12))
def test_any_way_back_within_the_tail(steps: list[tuple[bytes, int]]) -> None:
    storage = DiscardingStorage()
    session = storage.start_upload("a", "sha512")
    content = b""
    for data, size in steps:
        storage.append_upload(session, data)
        content = (content + data)[:size]
        storage.truncate_upload(session, size)
    assert storage.upload_size("a", session) == len(content)
    assert storage.finish_upload(session, Digest.of(content))
