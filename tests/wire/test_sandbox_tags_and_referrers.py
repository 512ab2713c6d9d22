"""What a repository holds: lists of tags, and of what refers to a manifest."""

import json
import re

import pytest

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from tests.support.sandbox_http import Json, Wire, image, index

TAGS = "/v2/team/app/tags/list"
SUBJECT = {"mediaType": mediatype.OCI_MANIFEST, "digest": "sha256:" + "a" * 64, "size": 9}
NAMES = ["10", "2", "A", "B", "_x", "a", "a.1", "b"]


async def push_tags(wire: Wire) -> None:
    for tag in reversed(NAMES):
        await wire.push_image("team/app", tag)


async def test_all_tags_on_one_page_in_byte_order(wire: Wire) -> None:
    await push_tags(wire)
    reply = await wire("GET", TAGS)
    assert reply.json == {"name": "team/app", "tags": NAMES}
    assert "Link" not in reply.headers


@pytest.mark.parametrize("size", [1, 3, 7, 8, 100])
async def test_pages_by_link(wire: Wire, size: int) -> None:
    await push_tags(wire)
    found, url, pages = [], f"{TAGS}?n={size}", 0
    while url:
        reply = await wire("GET", url)
        assert len(reply.json["tags"]) <= size
        found += reply.json["tags"]
        link = re.fullmatch(r'<(.+)>; rel="next"', reply.headers.get("Link", ""))
        url, pages = (link[1], pages + 1) if link else ("", pages + 1)
    assert found == NAMES
    assert pages == -(-len(NAMES) // size)


async def test_last_and_n(wire: Wire) -> None:
    await push_tags(wire)
    assert (await wire("GET", f"{TAGS}?last=B")).json["tags"] == ["_x", "a", "a.1", "b"]
    assert (await wire("GET", f"{TAGS}?last=B&n=2")).json["tags"] == ["_x", "a"]
    assert (await wire("GET", f"{TAGS}?last=between")).json["tags"] == []
    none = await wire("GET", f"{TAGS}?n=0")
    assert none.json["tags"] == []
    assert "Link" not in none.headers
    for number in ("-1", "x", "", "9" * 5000):
        assert (await wire("GET", f"{TAGS}?n={number}")).status == 400


async def test_unknown_and_empty_repository(wire: Wire) -> None:
    unknown = await wire("GET", TAGS)
    assert (unknown.status, unknown.codes) == (404, ["NAME_UNKNOWN"])
    await wire.push_blob("team/app", b"content")
    assert (await wire("GET", TAGS)).json == {"name": "team/app", "tags": []}


async def refer(wire: Wire, subject: Json, **fields: object) -> Json:
    """Push a manifest that refers to `subject`, and give the entry that must be listed for it."""
    await wire.push_blob("team/app", b"{}")
    manifest = image(b"{}") | {"subject": subject} | fields
    if fields.get("mediaType") == mediatype.OCI_INDEX:
        manifest = index() | {"subject": subject} | fields
    raw = json.dumps(manifest).encode()
    pushed = await wire.push_manifest("team/app", str(Digest.of(raw)), manifest)
    assert pushed.headers["OCI-Subject"] == subject["digest"]
    entry = {"mediaType": manifest["mediaType"], "digest": str(Digest.of(raw)), "size": len(raw)}
    return entry | {key: fields[key] for key in ("artifactType", "annotations") if key in fields}


async def test_referrers(wire: Wire) -> None:
    url = f"/v2/team/app/referrers/{SUBJECT['digest']}"
    empty = await wire("GET", url)
    assert empty.status == 200
    assert empty.headers["Content-Type"] == mediatype.OCI_INDEX
    head = {"schemaVersion": 2, "mediaType": mediatype.OCI_INDEX}
    assert empty.json == {**head, "manifests": []}

    plain = await refer(wire, SUBJECT) | {"artifactType": mediatype.OCI_CONFIG}
    typed = await refer(wire, SUBJECT, artifactType="a/b", annotations={"k": "v"})
    bare = await refer(wire, SUBJECT, mediaType=mediatype.OCI_INDEX)
    await refer(wire, {**SUBJECT, "digest": "sha256:" + "b" * 64})
    listed = (await wire("GET", url)).json["manifests"]
    assert sorted(listed, key=str) == sorted([plain, typed, bare], key=str)

    filtered = await wire("GET", f"{url}?artifactType=a/b")
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    assert filtered.json["manifests"] == [typed]
    nothing = await wire("GET", f"{url}?artifactType=c/d")
    assert nothing.json["manifests"] == []

    await wire("DELETE", f"/v2/team/app/manifests/{typed['digest']}")
    assert typed not in (await wire("GET", url)).json["manifests"]
    assert (await wire("GET", url.replace("app", "other"))).json["manifests"] == []


async def test_referrers_of_what_is_no_digest(wire: Wire) -> None:
    assert (await wire("GET", "/v2/team/app/referrers/latest")).status == 400
