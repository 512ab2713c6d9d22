"""Quirks of what is read: HEAD, ranges, signed URLs, lists of tags and referrers."""

from typing import Any

import pytest

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.clock import FakeClock
from tests.support.sandbox_http import Wire, descriptor, image, talking_to

CONTENT = bytes(range(100))
DIGEST = Digest.of(CONTENT)
BLOB = f"/v2/team/app/blobs/{DIGEST}"
TAGS = "/v2/team/app/tags/list"


@pytest.fixture
async def blob(wire: Wire) -> Wire:
    """A registry that holds CONTENT."""
    await wire.push_blob("team/app", CONTENT)
    return wire


async def test_no_head(blob: Wire) -> None:
    blob.registry.quirks = Quirks(blob_head=False)
    assert (await blob("HEAD", BLOB)).status == 405
    assert (await blob("GET", BLOB)).body == CONTENT


async def test_another_length(blob: Wire) -> None:
    blob.registry.quirks = Quirks(head_length=7)
    assert (await blob("HEAD", BLOB)).headers["Content-Length"] == "7"
    assert (await blob("GET", BLOB)).body == CONTENT


async def test_no_ranges(blob: Wire) -> None:
    blob.registry.quirks = Quirks(blob_ranges=False)
    whole = await blob("GET", BLOB, headers={"range": "bytes=10-"})
    assert (whole.status, whole.body) == (200, CONTENT)


async def test_urls_that_expire(blob: Wire) -> None:
    clock = FakeClock(now=1000)
    time = clock.clock.monotonic
    quirks = Quirks(signed_urls=True, clock=time)
    registry = SandboxRegistry(storage=blob.registry.storage, quirks=quirks)
    async with talking_to(registry) as storage:
        origin = storage.registry.url
        blob.registry.quirks = Quirks(redirect_blobs=origin, redirect_life_s=60, clock=time)
        url = (await blob("GET", BLOB)).location
        assert (await storage("GET", url)).body == CONTENT
        clock.now += 59
        part = await storage("GET", url, headers={"Range": "bytes=90-"})
        assert (part.status, part.body) == (206, CONTENT[90:])
        clock.now += 1
        for refused in (url, url.partition("?")[0], f"{url}x"):
            assert (await storage("GET", refused)).status == 403
        assert (await storage("GET", (await blob("GET", BLOB)).location)).status == 200


async def test_403_for_what_is_missing(blob: Wire) -> None:
    blob.registry.quirks = Quirks(forbids_missing=True)
    absent = f"/v2/team/app/blobs/{Digest.of(b'absent')}"
    for method, url in (("HEAD", absent), ("GET", absent), ("HEAD", "/v2/team/app/manifests/v1")):
        assert (await blob(method, url)).status == 403
    assert (await blob("HEAD", BLOB)).status == 200


async def test_no_digest_header(wire: Wire) -> None:
    await wire.push_image("team/app", "v1")
    wire.registry.quirks = Quirks(digest_header="")
    got = await wire("GET", "/v2/team/app/manifests/v1")
    assert "Docker-Content-Digest" not in got.headers
    assert got.status == 200


# --- lists ---


async def pages(wire: Wire, url: str) -> list[Any]:
    """What each page lists, following the links."""
    found = []
    while url:
        page = await wire("GET", url)
        found.append(page.json["tags"])
        url = page.headers.get("Link", "<>").partition(">")[0].lstrip("<")
    return found


@pytest.fixture
async def tagged(wire: Wire) -> Wire:
    """A repository with the tags a to e."""
    for tag in "abcde":
        await wire.push_image("team/app", tag)
    return wire


async def test_pages_of_a_size(tagged: Wire) -> None:
    tagged.registry.quirks = Quirks(page_size=2)
    assert await pages(tagged, TAGS) == [["a", "b"], ["c", "d"], ["e"]]
    assert await pages(tagged, f"{TAGS}?n=100") == [["a", "b"], ["c", "d"], ["e"]]
    assert (await pages(tagged, f"{TAGS}?n=1"))[0] == ["a"]
    assert (await tagged("GET", f"{TAGS}?n=x")).status == 400


