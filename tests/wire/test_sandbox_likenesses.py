"""Real registries as sets of quirks: hard, but not impossible for who knows them."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.likenesses import ALIYUN, ECR, GHCR, HARBOR, LIKENESSES
from polyarch.sandbox.quirks import Quirks
from tests.support.sandbox_http import Wire, image, index

MIB = 1024 * 1024
LAYER = b"layer"
IMAGE = image(b"{}", LAYER)
INDEX = index(IMAGE)


def test_every_quirk_has_a_test() -> None:
    """A switch that no test of a conversation names may do nothing at all."""
    here = Path(__file__).parent
    texts = "".join(path.read_text() for path in sorted(here.glob("test_sandbox_quirks*.py")))
    assert [field.name for field in fields(Quirks) if f"{field.name}=" not in texts] == []


@pytest.mark.parametrize("name", LIKENESSES)
async def test_a_careful_client_gets_through(wire: Wire, name: str) -> None:
    """One body per blob, manifests by digest, tags one by one after all that they hold."""
    quirks = LIKENESSES[name]
    if quirks.repositories is not None:
        quirks = replace(quirks, repositories=frozenset({"team/app"}))
    wire.registry.quirks = quirks
    for content in (b"{}", LAYER):
        await wire.push_blob("team/app", content)
    for manifest in (IMAGE, INDEX):
        digest = Digest.of(json.dumps(manifest).encode())
        assert (await wire.push_manifest("team/app", str(digest), manifest)).status == 201
    for tag in ("v1", "latest"):
        assert (await wire.push_manifest("team/app", tag, INDEX)).status == 201
        assert (await wire("GET", f"/v2/team/app/manifests/{tag}")).json == INDEX
    child = f"/v2/team/app/manifests/{Digest.of(json.dumps(IMAGE).encode())}"
    assert (await wire("GET", child)).json == IMAGE


@pytest.mark.parametrize("name", LIKENESSES)
def test_each_is_something_of_its_own(name: str) -> None:
    same = [other for other, quirks in LIKENESSES.items() if quirks == LIKENESSES[name]]
    assert same == [name]
    assert LIKENESSES[name] != Quirks(tags_per_put=0)


async def test_ghcr_and_chunks(wire: Wire) -> None:
    wire.registry.quirks = GHCR
    session = (await wire("POST", "/v2/a/blobs/uploads/")).location
    for size, status in ((4 * MIB + 1, 416), (4 * MIB, 202)):
        chunk = {"Content-Range": f"0-{size - 1}"}
        assert (await wire("PATCH", session, bytes(size), chunk)).status == status


async def test_ecr_and_chunks(wire: Wire) -> None:
    wire.registry.quirks = replace(ECR, repositories=frozenset({"a"}))
    content = bytes(range(256)) * 4 * 5 * 1024 + b"end"
    session = (await wire("POST", "/v2/a/blobs/uploads/")).location
    first = {"Content-Range": f"0-{5 * MIB - 1}"}
    assert (await wire("PATCH", session, content[: 5 * MIB], first)).status == 201
    closing = f"{session}&digest={Digest.of(content)}"
    assert (await wire("PUT", closing, content[5 * MIB :])).status == 201


async def test_harbor_and_mounts(wire: Wire) -> None:
    wire.registry.quirks = HARBOR
    url = f"/v2/team/app/blobs/uploads/?mount={Digest.of(LAYER)}&from=none/app"
    assert (await wire("POST", url)).status == 401


async def test_aliyun_and_artifacts(wire: Wire) -> None:
    wire.registry.quirks = ALIYUN
    await wire.push_blob("team/app", b"{}")
    artifact = image(b"{}")
    artifact["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"
    assert artifact["mediaType"] == mediatype.OCI_MANIFEST
    assert (await wire.push_manifest("team/app", "v1", artifact)).status == 403
