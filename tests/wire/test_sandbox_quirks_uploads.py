"""Quirks of uploads: cut short, sessions, chunks, Locations."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.clock import FakeClock
from tests.support.sandbox_http import Reply, Wire, basic, talking_to
from tests.support.tls import self_signed

UPLOADS = "/v2/team/app/blobs/uploads/"
LOGIN = basic("user", "password")
ACCOUNT = Account(username="user", password="password")
CONTENT = bytes(range(100))
DIGEST = Digest.of(CONTENT)
BLOB = f"/v2/team/app/blobs/{DIGEST}"


async def started(wire: Wire, headers: dict[str, str] | None = None) -> str:
    return (await wire("POST", UPLOADS, headers=headers)).location


async def patch(wire: Wire, location: str, first: int, last: int) -> Reply:
    """Send the bytes of CONTENT from `first` to `last`, both included."""
    chunk = {"Content-Range": f"{first}-{last}"}
    return await wire("PATCH", location, CONTENT[first : last + 1], chunk)


async def close(wire: Wire, location: str, data: bytes | None = None) -> Reply:
    return await wire("PUT", f"{location}&digest={DIGEST}", data)


async def still_quiet(wire: Wire, method: str, url: str, **options: Any) -> bool:
    """Whether no answer comes within a time in which any other answer does."""
    try:
        async with asyncio.timeout(0.3):
            await wire(method, url, **options)
    except TimeoutError:
        return True
    return False


# --- uploads that are cut short ---


@pytest.mark.parametrize("ranged", [False, True])
async def test_401_in_the_middle_of_a_patch(ranged: bool) -> None:
    """What was read is kept, and the session goes on with a fresh login."""
    content = bytes(range(256)) * 400
    quirks = Quirks(cut_401=1, cut_after=1000)
    async with talking_to(SandboxRegistry(auth=BasicAuth(ACCOUNT), quirks=quirks)) as wire:
        location = await started(wire, LOGIN)
        chunk = {"Content-Range": f"0-{len(content) - 1}"} if ranged else {}
        cut = await wire("PATCH", location, content, LOGIN | chunk)
        assert cut.status == 401
        assert "WWW-Authenticate" in cut.headers
        stands = await wire("GET", location, headers=LOGIN)
        assert stands.headers["Range"] == "0-999"
        rest = {"Content-Range": f"1000-{len(content) - 1}"}
        assert (await wire("PATCH", location, content[1000:], LOGIN | rest)).status == 202
        closed = await wire("PUT", f"{location}&digest={Digest.of(content)}", headers=LOGIN)
        assert closed.status == 201


async def test_a_dropped_upload_can_be_resumed(wire: Wire) -> None:
    content = b"x" * 5000
    wire.registry.quirks = Quirks(cut_dropped=2, cut_after=1000)
    assert (await wire("PATCH", await started(wire), content[:1000])).status == 202
    location = await started(wire)
    for place in (0, 1000):
        chunk = {"Content-Range": f"{place}-4999"}
        with pytest.raises(aiohttp.ClientError):
            await wire("PATCH", location, content[place:], chunk)
        stands = await wire("GET", location)
        assert stands.headers["Range"] == f"0-{place + 999}"
    closing = f"{location}&digest={Digest.of(content)}"
    closed = await wire("PUT", closing, content[2000:], {"Content-Range": "2000-4999"})
    assert closed.status == 201


async def test_a_stalled_upload(wire: Wire) -> None:
    content = b"x" * 3000
    wire.registry.quirks = Quirks(cut_stalled=1, cut_after=1000)
    location = await started(wire)
    assert await still_quiet(wire, "PATCH", location, data=content)
    assert (await wire("GET", location)).headers["Range"] == "0-999"
    rest = await wire("PATCH", location, content[1000:], {"Content-Range": "1000-2999"})
    assert rest.status == 202


@pytest.mark.parametrize("resume", [True, False])
async def test_no_resuming(wire: Wire, resume: bool) -> None:
    """As Azure has it: what broke off is gone, what did not goes on."""
    wire.registry.quirks = Quirks(resume=resume, cut_dropped=1, cut_after=10)
    location = await started(wire)
    with pytest.raises(aiohttp.ClientError):
        await patch(wire, location, 0, 49)
    replies = [await wire("GET", location), await patch(wire, location, 10, 49)]
    assert [reply.status for reply in replies] == ([204, 202] if resume else [404, 404])
    if not resume:
        assert replies[1].codes == ["BLOB_UPLOAD_INVALID"]
    fresh = await started(wire)
    assert (await patch(wire, fresh, 0, 49)).status == 202
    assert (await patch(wire, fresh, 40, 99)).status == (416 if resume else 404)
    assert (await patch(wire, fresh, 50, 99)).status == 202
    assert (await close(wire, fresh)).status == 201


# --- Locations ---


async def test_location_without_tls(tmp_path: Path) -> None:
    tls = self_signed(tmp_path)
    quirks = Quirks(location_http=True)
    registry = SandboxRegistry(ssl_context=tls.server, quirks=quirks)
    connector = aiohttp.TCPConnector(ssl=tls.client)
    async with registry, aiohttp.ClientSession(connector=connector) as session:
        wire = Wire(registry, session)
        location = await started(wire)
        assert location.startswith(f"http://{registry.host}/v2/team/app/blobs/uploads/")
        upgraded = location.replace("http://", "https://")
        assert (await close(wire, upgraded, CONTENT)).location.startswith("http://")


async def test_location_without_port_or_host(wire: Wire) -> None:
    wire.registry.quirks = Quirks(location_portless=True)
    assert (await started(wire)).startswith(f"http://127.0.0.1{UPLOADS}")
    wire.registry.quirks = Quirks(location_relative=True)
    location = await started(wire)
    assert location.startswith(UPLOADS)
    patched = await patch(wire, location, 0, 49)
    assert patched.location.startswith(UPLOADS)
    assert (await close(wire, patched.location, CONTENT[50:])).location == BLOB


async def test_a_session_goes_on_at_another_origin() -> None:
    """There nobody logs in, and what comes with a login is refused and seen."""
    storage = SandboxRegistry().storage
    other_quirks = Quirks(rejects_authorization=True)
    async with talking_to(SandboxRegistry(storage=storage, quirks=other_quirks)) as other:
        quirks = Quirks(upload_origin=other.registry.url)
        registry = SandboxRegistry(storage=storage, auth=BasicAuth(ACCOUNT), quirks=quirks)
        async with talking_to(registry) as wire:
            location = await started(wire, LOGIN)
            assert location.startswith(f"{other.registry.url}{UPLOADS}")
            assert (await other("PATCH", location, CONTENT, LOGIN)).status == 400
            assert (await other("PATCH", location, CONTENT)).status == 202
            assert (await close(other, location)).status == 201
            assert (await wire("HEAD", BLOB, headers=LOGIN)).status == 200
            given = [record.had_authorization for record in other.registry.requests]
            assert given == [True, False, False]


# --- sessions ---


async def test_patch_says_created(wire: Wire) -> None:
    wire.registry.quirks = Quirks(patch_status=201)
    location = await started(wire)
    assert (await patch(wire, location, 0, 49)).status == 201
    assert (await patch(wire, location, 0, 49)).status == 416
    assert (await close(wire, location, CONTENT[50:])).status == 201


async def test_chunks_above_a_cap(wire: Wire) -> None:
    wire.registry.quirks = Quirks(max_chunk=40)
    location = await started(wire)
    assert (await patch(wire, location, 0, 39)).status == 202
    refused = await patch(wire, location, 40, 80)
    assert (refused.status, refused.codes) == (416, ["REQUESTED_RANGE_NOT_SATISFIABLE"])
    assert refused.headers["Range"] == "0-39"
    long_close = await wire(
        "PUT", f"{location}&digest={DIGEST}", CONTENT[40:], {"Content-Range": "40-99"}
    )
    assert long_close.status == 416
    assert (await patch(wire, location, 40, 79)).status == 202
    assert (await close(wire, location, CONTENT[80:])).status == 201
    assert (await close(wire, await started(wire), CONTENT)).status == 201


@pytest.mark.parametrize("told", [True, False])
async def test_chunks_below_a_minimum(wire: Wire, told: bool) -> None:
    wire.registry.quirks = Quirks(min_chunk=40, min_chunk_told=told)
    opened = await wire("POST", UPLOADS)
    assert opened.headers.get("OCI-Chunk-Min-Length") == ("40" if told else None)
    location = opened.location
    assert (await patch(wire, location, 0, 39)).status == 202
    assert (await patch(wire, location, 40, 78)).status == 202
    for refused in (await patch(wire, location, 79, 99), await close(wire, location, b"x")):
        assert (refused.status, refused.codes) == (400, ["BLOB_UPLOAD_INVALID"])
    location = await started(wire)
    assert (await patch(wire, location, 0, 79)).status == 202
    assert (await patch(wire, location, 80, 99)).status == 202
    assert (await close(wire, location)).status == 201


async def test_no_second_chunk(wire: Wire) -> None:
    wire.registry.quirks = Quirks(multi_chunk=False)
    location = await started(wire)
    assert (await patch(wire, location, 0, 49)).status == 202
    assert (await patch(wire, location, 50, 99)).status == 400
    assert (await wire("PATCH", location, CONTENT[50:])).status == 400
    location = await started(wire)
    assert (await wire("PATCH", location, CONTENT)).status == 202
    assert (await close(wire, location)).status == 201
    assert (await close(wire, await started(wire), CONTENT)).status == 201


async def test_no_empty_closing_put(wire: Wire) -> None:
    wire.registry.quirks = Quirks(empty_closing_put=False)
    location = await started(wire)
    assert (await patch(wire, location, 0, 49)).status == 202
    assert (await close(wire, location)).status == 500
    assert (await close(wire, location, CONTENT[50:])).status == 201
    assert (await close(wire, await started(wire), CONTENT)).status == 201
    empty = f"{await started(wire)}&digest={Digest.of(b'')}"
    assert (await wire("PUT", empty)).status == 201


async def test_a_range_that_stands_still(wire: Wire) -> None:
    wire.registry.quirks = Quirks(stale_range=True)
    location = await started(wire)
    ranges = [
        (await patch(wire, location, first, first + 24)).headers["Range"] for first in (0, 25, 50)
    ]
    assert ranges == ["0-24"] * 3
    assert (await wire("GET", location)).headers["Range"] == "0-24"
    assert (await close(wire, location, CONTENT[75:])).status == 201


async def test_no_status_and_no_cancelling(wire: Wire) -> None:
    wire.registry.quirks = Quirks(upload_status=False, upload_cancel=False)
    location = await started(wire)
    for method in ("GET", "DELETE"):
        refused = await wire(method, location)
        assert (refused.status, refused.codes) == (405, ["UNSUPPORTED"])
    assert (await close(wire, location, CONTENT)).status == 201


async def test_sessions_that_end_in_time(wire: Wire) -> None:
    clock = FakeClock(now=7)
    wire.registry.quirks = Quirks(session_life_s=3600, clock=clock.clock.monotonic)
    location = await started(wire)
    clock.now += 3599
    assert (await patch(wire, location, 0, 49)).status == 202
    clock.now += 1
    refused = await patch(wire, location, 50, 99)
    assert (refused.status, refused.codes) == (404, ["BLOB_UPLOAD_UNKNOWN"])
    assert (await close(wire, await started(wire), CONTENT)).status == 201