async def test_opaque_pages(tagged: Wire) -> None:
    tagged.registry.quirks = Quirks(opaque_pages=True, page_size=2)
    link = (await tagged("GET", TAGS)).headers["Link"]
    assert "next_page=" in link
    assert "last=" not in link
    assert await pages(tagged, TAGS) == [["a", "b"], ["c", "d"], ["e"]]
    assert (await pages(tagged, f"{TAGS}?last=d"))[0] == ["a", "b"]


async def test_too_large_pages(tagged: Wire) -> None:
    tagged.registry.quirks = Quirks(max_page=1000)
    assert await pages(tagged, f"{TAGS}?n=1000") == [list("abcde")]
    refused = await tagged("GET", f"{TAGS}?n=1001")
    assert (refused.status, refused.codes) == (400, ["PAGINATION_NUMBER_INVALID"])


async def test_no_tags_are_null(blob: Wire) -> None:
    blob.registry.quirks = Quirks(null_tags=True)
    assert (await blob("GET", TAGS)).json == {"name": "team/app", "tags": None}
    await blob.push_image("team/app", "v1")
    assert (await blob("GET", TAGS)).json["tags"] == ["v1"]
    assert (await blob("GET", "/v2/team/none/tags/list")).status == 404


async def referrer(wire: Wire) -> tuple[str, dict[str, str]]:
    """The URL of an image's referrers, and the headers of the answer to one more."""
    await wire.push_image("team/app", "v1")
    subject = (await wire("GET", "/v2/team/app/manifests/v1")).body
    named = descriptor(mediatype.OCI_MANIFEST, subject)
    artifact = image(b"{}", b"layer") | {"subject": named, "artifactType": "a/b"}
    reply = await wire.push_manifest("team/app", "v2", artifact)
    return f"/v2/team/app/referrers/{named['digest']}", dict(reply.headers)


async def test_no_referrers(wire: Wire) -> None:
    wire.registry.quirks = Quirks(referrers=False)
    url, headers = await referrer(wire)
    assert "OCI-Subject" not in headers
    assert (await wire("GET", url)).status == 404
    wire.registry.quirks = Quirks()
    assert len((await wire("GET", url)).json["manifests"]) == 1


async def test_no_filter_of_referrers(wire: Wire) -> None:
    wire.registry.quirks = Quirks(referrer_filters=False)
    url, headers = await referrer(wire)
    assert "OCI-Subject" in headers
    reply = await wire("GET", f"{url}?artifactType=other")
    assert len(reply.json["manifests"]) == 1
    assert "OCI-Filters-Applied" not in reply.headers
    wire.registry.quirks = Quirks()
    assert (await wire("GET", f"{url}?artifactType=other")).json["manifests"] == []


async def test_pages_of_referrers(wire: Wire) -> None:
    subject = descriptor(mediatype.OCI_MANIFEST, b"subject")
    for number in range(3):
        kind: dict[str, Any] = {
            "subject": subject,
            "artifactType": "a/b",
            "annotations": {"number": str(number)},
        }
        await wire.push_image("team/app", f"v{number}", **kind)
    wire.registry.quirks = Quirks(referrers_page=2)
    url, sizes, found = f"/v2/team/app/referrers/{subject['digest']}?artifactType=a/b", [], set()
    while url:
        page = await wire("GET", url)
        sizes.append(len(page.json["manifests"]))
        found |= {entry["digest"] for entry in page.json["manifests"]}
        assert page.headers["OCI-Filters-Applied"] == "artifactType"
        url = page.headers.get("Link", "<>").partition(">")[0].lstrip("<")
    assert sizes == [2, 1]
    assert len(found) == 3
