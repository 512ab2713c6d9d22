"""Quirks of commits and mounts: lost, slow, not seen at once, refused."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.sandbox_http import Reply, Wire, basic, talking_to

UPLOADS = "/v2/team/app/blobs/uploads/"
LOGIN = basic("user", "password")
ACCOUNT = Account(username="user", password="password")
CONTENT = bytes(range(100))
DIGEST = Digest.of(CONTENT)
BLOB = f"/v2/team/app/blobs/{DIGEST}"


async def started(wire: Wire) -> str:
    return (await wire("POST", UPLOADS)).location


async def close(wire: Wire, location: str, data: bytes | None = None) -> Reply:
    return await wire("PUT", f"{location}&digest={DIGEST}", data)


# --- commits ---


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("stored", [True, False])
async def test_lost_commits(wire: Wire, stored: bool, single: bool) -> None:
    await wire.push_blob("team/app", b"something else")
    wire.registry.quirks = Quirks(lost_commit_answers=int(stored), lost_commits=int(not stored))

    async def commit() -> Reply:
        if single:
            return await wire("POST", f"{UPLOADS}?digest={DIGEST}", CONTENT)
        return await close(wire, location, CONTENT)

    location = await started(wire)
    with pytest.raises(aiohttp.ClientError):
        await commit()
    assert wire.registry.requests[-1].received == len(CONTENT)
    assert (await wire("HEAD", BLOB)).status == (200 if stored else 404)
    if not single:
        again = await commit()
        assert (again.status, again.codes) == (404, ["BLOB_UPLOAD_UNKNOWN"])
    location = await started(wire)
    assert (await commit()).status == 201
    assert (await wire("HEAD", BLOB)).status == 200


async def test_a_lost_commit_is_one_that_would_have_been(wire: Wire) -> None:
    wire.registry.quirks = Quirks(lost_commit_answers=1)
    for data in (b"wrong", b""):
        assert (await close(wire, await started(wire), data)).status == 400
    with pytest.raises(aiohttp.ClientError):
        await close(wire, await started(wire), CONTENT)


async def test_a_slow_commit(wire: Wire) -> None:
    wire.registry.quirks = Quirks(commit_delay_s=0.3)
    location = await started(wire)
    began = time.monotonic()
    committing = asyncio.create_task(close(wire, location, CONTENT))
    while (await wire("HEAD", BLOB)).status != 200:
        assert not committing.done()
    assert (await committing).status == 201
    assert time.monotonic() - began >= 0.3


async def test_a_blob_that_is_not_seen_at_once(wire: Wire) -> None:
    wire.registry.quirks = Quirks(blob_lag=2)
    await wire.push_blob("team/app", CONTENT)
    other = await wire.push_blob("team/app", b"other")
    statuses = [(await wire(method, BLOB)).status for method in ("HEAD", "GET", "HEAD", "GET")]
    assert statuses == [404, 404, 200, 200]
    assert (await wire("HEAD", f"/v2/team/app/blobs/{other}")).status == 404


# --- mounts ---


async def mount(wire: Wire, query: str) -> Reply:
    return await wire("POST", f"{UPLOADS}?mount={DIGEST}{query}")


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_refused_mounts(status: int) -> None:
    quirks = Quirks(mount_status=status)
    registry = SandboxRegistry(auth=BasicAuth(ACCOUNT))
    async with talking_to(registry) as wire:
        await wire("POST", f"/v2/team/base/blobs/uploads/?digest={DIGEST}", CONTENT, LOGIN)
        registry.quirks = quirks
        url = f"{UPLOADS}?mount={DIGEST}&from=team/base"
        refused = await wire("POST", url, headers=LOGIN)
        assert refused.status == status
        assert ("WWW-Authenticate" in refused.headers) is (status == 401)
        assert (await wire("POST", UPLOADS, headers=LOGIN)).status == 202


async def test_mounts_from_an_unknown_repository(wire: Wire) -> None:
    await wire.push_blob("team/base", CONTENT)
    wire.registry.quirks = Quirks(unknown_mount_status=401)
    assert (await mount(wire, "&from=team/none")).status == 401
    assert (await mount(wire, "&from=team/base")).status == 201
    assert (await mount(wire, "")).status == 201
    assert (await wire("POST", UPLOADS)).status == 202


@pytest.mark.parametrize(("form", "status"), [("mounted", 201), ("session", 202), ("refused", 400)])
async def test_mounts_without_from(wire: Wire, form: Any, status: int) -> None:
    await wire.push_blob("team/base", CONTENT)
    wire.registry.quirks = Quirks(mount_without_from=form)
    assert (await mount(wire, "")).status == status
    assert (await wire("POST", UPLOADS)).status == 202
    assert (await mount(wire, "&from=team/base")).status == 201


async def test_mounts_with_an_origin(wire: Wire) -> None:
    await wire.push_blob("team/base", CONTENT)
    wire.registry.quirks = Quirks(mount_origin=False)
    assert (await mount(wire, "&from=team/base&origin=elsewhere.example")).status == 400
    assert (await mount(wire, "&from=team/base")).status == 201
