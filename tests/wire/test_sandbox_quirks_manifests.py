"""Quirks of manifests and repositories: refused, cleared away, made before."""

import json

import aiohttp
import pytest

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.quirks import Quirks
from tests.support.clock import FakeClock
from tests.support.sandbox_http import Json, Reply, Wire, descriptor, image, index

MANIFESTS = "/v2/team/app/manifests"
UPLOADS = "/v2/team/app/blobs/uploads/"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest_of(manifest: Json) -> Digest:
    return Digest.of(json.dumps(manifest).encode())


async def pushed(wire: Wire, layer: bytes = b"layer") -> Json:
    """An image whose blobs are there and whose manifest is not."""
    await wire.push_blob("team/app", b"{}")
    await wire.push_blob("team/app", layer)
    return image(b"{}", layer)


async def put(wire: Wire, manifest: Json, reference: str | None = None) -> Reply:
    """By digest, when no tag is given."""
    return await wire.push_manifest("team/app", reference or str(digest_of(manifest)), manifest)


async def stands(wire: Wire, reference: object) -> bool:
    return (await wire("HEAD", f"{MANIFESTS}/{reference}")).status == 200


async def test_another_status(wire: Wire) -> None:
    manifest = await pushed(wire)
    wire.registry.quirks = Quirks(manifest_status=200)
    assert (await put(wire, manifest)).status == 200
    assert (await wire("PUT", f"{MANIFESTS}/v1", b"{}")).status == 400


async def test_a_lower_limit(wire: Wire) -> None:
    manifest = await pushed(wire)
    size = len(json.dumps(manifest))
    wire.registry.quirks = Quirks(max_manifest=size - 1)
    assert (await put(wire, manifest)).status == 413
    wire.registry.quirks = Quirks(max_manifest=size)
    assert (await put(wire, manifest)).status == 201


async def test_blobs_are_unknown_at_first(wire: Wire) -> None:
    first, second = await pushed(wire), await pushed(wire, b"other")
    wire.registry.quirks = Quirks(blobs_unknown=1)
    for manifest in (first, second):
        refused = await put(wire, manifest)
        assert (refused.status, refused.codes) == (400, ["MANIFEST_BLOB_UNKNOWN"])
        assert (await put(wire, manifest)).status == 201


async def test_no_empty_config(wire: Wire) -> None:
    plain = await pushed(wire)
    wire.registry.quirks = Quirks(empty_config=False)
    artifact = plain | {"config": descriptor(EMPTY, b"{}"), "artifactType": "a/b"}
    refused = await put(wire, artifact)
    assert (refused.status, refused.codes) == (403, ["DENIED"])
    message = "unknown manifest class for application/vnd.oci.empty.v1+json"
    assert refused.json["errors"][0]["message"] == message
    assert (await put(wire, plain)).status == 201
    assert (await put(wire, index(plain), "v1")).status == 201
    for raw in (b"", b"[]", b'{"config": 1}', b"no json"):
        assert (await wire("PUT", f"{MANIFESTS}/v1", raw)).status == 400


async def test_no_mixed_lists(wire: Wire) -> None:
    oci = await pushed(wire)
    docker = oci | {"mediaType": mediatype.DOCKER_MANIFEST}
    for manifest in (oci, docker):
        assert (await put(wire, manifest)).status == 201
    wire.registry.quirks = Quirks(mixed_lists=False)
    mixed = index(docker, oci) | {"mediaType": mediatype.DOCKER_LIST}
    refused = await put(wire, mixed)
    assert (refused.status, refused.codes) == (400, ["MANIFEST_INVALID"])
    assert (await put(wire, index(docker) | {"mediaType": mediatype.DOCKER_LIST})).status == 201
    assert (await put(wire, index(docker, oci))).status == 201


async def test_conflict_with_itself(wire: Wire) -> None:
    manifest = await pushed(wire)
    wire.registry.quirks = Quirks(conflict_again=True)
    for reference in (None, "v1", "v2"):
        assert (await put(wire, manifest, reference)).status == 201
        again = await put(wire, manifest, reference)
        assert (again.status, again.codes) == (409, ["CONFLICT"])


async def test_no_deletion(wire: Wire) -> None:
    digest = await wire.push_image("team/app", "v1")
    wire.registry.quirks = Quirks(manifest_delete=False)
    refused = await wire("DELETE", f"{MANIFESTS}/{digest}")
    assert (refused.status, refused.codes) == (405, ["UNSUPPORTED"])
    assert (await wire("DELETE", f"{MANIFESTS}/v1")).status == 202


# --- cleared away ---


async def test_untagged_manifests_vanish_in_time(wire: Wire) -> None:
    clock = FakeClock(now=50)
    wire.registry.quirks = Quirks(untagged_life_s=3600, clock=clock.clock.monotonic)
    lonely, child = await pushed(wire), await pushed(wire, b"child")
    signature = image(b"{}", b"child") | {
        "subject": descriptor(mediatype.OCI_MANIFEST, json.dumps(child).encode())
    }
    for manifest in (lonely, child, signature):
        assert (await put(wire, manifest)).status == 201
    clock.now += 3599
    assert await stands(wire, digest_of(lonely))
    assert (await put(wire, index(child), "v1")).status == 201
    clock.now += 1
    held = (digest_of(child), digest_of(index(child)), digest_of(signature))
    assert not await stands(wire, digest_of(lonely))
    assert [await stands(wire, digest) for digest in held] == [True] * 3
    clock.now += 3600
    assert [await stands(wire, digest) for digest in held] == [True] * 3


async def test_a_tag_that_moves_leaves_something_to_clear_away(wire: Wire) -> None:
    clock = FakeClock(now=50)
    wire.registry.quirks = Quirks(untagged_life_s=3600, clock=clock.clock.monotonic)
    old, new = await pushed(wire), await pushed(wire, b"new")
    await put(wire, old, "v1")
    clock.now += 5000
    await put(wire, new, "v1")
    assert await stands(wire, digest_of(old))
    clock.now += 3600
    assert not await stands(wire, digest_of(old))
    assert await stands(wire, digest_of(new))


async def test_untagged_manifests_vanish_after_requests(wire: Wire) -> None:
    manifest = await pushed(wire)
    wire.registry.quirks = Quirks(untagged_requests=2)
    assert (await put(wire, manifest)).status == 201
    assert [await stands(wire, digest_of(manifest)) for _ in range(3)] == [True, True, False]


# --- repositories ---


@pytest.mark.parametrize("drops", [False, True])
async def test_repositories_that_must_exist(wire: Wire, drops: bool) -> None:
    await wire.push_blob("team/old", b"old")
    quirks = Quirks(repositories=frozenset({"team/app"}), missing_drops=drops)
    wire.registry.quirks = quirks
    for name, status in (("team/app", 202), ("team/old", 202)):
        assert (await wire("POST", f"/v2/{name}/blobs/uploads/")).status == status
    assert (await wire("HEAD", "/v2/team/none/manifests/v1")).status == 404
    for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/v1")):
        if drops:
            with pytest.raises(aiohttp.ClientError):
                await wire(method, f"/v2/team/none/{path}", b"")
            continue
        refused = await wire(method, f"/v2/team/none/{path}", b"")
        assert (refused.status, refused.codes) == (404, ["NAME_UNKNOWN"])
