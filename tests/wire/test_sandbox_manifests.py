"""Pushing, pulling and removing manifests and tags."""

import json

import pytest

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from tests.support.sandbox_http import Json, Wire, descriptor, image, index

CONFIG, LAYER = b"{}", b"layer"


def url(reference: Digest | str, repository: str = "team/app") -> str:
    return f"/v2/{repository}/manifests/{reference}"


def encoded(manifest: Json) -> bytes:
    return json.dumps(manifest).encode()


async def push_parts(wire: Wire) -> Json:
    for content in (CONFIG, LAYER):
        await wire.push_blob("team/app", content)
    return image(CONFIG, LAYER)


async def test_push_by_tag(wire: Wire) -> None:
    manifest = await push_parts(wire)
    digest = Digest.of(encoded(manifest))
    pushed = await wire.push_manifest("team/app", "v1", manifest)
    assert pushed.status == 201
    assert pushed.headers["Docker-Content-Digest"] == str(digest)
    assert "OCI-Subject" not in pushed.headers
    for reference in (pushed.location, url("v1"), url(digest)):
        for method, body in (("GET", encoded(manifest)), ("HEAD", b"")):
            reply = await wire(method, reference)
            assert (reply.status, reply.body) == (200, body)
            assert reply.headers["Content-Type"] == mediatype.OCI_MANIFEST
            assert reply.headers["Content-Length"] == str(len(encoded(manifest)))
            assert reply.headers["Docker-Content-Digest"] == str(digest)


async def test_the_bytes_are_kept(wire: Wire) -> None:
    """Unknown fields, odd spacing and the order of keys: nothing is read and written again."""
    manifest = await push_parts(wire)
    raw = json.dumps({"x-unknown": [1.0, {"b": 1, "a": 2}], **manifest}, indent=3).encode()
    sent = await wire("PUT", url("v1"), raw + b"\n\n", {"Content-Type": mediatype.OCI_MANIFEST})
    assert sent.status == 201
    assert (await wire("GET", url("v1"))).body == raw + b"\n\n"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_push_by_digest_with_tags(wire: Wire, algorithm: str) -> None:
    manifest = await push_parts(wire)
    digest = Digest.of(encoded(manifest), algorithm)
    tags = [f"v{number}" for number in range(12)]
    query = "&".join(f"tag={tag}" for tag in tags)
    pushed = await wire.push_manifest("team/app", f"{digest}?{query}", manifest)
    assert pushed.headers.getall("OCI-Tag") == tags
    for tag in tags:
        assert (await wire("HEAD", url(tag))).headers["Docker-Content-Digest"] == str(digest)


async def test_push_by_digest_moves_no_tag(wire: Wire) -> None:
    manifest = await push_parts(wire)
    pushed = await wire.push_manifest("team/app", str(Digest.of(encoded(manifest))), manifest)
    assert "OCI-Tag" not in pushed.headers
    assert (await wire("GET", "/v2/team/app/tags/list")).json["tags"] == []


async def test_digest_of_other_bytes(wire: Wire) -> None:
    manifest = await push_parts(wire)
    wrong = Digest.of(b"other")
    refused = await wire.push_manifest("team/app", f"{wrong}?tag=v1", manifest)
    assert (refused.status, refused.codes) == (400, ["DIGEST_INVALID"])
    assert (await wire("GET", url("v1"))).status == 404
    assert (await wire("GET", url(wrong))).status == 404


async def test_what_a_manifest_names_must_be_there(wire: Wire) -> None:
    manifest = await push_parts(wire)
    absent = image(b"another config", LAYER, b"another layer")
    refused = await wire.push_manifest("team/app", "v1", absent)
    assert (refused.status, refused.codes) == (400, ["MANIFEST_BLOB_UNKNOWN"] * 2)
    details = [error["detail"] for error in refused.json["errors"]]
    assert details == [str(Digest.of(b"another config")), str(Digest.of(b"another layer"))]
    elsewhere = await wire.push_manifest("team/other", "v1", manifest)
    assert elsewhere.codes == ["MANIFEST_BLOB_UNKNOWN"] * 2
    children = await wire.push_manifest("team/app", "v1", index(manifest))
    assert children.codes == ["MANIFEST_BLOB_UNKNOWN"]
    assert (await wire("GET", url("v1"))).status == 404


async def test_index_and_nested_index(wire: Wire) -> None:
    manifest = await push_parts(wire)
    inner, outer, empty = index(manifest), index(index(manifest)), index()
    for reference, value in (("a", manifest), ("b", inner), ("c", outer), ("d", empty)):
        assert (await wire.push_manifest("team/app", reference, value)).status == 201
    assert (await wire("GET", url("c"))).json == outer


async def test_an_index_may_name_blobs(wire: Wire) -> None:
    """The form in which BuildKit exports its cache."""
    await wire.push_blob("team/app", LAYER)
    cache = {**index(), "manifests": [descriptor(mediatype.OCI_LAYER_GZIP, LAYER)]}
    assert (await wire.push_manifest("team/app", "cache", cache)).status == 201


async def test_layers_that_are_not_distributed_may_be_absent(wire: Wire) -> None:
    await wire.push_blob("team/app", CONFIG)
    kind = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    manifest = image(CONFIG) | {"layers": [descriptor(kind, b"windows")]}
    assert (await wire.push_manifest("team/app", "v1", manifest)).status == 201
    assert (await wire.push_manifest("team/app", "v2", image(CONFIG))).status == 201


