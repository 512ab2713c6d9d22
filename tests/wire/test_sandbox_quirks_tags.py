"""Quirks of tags: moved late, lost, raced, refused, and conditional."""

import asyncio
import json

import aiohttp
import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.quirks import Quirks
from tests.support.sandbox_http import Json, Reply, Wire, image, index

MANIFESTS = "/v2/team/app/manifests"


async def two_images(wire: Wire) -> tuple[Json, Json]:
    """Manifests that are there without a tag."""
    manifests = []
    for layer in (b"one", b"two"):
        digest = await wire.push_image("team/app", "passing", layer)
        manifests.append((await wire("GET", f"{MANIFESTS}/{digest}")).json)
    await wire("DELETE", f"{MANIFESTS}/passing")
    first, second = manifests
    return first, second


async def put(
    wire: Wire, manifest: Json, reference: str, headers: dict[str, str] | None = None
) -> Reply:
    return await wire.push_manifest("team/app", reference, manifest, headers)


def digest_of(manifest: Json) -> str:
    return str(Digest.of(json.dumps(manifest).encode()))


async def shown(wire: Wire, reference: str, method: str = "HEAD") -> str | None:
    """The digest that is seen under a tag."""
    reply = await wire(method, f"{MANIFESTS}/{reference}")
    return reply.headers["Docker-Content-Digest"] if reply.status == 200 else None


