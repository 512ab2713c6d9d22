"""Each switch of a registry's quirks, and the seam by which a test adds its own."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.support.sandbox_http import Wire, basic, talking_to

CONTENT = bytes(range(100))
LOGIN = basic("user", "password")
ACCOUNT = Account(username="user", password="password")
MANIFEST = "/v2/team/app/manifests/v1"
UPLOADS = "/v2/team/app/blobs/uploads/"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with talking_to(SandboxRegistry()) as talking:
        yield talking


async def test_refused_login() -> None:
    quirks = Quirks(refuse_login=True)
    for auth in (BasicAuth(ACCOUNT), BearerAuth(ACCOUNT), None):
        async with talking_to(SandboxRegistry(auth=auth, quirks=quirks)) as wire:
            ping = await wire("GET", "/v2/", headers=LOGIN)
            assert ping.status == 401
            assert "WWW-Authenticate" in ping.headers
            if isinstance(auth, BearerAuth):
                assert (await wire("GET", "/token", headers=LOGIN)).status == 401


async def test_denied_actions() -> None:
    quirks = Quirks(denied_actions=frozenset({"push"}))
    async with talking_to(SandboxRegistry(auth=BasicAuth(ACCOUNT), quirks=quirks)) as wire:
        assert (await wire("GET", "/v2/", headers=LOGIN)).status == 200
        assert (await wire("GET", MANIFEST, headers=LOGIN)).status == 404
        denied = await wire("POST", UPLOADS, headers=LOGIN)
        assert (denied.status, denied.codes) == (403, ["DENIED"])
        assert (await wire("POST", UPLOADS)).status == 401


async def test_down_and_up_again(wire: Wire) -> None:
    wire.registry.quirks = Quirks(down=True)
    with pytest.raises(aiohttp.ClientError):
        await wire("GET", "/v2/")
    assert {record.status for record in wire.registry.requests} == {0}
    wire.registry.quirks = Quirks()
    assert (await wire("GET", "/v2/")).status == 200


@pytest.mark.parametrize("after", ["7", "Wed, 21 Oct 2015 07:28:00 GMT", None])
async def test_throttled(wire: Wire, after: str | None) -> None:
    wire.registry.quirks = Quirks(throttled=2, retry_after=after)
    for _ in range(2):
        reply = await wire("POST", UPLOADS, CONTENT)
        assert (reply.status, reply.codes) == (429, ["TOOMANYREQUESTS"])
        assert reply.headers.get("Retry-After") == after
    assert (await wire("POST", UPLOADS)).status == 202
    assert (await wire("GET", "/v2/")).status == 429


async def test_unavailable(wire: Wire) -> None:
    wire.registry.quirks = Quirks(unavailable=3)
    assert [(await wire("GET", "/v2/")).status for _ in range(4)] == [503, 503, 503, 200]


async def test_no_single_post_and_no_mount(wire: Wire) -> None:
    digest = await wire.push_blob("team/base", CONTENT)
    wire.registry.quirks = Quirks(single_post=False, mount=False)
    posted = await wire("POST", f"{UPLOADS}?digest={digest}", CONTENT)
    mounted = await wire("POST", f"{UPLOADS}?mount={digest}&from=team/base")
    assert [posted.status, mounted.status] == [202, 202]
    assert (await wire("HEAD", f"/v2/team/app/blobs/{digest}")).status == 404
    closed = await wire("PUT", f"{posted.location}&digest={digest}", CONTENT)
    assert closed.status == 201


async def test_no_tag_delete(wire: Wire) -> None:
    digest = await wire.push_image("team/app", "v1")
    wire.registry.quirks = Quirks(tag_delete=False)
    refused = await wire("DELETE", MANIFEST)
    assert (refused.status, refused.codes) == (400, ["UNSUPPORTED"])
    assert (await wire("GET", MANIFEST)).status == 200
    assert (await wire("DELETE", f"/v2/team/app/manifests/{digest}")).status == 202


@pytest.mark.parametrize("strict", [False, True])
async def test_immutable_tags(wire: Wire, strict: bool) -> None:
    digest = await wire.push_image("team/app", "v1")
    other = await wire.push_image("team/app", "v2", b"other")
    manifest = (await wire("GET", MANIFEST)).json
    changed = (await wire("GET", "/v2/team/app/manifests/v2")).json
    wire.registry.quirks = Quirks(immutable_tags=True, immutable_same_digest=strict)
    same = await wire.push_manifest("team/app", "v1", manifest)
    assert same.status == (400 if strict else 201)
    for reference in ("v1", f"{other}?tag=v3&tag=v1"):
        refused = await wire.push_manifest("team/app", reference, changed)
        assert (refused.status, refused.codes) == (400, ["TAG_INVALID"])
    assert (await wire("HEAD", MANIFEST)).headers["Docker-Content-Digest"] == str(digest)
    assert (await wire("HEAD", "/v2/team/app/manifests/v3")).status == 404
    assert (await wire.push_manifest("team/app", "v3", changed)).status == 201


async def test_wrong_headers(wire: Wire) -> None:
    digest = await wire.push_image("team/app", "v1")
    wrong = str(Digest.of(b"wrong"))
    wire.registry.quirks = Quirks(digest_header=wrong, content_type="text/html")
    got = await wire("GET", MANIFEST)
    assert got.headers["Content-Type"] == "text/html"
    assert Digest.of(got.body) == digest
    layer = Digest.of(b"layer")
    blob = await wire("HEAD", f"/v2/team/app/blobs/{layer}")
    for reply in (got, blob, await wire.push_manifest("team/app", "v1", got.json)):
        assert reply.headers.getall("Docker-Content-Digest") == [wrong]


@pytest.mark.parametrize("size", [0, 10, 99])
async def test_truncated_blob(wire: Wire, size: int) -> None:
    url = f"/v2/team/app/blobs/{await wire.push_blob('team/app', CONTENT)}"
    wire.registry.quirks = Quirks(truncate_blobs=size)
    async with wire.session.get(f"{wire.registry.url}{url}") as response:
        assert response.headers["Content-Length"] == "100"
        assert await response.content.readexactly(size) == CONTENT[:size]
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()
    assert wire.registry.requests[-1].sent == size


async def test_corrupted_blob(wire: Wire) -> None:
    url = f"/v2/team/app/blobs/{await wire.push_blob('team/app', CONTENT)}"
    wire.registry.quirks = Quirks(corrupt_blobs=True)
    got = await wire("GET", url)
    assert len(got.body) == len(CONTENT)
    assert [place for place in range(100) if got.body[place] != CONTENT[place]] == [0]


async def test_redirect_to_storage_that_rejects_logins(wire: Wire) -> None:
    digest = await wire.push_blob("team/app", CONTENT)
    url = f"/v2/team/app/blobs/{digest}"
    quirks = Quirks(rejects_authorization=True)
    async with talking_to(SandboxRegistry(storage=wire.registry.storage, quirks=quirks)) as other:
        wire.registry.quirks = Quirks(redirect_blobs=other.registry.url)
        sent = await wire("GET", url)
        assert (sent.status, sent.location) == (307, f"{other.registry.url}{url}")
        assert (await wire("HEAD", url)).status == 200
        assert (await wire("GET", f"/v2/team/app/blobs/{Digest.of(b'absent')}")).status == 404
        assert (await other("GET", sent.location)).body == CONTENT
        assert (await other("GET", sent.location, headers=LOGIN)).status == 400
        assert [r.had_authorization for r in other.registry.requests] == [False, True]


async def test_hook_answers_changes_or_lets_pass(wire: Wire) -> None:
    async def hook(call: Call) -> Answer | Call | None:
        if call.method == "DELETE":
            return Answer(status=418, body=b"no")
        if call.target.kind is Kind.TAGS:
            return HANG_UP
        if call.target.item == "alias":
            return replace(call, target=replace(call.target, item="v1"))
        return None

    digest = await wire.push_image("team/app", "v1")
    wire.registry.quirks = Quirks(on_request=hook)
    assert (await wire("DELETE", MANIFEST)).status == 418
    with pytest.raises(aiohttp.ClientError):
        await wire("GET", "/v2/team/app/tags/list")
    alias = await wire("GET", "/v2/team/app/manifests/alias")
    assert alias.headers["Docker-Content-Digest"] == str(digest)