async def test_docker_types(wire: Wire) -> None:
    manifest = await push_parts(wire) | {"mediaType": mediatype.DOCKER_MANIFEST}
    listed = index(manifest) | {"mediaType": mediatype.DOCKER_LIST}
    assert (await wire.push_manifest("team/app", "v1", manifest)).status == 201
    assert (await wire.push_manifest("team/app", "v2", listed)).status == 201
    assert (await wire("GET", url("v2"))).headers["Content-Type"] == mediatype.DOCKER_LIST


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 1},
        {"schemaVersion": "2"},
        {"config": None},
        {"config": {"digest": "sha256:no", "size": 2}},
        {"config": {"digest": str(Digest.of(CONFIG))}},
        {"config": {"digest": str(Digest.of(CONFIG)), "size": 3}},
        {"layers": {}},
        {"layers": [7]},
        {"subject": "me"},
        {"mediaType": "application/json"},
        {"mediaType": 5},
    ],
)
async def test_malformed(wire: Wire, change: Json) -> None:
    manifest = await push_parts(wire) | change
    typed = {"Content-Type": str(manifest["mediaType"])}
    refused = await wire("PUT", url("v1"), encoded(manifest), typed)
    assert (refused.status, refused.codes) == (400, ["MANIFEST_INVALID"])


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
async def test_not_json(wire: Wire, raw: bytes) -> None:
    refused = await wire("PUT", url("v1"), raw, {"Content-Type": mediatype.OCI_MANIFEST})
    assert refused.codes == ["MANIFEST_INVALID"]


async def test_content_type_and_media_type(wire: Wire) -> None:
    manifest = await push_parts(wire)
    typed = {"Content-Type": f"{mediatype.OCI_MANIFEST}; charset=utf-8"}
    assert (await wire.push_manifest("team/app", "v1", manifest, typed)).status == 201
    assert (await wire("GET", url("v1"))).headers["Content-Type"] == mediatype.OCI_MANIFEST
    wrong = {"Content-Type": mediatype.OCI_INDEX}
    assert (await wire.push_manifest("team/app", "v2", manifest, wrong)).status == 400
    del manifest["mediaType"]
    typed = {"Content-Type": mediatype.OCI_MANIFEST}
    assert (await wire("PUT", url("v3"), encoded(manifest), typed)).status == 201


async def test_size_limit(wire: Wire) -> None:
    await wire.push_blob("team/app", CONFIG)
    notes = {f"note-{number}": "x" * 10_000 for number in range(390)}
    large = image(CONFIG) | {"annotations": notes}
    assert (await wire.push_manifest("team/app", "large", large)).status == 201
    assert (await wire("GET", url("large"))).json == large
    larger = large | {"more": "x" * 400_000}
    assert (await wire.push_manifest("team/app", "larger", larger)).status == 413


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (mediatype.OCI_MANIFEST, 200),
        (f"{mediatype.OCI_INDEX}, {mediatype.OCI_MANIFEST};q=0.5", 200),
        ("*/*", 200),
        ("application/*", 200),
        (mediatype.DOCKER_MANIFEST, 404),
    ],
)
async def test_accept(wire: Wire, accept: str, status: int) -> None:
    await wire.push_image("team/app", "v1")
    assert (await wire("GET", url("v1"), headers={"Accept": accept})).status == status


@pytest.mark.parametrize("tag", ["-a", ".a", "a" * 129, "a b", "a%2Fb", "%2e%2e"])
async def test_names_that_are_no_tags(wire: Wire, tag: str) -> None:
    manifest = await push_parts(wire)
    refused = await wire.push_manifest("team/app", tag, manifest)
    assert refused.status in {400, 404, 405}
    assert (await wire("GET", url(tag))).status in {400, 404}
    digest = Digest.of(encoded(manifest))
    assert (await wire.push_manifest("team/app", f"{digest}?tag={tag}", manifest)).status == 400


async def test_a_tag_moves(wire: Wire) -> None:
    first = await wire.push_image("team/app", "v1", b"one")
    second = await wire.push_image("team/app", "v1", b"two")
    assert first != second
    assert (await wire("HEAD", url("v1"))).headers["Docker-Content-Digest"] == str(second)
    assert (await wire("GET", url(first))).status == 200


async def test_delete_a_tag(wire: Wire) -> None:
    digest = await wire.push_image("team/app", "v1")
    assert (await wire("DELETE", url("v1"))).status == 202
    for method in ("GET", "HEAD", "DELETE"):
        assert (await wire(method, url("v1"))).status == 404
    assert (await wire("GET", url(digest))).status == 200


async def test_delete_a_manifest_and_its_tags(wire: Wire) -> None:
    digest = await wire.push_image("team/app", "v1")
    await wire.push_image("team/app", "v2")
    other = await wire.push_image("team/app", "kept", b"other")
    assert (await wire("DELETE", url(digest))).status == 202
    for reference in (digest, "v1", "v2"):
        assert (await wire("GET", url(reference))).status == 404
    assert (await wire("DELETE", url(digest))).codes == ["MANIFEST_UNKNOWN"]
    assert (await wire("GET", "/v2/team/app/tags/list")).json["tags"] == ["kept"]
    assert (await wire("GET", url(other))).status == 200
