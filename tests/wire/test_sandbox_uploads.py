"""Pushing blobs in every form that the distribution specification knows."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from polyarch.oci.digest import Digest
from tests.support.sandbox_http import Reply, Wire, with_query

REPOSITORY = "team/app"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
CONTENT = bytes(range(256)) * 40
DIGEST = str(Digest.of(CONTENT))
OTHER = str(Digest.of(b"something else"))


async def pulled(wire: Wire, reply: Reply) -> bytes:
    """What the Location of a finished upload gives."""
    assert reply.status == 201
    return (await wire("GET", reply.location)).body


async def stream(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


def chunk(first: int, last: int) -> tuple[bytes, dict[str, str]]:
    return CONTENT[first : last + 1], {"Content-Range": f"{first}-{last}"}


async def arrived(wire: Wire, location: str, size: int) -> None:
    """Wait until a session holds so many bytes."""
    async with asyncio.timeout(10):
        while (await wire("GET", location)).headers["Range"] != f"0-{size - 1}":
            pass


async def test_post_then_put(wire: Wire) -> None:
    opened = await wire("POST", UPLOADS)
    assert opened.status == 202
    pattern = rf"http://127\.0\.0\.1:\d+/v2/{REPOSITORY}/blobs/uploads/[0-9a-f-]+\?.+"
    assert re.fullmatch(pattern, opened.location)
    assert opened.headers["Range"] == "0-0"
    closed = await wire("PUT", with_query(opened.location, digest=DIGEST), CONTENT)
    assert closed.headers["Docker-Content-Digest"] == DIGEST
    assert await pulled(wire, closed) == CONTENT


async def test_the_session_is_gone_when_it_is_finished(wire: Wire) -> None:
    opened = await wire("POST", UPLOADS)
    await wire("PUT", with_query(opened.location, digest=DIGEST), CONTENT)
    assert (await wire("GET", opened.location)).codes == ["BLOB_UPLOAD_UNKNOWN"]
    assert (await wire("PATCH", opened.location, b"more")).status == 404
    again = await wire("PUT", with_query(opened.location, digest=DIGEST), CONTENT)
    assert again.status == 404


async def test_single_post(wire: Wire) -> None:
    reply = await wire("POST", with_query(f"{UPLOADS}", digest=DIGEST), CONTENT)
    assert await pulled(wire, reply) == CONTENT


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_streamed_patch_without_length(wire: Wire, algorithm: str) -> None:
    digest = str(Digest.of(CONTENT, algorithm))
    opened = await wire("POST", with_query(UPLOADS, **{"digest-algorithm": algorithm}))
    sent = await wire("PATCH", opened.location, stream(CONTENT[:99], CONTENT[99:]))
    assert (sent.status, sent.headers["Range"]) == (202, f"0-{len(CONTENT) - 1}")
    closed = await wire("PUT", with_query(sent.location, digest=digest))
    assert await pulled(wire, closed) == CONTENT


async def test_another_algorithm_than_announced(wire: Wire) -> None:
    digest = str(Digest.of(CONTENT, "sha512"))
    opened = await wire("POST", UPLOADS)
    closed = await wire("PUT", with_query(opened.location, digest=digest), CONTENT)
    assert await pulled(wire, closed) == CONTENT


async def test_empty_blob_in_chunked_coding(wire: Wire) -> None:
    digest = str(Digest.of(b""))
    opened = await wire("POST", UPLOADS)
    sent = await wire("PATCH", opened.location, stream())
    assert sent.headers["Range"] == "0-0"
    closed = await wire("PUT", with_query(sent.location, digest=digest))
    assert await pulled(wire, closed) == b""


@pytest.mark.parametrize("last_in_put", [True, False])
async def test_chunks_in_order(wire: Wire, last_in_put: bool) -> None:
    location, first = (await wire("POST", UPLOADS)).location, 0
    while (last := min(first + 3999, len(CONTENT) - 1)) < len(CONTENT) - 1 or not last_in_put:
        reply = await wire("PATCH", location, *chunk(first, last))
        assert (reply.status, reply.headers["Range"]) == (202, f"0-{last}")
        location, first = reply.location, last + 1
        if first == len(CONTENT):
            break
    data, headers = chunk(first, len(CONTENT) - 1) if last_in_put else (b"", {})
    closed = await wire("PUT", with_query(location, digest=DIGEST), data, headers)
    assert await pulled(wire, closed) == CONTENT


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("first", [0, 50, 101, 4000])
async def test_chunk_out_of_order(wire: Wire, method: str, first: int) -> None:
    opened = await wire("POST", UPLOADS)
    sent = await wire("PATCH", opened.location, *chunk(0, 99))
    target = with_query(sent.location, digest=DIGEST)
    refused = await wire(method, target, *chunk(first, len(CONTENT) - 1))
    assert refused.status == 416
    assert refused.headers["Range"] == "0-99"
    status = await wire("GET", refused.location)
    assert (status.status, status.headers["Range"]) == (204, "0-99")
    rest = chunk(100, len(CONTENT) - 1)
    closed = await wire("PUT", with_query(status.location, digest=DIGEST), *rest)
    assert await pulled(wire, closed) == CONTENT


async def test_chunk_of_another_length_than_its_range(wire: Wire) -> None:
    opened = await wire("POST", UPLOADS)
    headers = {"Content-Range": "0-9"}
    assert (await wire("PATCH", opened.location, b"12345", headers)).codes == ["SIZE_INVALID"]
    for blocks in ([b"12345"], [b"123456789", b"012345"]):
        refused = await wire("PATCH", opened.location, stream(*blocks), headers)
        assert refused.codes == ["SIZE_INVALID"]
    rest = await wire("PATCH", opened.location, *chunk(0, len(CONTENT) - 1))
    closed = await wire("PUT", with_query(rest.location, digest=DIGEST))
    assert await pulled(wire, closed) == CONTENT


@pytest.mark.parametrize("text", ["bytes 0-9/10", "0-", "9-0", "a-b", "-9", "0-9-1"])
async def test_broken_content_range(wire: Wire, text: str) -> None:
    opened = await wire("POST", UPLOADS)
    refused = await wire("PATCH", opened.location, b"0123456789", {"Content-Range": text})
    assert (refused.status, refused.codes) == (400, ["BLOB_UPLOAD_INVALID"])


@pytest.mark.parametrize("form", ["post", "put", "patch", "stream", "chunk"])
async def test_wrong_digest_in_every_form(wire: Wire, form: str) -> None:
    if form == "post":
        refused = await wire("POST", with_query(UPLOADS, digest=OTHER), CONTENT)
    else:
        location = (await wire("POST", UPLOADS)).location
        if form == "chunk":
            location = (await wire("PATCH", location, *chunk(0, 999))).location
        if form in {"patch", "stream"}:
            body = CONTENT if form == "patch" else stream(CONTENT)
            location = (await wire("PATCH", location, body)).location
        body = CONTENT if form == "put" else b""
        refused = await wire("PUT", with_query(location, digest=OTHER), body)
    assert (refused.status, refused.codes) == (400, ["DIGEST_INVALID"])
    for digest in (OTHER, DIGEST):
        assert (await wire("HEAD", f"/v2/{REPOSITORY}/blobs/{digest}")).status == 404


@pytest.mark.parametrize(
    "digest", ["", "sha256", "sha256:abc", "md5:" + "0" * 32, "sha256:../../x"]
)
async def test_malformed_digest(wire: Wire, digest: str) -> None:
    opened = await wire("POST", UPLOADS)
    assert (await wire("PUT", with_query(opened.location, digest=digest), b"")).status == 400
    assert (await wire("POST", with_query(UPLOADS, digest=digest), b"")).status == 400
    unknown = await wire("POST", with_query(UPLOADS, **{"digest-algorithm": "md5"}))
    assert unknown.status == 400


async def test_cancel(wire: Wire) -> None:
    opened = await wire("POST", UPLOADS)
    await wire("PATCH", opened.location, b"some")
    assert (await wire("DELETE", opened.location)).status == 204
    for method in ("DELETE", "GET", "PATCH"):
        assert (await wire(method, opened.location)).status == 404


async def test_a_session_belongs_to_its_repository_and_its_location(wire: Wire) -> None:
    location = (await wire("POST", UPLOADS)).location
    assert (await wire("GET", location.replace("team/app", "team/other"))).status == 404
    assert (await wire("GET", location.partition("?")[0])).status == 404
    assert (await wire("GET", location)).status == 204


@pytest.mark.parametrize("session", ["x", "..", "%2e%2e%2fblobs", "0" * 36])
async def test_a_session_that_never_was(wire: Wire, session: str) -> None:
    assert (await wire("GET", f"{UPLOADS}{session}")).status == 404


async def test_an_upload_that_broke_off_goes_on(wire: Wire) -> None:
    """What was received before the connection broke is told by GET and not sent again."""
    location = (await wire("POST", UPLOADS)).location
    port = int(wire.registry.host.partition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    path = location.removeprefix(wire.registry.url)
    head = f"PATCH {path} HTTP/1.1\r\nHost: {wire.registry.host}\r\nContent-Length: 9999\r\n\r\n"
    writer.write(head.encode() + CONTENT[:3000])
    await writer.drain()
    await arrived(wire, location, 3000)
    writer.transport.abort()
    rest = await wire("PATCH", location, *chunk(3000, len(CONTENT) - 1))
    closed = await wire("PUT", with_query(rest.location, digest=DIGEST))
    assert await pulled(wire, closed) == CONTENT
    assert [record.status for record in wire.registry.requests if record.received == 3000] == [0]


async def test_a_body_that_broke_off_is_never_committed(wire: Wire) -> None:
    """The digest of the part that arrived is named, and the request still is not whole."""
    part = CONTENT[:3000]
    port = int(wire.registry.host.partition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = with_query(UPLOADS, digest=str(Digest.of(part)))
    head = f"POST {path} HTTP/1.1\r\nHost: {wire.registry.host}\r\nContent-Length: 9999\r\n\r\n"
    writer.write(head.encode() + part)
    writer.write_eof()
    await reader.read()
    writer.close()
    while "POST" not in {record.method for record in wire.registry.requests}:
        await wire("GET", "/v2/")
    assert (await wire("HEAD", f"/v2/{REPOSITORY}/blobs/{Digest.of(part)}")).status == 404


async def test_broken_transfer_coding(wire: Wire) -> None:
    location = (await wire("POST", UPLOADS)).location
    port = int(wire.registry.host.partition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    path = location.removeprefix(wire.registry.url)
    head = f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"4\r\nsome\r\n")
    await arrived(wire, location, 4)
    writer.write(b"nonsense\r\n")
    await writer.drain()
    writer.close()
    async with asyncio.timeout(10):
        while "PATCH" not in {record.method for record in wire.registry.requests}:
            await wire("GET", "/v2/")
    assert [r.status for r in wire.registry.requests if r.method == "PATCH"] == [0]
    assert (await wire("GET", location)).headers["Range"] == "0-3"


async def test_mount(wire: Wire) -> None:
    digest = str(await wire.push_blob("team/source", CONTENT))
    target = with_query(UPLOADS, mount=digest, **{"from": "team/source"})
    mounted = await wire("POST", target)
    assert mounted.headers["Docker-Content-Digest"] == digest
    assert await pulled(wire, mounted) == CONTENT


async def test_mount_without_from(wire: Wire) -> None:
    digest = str(await wire.push_blob("team/source", CONTENT))
    assert await pulled(wire, await wire("POST", with_query(UPLOADS, mount=digest))) == CONTENT


@pytest.mark.parametrize("source", ["team/empty", "../escape", ""])
async def test_mount_of_what_is_not_there_opens_a_session(wire: Wire, source: str) -> None:
    digest = str(await wire.push_blob("team/source", CONTENT))
    opened = await wire("POST", with_query(UPLOADS, mount=digest, **{"from": source}))
    assert opened.status == 202
    assert (await wire("HEAD", f"/v2/{REPOSITORY}/blobs/{digest}")).status == 404
    closed = await wire("PUT", with_query(opened.location, digest=digest), CONTENT)
    assert await pulled(wire, closed) == CONTENT


async def test_two_writers_of_one_session_do_not_mix(wire: Wire) -> None:
    location = (await wire("POST", UPLOADS)).location
    big = CONTENT * 20
    await asyncio.gather(*(wire("PATCH", location, stream(big, big)) for _ in range(4)))
    digest = str(Digest.of(big * 8))
    closed = await wire("PUT", with_query(location, digest=digest))
    assert closed.status == 201


async def test_expect_100_continue(wire: Wire) -> None:
    opened = await wire("POST", UPLOADS)
    target = with_query(opened.location, digest=DIGEST)
    closed = await wire("PUT", target, CONTENT, expect100=True)
    assert await pulled(wire, closed) == CONTENT
    refused = await wire("PUT", target, CONTENT, expect100=True)
    assert refused.status == 404
    assert [r.received for r in wire.registry.requests if r.status == 404] == [0]