async def test_a_tag_takes_its_manifest(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(tag_delete_takes_all=True)
    await put(wire, one, "v1")
    await put(wire, one, "v1.0")
    await put(wire, two, "v2")
    assert (await wire("DELETE", f"{MANIFESTS}/v1")).status == 202
    assert await shown(wire, digest_of(one)) is None
    assert (await wire("GET", "/v2/team/app/tags/list")).json["tags"] == ["v2"]
    assert (await wire("DELETE", f"{MANIFESTS}/v1")).status == 404


async def test_the_last_tag_takes_its_manifest(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(last_tag_takes_all=True)
    await put(wire, one, "v1")
    await put(wire, one, "v1.0")
    await put(wire, two, "v1")
    assert await shown(wire, digest_of(one))
    assert (await put(wire, index(two), "all")).status == 201
    assert (await put(wire, one, "v1")).status == 201
    assert await shown(wire, digest_of(two)), "the index holds it"
    assert (await wire("DELETE", f"{MANIFESTS}/v1")).status == 202
    assert await shown(wire, digest_of(one))
    assert (await wire("DELETE", f"{MANIFESTS}/v1.0")).status == 202
    assert await shown(wire, digest_of(one)) is None


async def test_the_status_of_immutable_tags(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(immutable_tags=True, immutable_status=412)
    assert (await put(wire, one, "v1")).status == 201
    assert (await put(wire, two, "v1")).status == 412


@pytest.mark.parametrize(("taken", "applied"), [(0, []), (2, ["a", "b"]), (None, ["a", "b", "c"])])
async def test_several_tags_in_one_put(wire: Wire, taken: int | None, applied: list[str]) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(tags_per_put=taken)
    reply = await put(wire, one, f"{digest_of(one)}?tag=a&tag=b&tag=c")
    assert reply.status == 201
    assert reply.headers.getall("OCI-Tag", []) == applied
    assert (await wire("GET", "/v2/team/app/tags/list")).json["tags"] == applied
    assert (await put(wire, two, "single")).status == 201


async def test_two_tags_in_parallel(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(parallel_tags_s=60)
    async with asyncio.timeout(20):
        replies = await asyncio.gather(*(put(wire, one, tag) for tag in ("a", "b")))
    assert sorted(reply.status for reply in replies) == [201, 400]
    refused = next(reply for reply in replies if reply.status == 400)
    assert refused.codes == ["MANIFEST_INVALID"]
    assert len((await wire("GET", "/v2/team/app/tags/list")).json["tags"]) == 1
    assert (await put(wire, one, digest_of(one))).status == 201
    wire.registry.quirks = Quirks(parallel_tags_s=0.05)
    assert [(await put(wire, one, tag)).status for tag in ("c", "d")] == [201, 201]
    others = await asyncio.gather(put(wire, one, "e"), put(wire, two, "f"))
    assert [reply.status for reply in others] == [201, 201]


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("by_digest", [True, False])
async def test_lost_moves(wire: Wire, stored: bool, by_digest: bool) -> None:
    one, two = await two_images(wire)
    await put(wire, one, "v1")
    wire.registry.quirks = Quirks(lost_tag_answers=int(stored), lost_tags=int(not stored))
    assert (await put(wire, two, digest_of(two))).status == 201
    reference = f"{digest_of(two)}?tag=v1" if by_digest else "v1"
    with pytest.raises(aiohttp.ClientError):
        await put(wire, two, reference)
    assert await shown(wire, "v1") == digest_of(two if stored else one)
    assert (await put(wire, two, reference)).status == 201
    assert await shown(wire, "v1") == digest_of(two)


async def test_a_move_that_is_not_seen_at_once(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(tag_lag=2)
    await put(wire, one, "v1")
    assert [await shown(wire, "v1") for _ in range(3)] == [None, None, digest_of(one)]
    await put(wire, two, f"{digest_of(two)}?tag=v1")
    seen = [await shown(wire, "v1", method) for method in ("GET", "HEAD", "GET")]
    assert seen == [digest_of(one), digest_of(one), digest_of(two)]
    assert await shown(wire, digest_of(two)) == digest_of(two)


@pytest.mark.parametrize("reads", [1, 3])
async def test_a_rival(wire: Wire, reads: int) -> None:
    one, two = await two_images(wire)
    rival = Digest.parse(digest_of(two))
    await put(wire, one, "v1")
    wire.registry.quirks = Quirks(rival=rival, rival_reads=reads)
    seen = [await shown(wire, "v1") for _ in range(reads + 1)]
    assert seen == [digest_of(one)] * reads + [digest_of(two)]
    await put(wire, one, "v1")
    assert [await shown(wire, "v1") for _ in range(3)] == [digest_of(one)] * 3


async def test_a_rival_makes_a_tag_that_was_not_there(wire: Wire) -> None:
    _, two = await two_images(wire)
    wire.registry.quirks = Quirks(rival=Digest.parse(digest_of(two)))
    assert [await shown(wire, "new") for _ in range(2)] == [None, digest_of(two)]


# --- conditional requests ---


@pytest.mark.parametrize("honoured", [True, False])
async def test_conditions(wire: Wire, honoured: bool) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(conditional_requests=honoured)
    failed = 412 if honoured else 201
    first = await put(wire, one, "v1", {"If-None-Match": "*"})
    assert first.status == 201
    assert first.headers.get("ETag") == (f'"{digest_of(one)}"' if honoured else None)
    etag = (await wire("HEAD", f"{MANIFESTS}/v1")).headers["ETag"]
    assert etag == f'"{digest_of(one)}"'
    assert (await put(wire, one, "v1", {"If-None-Match": "*"})).status == failed
    assert (await put(wire, two, "v1", {"If-Match": f'"x", {etag}'})).status == 201
    refused = await put(wire, one, "v1", {"If-Match": etag})
    assert refused.status == failed
    assert await shown(wire, "v1") == digest_of(two if honoured else one)
    assert (await put(wire, one, "new", {"If-Match": "*"})).status == failed
    other = {"If-None-Match": f'"{digest_of(two)}"'}
    assert (await put(wire, two, digest_of(two), other)).status == failed
    assert (await put(wire, one, "v1", {"If-Match": "*"})).status == 201


async def test_of_two_conditional_moves_one_holds(wire: Wire) -> None:
    one, two = await two_images(wire)
    wire.registry.quirks = Quirks(conditional_requests=True)
    base = image(b"{}", b"one") | {"annotations": {"a": "b"}}
    await put(wire, base, "v1")
    etag = {"If-Match": (await wire("HEAD", f"{MANIFESTS}/v1")).headers["ETag"]}
    for _ in range(20):
        replies = await asyncio.gather(*(put(wire, m, "v1", etag) for m in (one, two)))
        assert sorted(reply.status for reply in replies) == [201, 412]
        await put(wire, base, "v1")
