"""Pulling, probing and removing blobs."""

import pytest

from polyarch.oci.digest import Digest
from tests.support.sandbox_http import Wire

CONTENT = bytes(range(200))


def url(digest: Digest | str, repository: str = "team/app") -> str:
    return f"/v2/{repository}/blobs/{digest}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("content", [CONTENT, b""])
async def test_get_and_head(wire: Wire, algorithm: str, content: bytes) -> None:
    digest = await wire.push_blob("team/app", content, algorithm)
    got, probed = await wire("GET", url(digest)), await wire("HEAD", url(digest))
    assert (got.status, got.body) == (200, content)
    assert (probed.status, probed.body) == (200, b"")
    for reply in (got, probed):
        assert reply.headers["Content-Length"] == str(len(content))
        assert reply.headers["Docker-Content-Digest"] == str(digest)
        assert reply.headers["Content-Type"] == "application/octet-stream"
        assert reply.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


async def test_unknown_and_malformed(wire: Wire) -> None:
    await wire.push_blob("team/app", CONTENT)
    absent = await wire("GET", url(Digest.of(b"absent")))
    assert (absent.status, absent.codes) == (404, ["BLOB_UNKNOWN"])
    assert (await wire("HEAD", url(Digest.of(b"absent")))).status == 404
    for text in ("sha256:xyz", "latest", "sha1:" + "0" * 40):
        assert (await wire("GET", url(text))).status == 400


async def test_a_blob_is_only_where_it_was_pushed(wire: Wire) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    assert (await wire("GET", url(digest, "team/other"))).status == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=150-", 150, 199),
        ("bytes=150-9999", 150, 199),
        ("bytes=-10", 190, 199),
        ("bytes=-9999", 0, 199),
    ],
)
async def test_range(wire: Wire, asked: str, first: int, last: int) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    reply = await wire("GET", url(digest), headers={"Range": asked})
    assert (reply.status, reply.body) == (206, CONTENT[first : last + 1])
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/200"
    assert reply.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=200-300", "bytes=-0", "bytes=500-0"])
async def test_range_that_cannot_be(wire: Wire, asked: str) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    reply = await wire("GET", url(digest), headers={"Range": asked})
    assert (reply.status, reply.headers["Content-Range"]) == (416, "bytes */200")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "items=0-1", "bytes=", "bytes=a-b", "0-1"])
async def test_range_that_is_passed_over(wire: Wire, asked: str) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    reply = await wire("GET", url(digest), headers={"Range": asked})
    assert (reply.status, reply.body) == (200, CONTENT)


async def test_delete(wire: Wire) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    await wire.push_blob("team/other", CONTENT)
    assert (await wire("DELETE", url(digest))).status == 202
    for method in ("GET", "HEAD", "DELETE"):
        assert (await wire(method, url(digest))).status == 404
    assert (await wire("GET", url(digest, "team/other"))).body == CONTENT
    assert (await wire("DELETE", url(digest, "team/other"))).status == 202
    again = await wire("POST", f"/v2/team/app/blobs/uploads/?mount={digest}")
    assert again.status == 202


async def test_wrong_method_and_wrong_name(wire: Wire) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    refused = await wire("PUT", url(digest), b"")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, DELETE")
    bad = await wire("GET", url(digest, "Team/App"))
    assert (bad.status, bad.codes) == (400, ["NAME_INVALID"])
    for name in ("a//b", "-a", "a%2f..%2fb", "a" * 256):
        assert (await wire("GET", url(digest, name))).status in {400, 404}
    assert (await wire("GET", "/v2/nothing")).status == 404
    assert (await wire("GET", "/elsewhere")).status == 404


async def test_ping(wire: Wire) -> None:
    assert (await wire("GET", "/v2/")).json == {}
    assert (await wire("GET", "/v2")).status == 200
