"""Quirks of a host in trouble: down, silent, limited, with logins that do not last."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.clock import FakeClock
from tests.support.sandbox_http import Reply, Wire, basic, bearer, talking_to

MANIFEST = "/v2/team/app/manifests/v1"
UPLOADS = "/v2/team/app/blobs/uploads/"
LOGIN = basic("user", "password")
ACCOUNT = Account(username="user", password="password")


def timed(clock: FakeClock, **fields: Any) -> Quirks:
    return Quirks(clock=clock.clock.monotonic, **fields)


async def raw(wire: Wire, text: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which this much of a request was sent."""
    host, _, port = wire.registry.host.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text.replace("\n", "\r\n").encode())
    await writer.drain()
    return reader, writer


# --- no answer ---


async def test_down_for_the_first_requests(wire: Wire) -> None:
    wire.registry.quirks = Quirks(down_for=2)
    for url in ("/v2/", MANIFEST):
        with pytest.raises(aiohttp.ClientError):
            await wire("GET", url)
    assert (await wire("GET", "/v2/")).status == 200
    assert [record.status for record in wire.registry.requests] == [0, 0, 200]


async def test_down_between(wire: Wire) -> None:
    clock = FakeClock(now=100)
    wire.registry.quirks = timed(clock, down_between=(101, 102))
    assert (await wire("GET", "/v2/")).status == 200
    clock.now = 101
    with pytest.raises(aiohttp.ClientError):
        await wire("GET", "/v2/")
    clock.now = 102
    assert (await wire("GET", "/v2/")).status == 200


async def test_silence_ends_with_the_quirks(wire: Wire) -> None:
    wire.registry.quirks = Quirks(silent=1)
    waiting = asyncio.create_task(wire("DELETE", MANIFEST))
    _, unfinished = await asyncio.wait({waiting}, timeout=0.2)
    assert unfinished
    assert (await wire("DELETE", MANIFEST)).status == 404
    wire.registry.quirks = Quirks()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_bursts(wire: Wire) -> None:
    wire.registry.quirks = Quirks(unavailable_bursts=(2, 3))
    urls = ["/v2/", MANIFEST, "/v2/", MANIFEST, "/v2/", "/v2/", "/v2/", "/v2/"]
    statuses = [(await wire("GET", url)).status for url in urls]
    assert statuses == [200, 404, 503, 503, 503, 200, 200, 503]


# --- what every answer brings ---


@pytest.mark.parametrize("close", [False, True])
async def test_early_close(wire: Wire, close: bool) -> None:
    """413 before the body is read, and then the connection is closed under the client's hands."""
    wire.registry.quirks = Quirks(early_close=close, max_body=1000)
    opened = await wire("POST", UPLOADS)
    path = opened.location.removeprefix(wire.registry.url)
    head = f"PATCH {path} HTTP/1.1\nHost: x\nContent-Length: 1001\n\nonly a part"
    reader, writer = await raw(wire, head)
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"413"
    try:
        async with asyncio.timeout(5 if close else 0.5):
            await reader.read()
        closed = True
    except TimeoutError:
        closed = False
    writer.close()
    assert closed is close
    assert wire.registry.requests[-1].received == 0


async def test_a_cookie_that_must_not_come_back(wire: Wire) -> None:
    wire.registry.quirks = Quirks(poison_cookie=True)
    first = await wire("GET", "/v2/")
    assert first.status == 200
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    back = await wire("GET", "/v2/", headers={"Cookie": cookie}, cookies={})
    assert (back.status, back.codes) == (403, ["FORBIDDEN"])


async def test_warnings(wire: Wire) -> None:
    wire.registry.quirks = Quirks(warnings=("it ends", 'say "so" \\'))
    for url in ("/v2/", MANIFEST):
        told = (await wire("GET", url)).headers.getall("Warning")
        assert told == ['299 - "it ends"', '299 - "say \\"so\\" \\\\"']


# --- limits ---


async def test_throttled_within_a_span(wire: Wire) -> None:
    clock = FakeClock(now=10)
    words = "retry-after: 10ms, allowed: 2000/minute"
    wire.registry.quirks = timed(
        clock, throttled_between=(10, 20), retry_after="600", throttle_text=words
    )
    for method, data in (("GET", None), ("PUT", b"{}"), ("PUT", b"{}")):
        reply = await wire(method, MANIFEST, data)
        assert (reply.status, reply.headers["Retry-After"]) == (429, "600")
        assert reply.json["errors"][0]["message"] == words
    clock.now = 20
    assert (await wire("GET", MANIFEST)).status == 404


