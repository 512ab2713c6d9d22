"""A registry that hashes and discards: pushes are whole, reads of large blobs break off."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.discarding import DiscardingStorage
from polyarch.sandbox.server import SandboxRegistry
from tests.support.sandbox_http import Wire, talking_to, with_query

LARGE = bytes(range(256)) * 4096 * 5


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with talking_to(SandboxRegistry(storage=DiscardingStorage())) as talking:
        yield talking


async def test_push_and_read(wire: Wire) -> None:
    await wire.push_image("team/app", "v1", LARGE)
    large = f"/v2/team/app/blobs/{Digest.of(LARGE)}"
    assert (await wire("HEAD", large)).headers["Content-Length"] == str(len(LARGE))
    with pytest.raises(aiohttp.ClientError):
        await wire("GET", large)
    assert (await wire("GET", f"/v2/team/app/blobs/{Digest.of(b'{}')}")).body == b"{}"
    assert (await wire("GET", "/v2/team/app/manifests/v1")).json["layers"]


async def test_a_chunk_that_says_less_than_it_brings(wire: Wire) -> None:
    """The session goes back to where the chunk began, and on from there."""
    opened = await wire("POST", "/v2/a/blobs/uploads/")
    half = len(LARGE) // 2

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield LARGE

    first = {"Content-Range": f"0-{half - 1}"}
    assert (await wire("PATCH", opened.location, LARGE[:half], first)).status == 202
    second = {"Content-Range": f"{half}-{len(LARGE) * 2}"}
    assert (await wire("PATCH", opened.location, endless(), second)).status == 400
    closing = with_query(opened.location, digest=str(Digest.of(LARGE)))
    assert (await wire("PUT", closing, LARGE[half:])).status == 201