async def test_a_limit_that_is_told_as_403(wire: Wire) -> None:
    wire.registry.quirks = Quirks(rate_403=2, retry_after=None)
    for _ in range(2):
        reply = await wire("POST", UPLOADS)
        assert (reply.status, reply.codes) == (403, ["DENIED"])
        assert b"secondary rate limit" in reply.body
        assert "Retry-After" not in reply.headers
    assert (await wire("POST", UPLOADS)).status == 202


async def test_pulls_are_counted_down(wire: Wire) -> None:
    await wire.push_image("team/app", "v1")
    clock = FakeClock(now=1)
    wire.registry.quirks = timed(clock, pull_limit=2, pull_window_s=60)

    async def left(method: str) -> tuple[int, str]:
        reply = await wire(method, MANIFEST)
        assert reply.headers["RateLimit-Limit"] == "2;w=60"
        assert "Docker-RateLimit-Source" in reply.headers
        return reply.status, reply.headers["RateLimit-Remaining"]

    asked = [await left(method) for method in ("HEAD", "GET", "HEAD", "GET", "HEAD", "GET")]
    assert asked == [
        (200, "2;w=60"),
        (200, "1;w=60"),
        (200, "1;w=60"),
        (200, "0;w=60"),
        (200, "0;w=60"),
        (429, "0;w=60"),
    ]
    clock.now = 61
    assert await left("GET") == (200, "1;w=60")
    put = await wire("PUT", MANIFEST, b"{}")
    assert "RateLimit-Limit" not in put.headers


async def test_manifest_puts_per_second(wire: Wire) -> None:
    clock = FakeClock(now=5)
    wire.registry.quirks = timed(clock, manifest_put_rate=2)

    async def put() -> int:
        return (await wire("PUT", MANIFEST, b"{}")).status

    assert [await put() for _ in range(3)] == [400, 400, 429]
    assert (await wire("GET", MANIFEST)).status == 404
    clock.now = 6
    assert [await put() for _ in range(3)] == [400, 400, 429]


@pytest.mark.parametrize("told", [True, False])
async def test_bodies_above_a_cap(wire: Wire, told: bool) -> None:
    wire.registry.quirks = Quirks(max_body=1000)

    async def patch(size: int) -> Reply:
        opened = await wire("POST", UPLOADS)

        async def parts() -> Any:
            yield b"x" * (size - 1)
            yield b"x"

        return await wire("PATCH", opened.location, b"x" * size if told else parts())

    assert (await patch(1000)).status == 202
    assert (await patch(1001)).status == 413


# --- logins ---


async def token(wire: Wire, *scopes: str) -> str:
    query = "&".join(f"scope={scope}" for scope in scopes)
    reply = await wire("GET", f"/token?{query}", headers=LOGIN)
    text: str = reply.json["token"]
    return text


async def test_a_token_wears_out() -> None:
    quirks = Quirks(token_uses=2)
    async with talking_to(SandboxRegistry(auth=BearerAuth(ACCOUNT), quirks=quirks)) as wire:
        for _ in range(2):
            login = bearer(await token(wire, "repository:team/app:pull,push"))
            statuses = [(await wire("POST", UPLOADS, headers=login)).status for _ in range(3)]
            assert statuses == [202, 202, 401]
            refused = await wire("POST", UPLOADS, headers=login)
            challenge = refused.headers["WWW-Authenticate"]
            assert 'scope="repository:team/app:pull,push"' in challenge
            assert 'error="invalid_token"' in challenge


async def test_the_first_scope_alone_counts() -> None:
    quirks = Quirks(first_scope_only=True)
    scopes = ("repository:team/app:pull", "repository:team/base:pull")
    async with talking_to(SandboxRegistry(auth=BearerAuth(ACCOUNT), quirks=quirks)) as wire:
        form = {"grant_type": "password", "username": "user", "password": "password"}
        posted = await wire("POST", "/token", {**form, "scope": " ".join(scopes)})
        assert posted.json["scope"] == scopes[0]
        for text in (await token(wire, *scopes), await token(wire, "%20".join(scopes))):
            login = bearer(text)
            assert (await wire("GET", "/v2/team/app/manifests/v1", headers=login)).status == 404
            assert (await wire("GET", "/v2/team/base/manifests/v1", headers=login)).status == 401


async def test_other_requests_for_tokens_are_as_before() -> None:
    quirks = Quirks(first_scope_only=True)
    async with talking_to(SandboxRegistry(auth=BearerAuth(ACCOUNT), quirks=quirks)) as wire:
        assert (await wire("GET", "/token", headers=LOGIN)).status == 200
        assert (await wire("POST", "/token", {"grant_type": "nonsense"})).status == 400


async def test_errors_stay_json(wire: Wire) -> None:
    wire.registry.quirks = Quirks(throttled_between=(float("-inf"), float("inf")))
    reply = await wire("GET", "/v2/")
    assert json.loads(reply.body)["errors"][0]["code"] == "TOOMANYREQUESTS"
