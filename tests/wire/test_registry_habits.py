"""Every known registry as the sandbox plays it, and what is learnt of those that nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from polyarch.errors import (
    DigestMismatchError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
)
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.oci.digest import Digest
from polyarch.registry.client import RegistryClient, connect_by_aiohttp
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import UNKNOWN
from polyarch.registry.profiles import PROFILES
from polyarch.registry.transport import Request, Response, Transport
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.likenesses import LIKENESSES
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.remote import CANARY, Connected, blob_of, connected, push_image, read
from tests.support.tls import self_signed

ME = Account(username="me", password=CANARY)
MIB = 1024 * 1024
LARGE = bytes(range(256)) * 4096 * 7
SMALL = b"small layer"


def known(name: str) -> Profile:
    """The profile that goes with a likeness, with chunks small enough for a test."""
    profile = PROFILES.get(name, UNKNOWN)
    return replace(profile, blob_max=MIB, chunk_min=profile.chunk_min and 2 * MIB)


def played(name: str) -> Quirks:
    """The likeness, with all that is written in MiB as small."""
    quirks = LIKENESSES[name]
    return replace(
        quirks,
        min_chunk=quirks.min_chunk and 2 * MIB,
        max_body=quirks.max_body and 3 * MIB,
        repositories=None,
    )


@pytest.mark.parametrize("profile", ["its own", "none"])
@pytest.mark.parametrize("name", LIKENESSES)
async def test_every_registry_gets_its_blobs_however_it_wants_them(name, profile):
    registry = SandboxRegistry(quirks=played(name), auth=BearerAuth(ME))
    told = known(name) if profile == "its own" else replace(UNKNOWN, blob_max=MIB)
    async with connected(registry, profile=told) as place:
        base, remote = place.repository("team/base"), place.repository()
        await base.push_blob(*blob_of(b"base layer"))
        mounted = await remote.push_blob(*blob_of(b"base layer"), mount_from=[base.repository])
        assert mounted in {"mounted", "uploaded"}
        for content in (LARGE, LARGE[::-1], b"", SMALL):
            blob, body = blob_of(content)
            assert await remote.push_blob(blob, body) == "uploaded"
            assert await remote.push_blob(blob, body) == "present"
            assert await read(remote, blob) == content
        await push_image(remote, SMALL, tag="v1")
        assert place.clock.slept == []


@pytest.mark.parametrize("name", [name for name in LIKENESSES if name in PROFILES])
async def test_a_known_registry_is_never_asked_for_what_it_does_not_do(name):
    async with connected(SandboxRegistry(quirks=played(name)), profile=known(name)) as place:
        for content in (LARGE, SMALL, b"another"):
            await place.repository().push_blob(*blob_of(content))
        refused = [
            (method, status)
            for method, status in place.seen()
            if status >= 400 and not method.startswith("HEAD")
        ]
        assert refused == []


# --- one request for a small blob ---------------------------------------------------------------


async def push_three(place: Connected) -> list[str]:
    for content in (b"one", b"two", b"three"):
        blob, body = blob_of(content)
        assert await place.repository().push_blob(blob, body) == "uploaded"
        assert await read(place.repository(), blob) == content
    return [request.split()[0] for request, _ in place.seen() if not request.startswith("GET")]


async def test_the_short_way_is_used_once_it_has_been_seen_to_work():
    async with connected(SandboxRegistry()) as place:
        assert await push_three(place) == [
            *("HEAD", "POST", "HEAD"),
            *("HEAD", "POST"),
            *("HEAD", "POST"),
        ]


async def test_a_registry_that_opens_an_upload_instead_costs_nothing_more():
    async with connected(SandboxRegistry(quirks=Quirks(single_post=False))) as place:
        assert await push_three(place) == ["HEAD", "POST", "PUT"] * 3


async def test_who_is_known_not_to_take_it_is_not_tried():
    async with connected(SandboxRegistry(), profile=PROFILES["distribution"]) as place:
        assert await push_three(place) == ["HEAD", "POST", "PUT"] * 3
        assert not any("digest=" in r.query for r in place.registry.requests if r.method == "POST")


@pytest.mark.parametrize(
    "answer",
    [Answer(status=status) for status in (400, 403, 404, 405, 411, 413, 415, 500, 501)]
    + [Answer(status=0), Answer(status=201), Answer(status=202)],
    ids=lambda answer: str(answer.status),
)
async def test_whatever_comes_of_the_short_way_the_blob_goes_the_long_one(answer):
    async def hook(call: Call) -> Answer | None:
        return answer if call.method == "POST" and "digest" in call.query else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        await push_three(place)
        short = [r for r in place.registry.requests if r.method == "POST" and "digest=" in r.query]
        assert len(short) == 1


async def test_what_was_stored_though_its_answer_was_lost_is_not_sent_again():
    async def hook(call: Call) -> Answer | None:
        if call.method == "POST" and "digest" in call.query:
            other = Connected(SandboxRegistry(storage=call.storage))
            async with other.registry, other.client:
                await other.repository().push_blob(*blob_of(SMALL))
            return Answer(status=0)
        return None

    registry = SandboxRegistry(storage=MemoryStorage(), quirks=Quirks(on_request=hook))
    async with connected(registry) as place:
        assert await place.repository().push_blob(*blob_of(SMALL)) == "uploaded"
        assert place.seen("PUT") == []


async def test_another_digest_than_was_sent_is_told():
    other = str(Digest.of(b"other"))
    async with connected(SandboxRegistry(quirks=Quirks(digest_header=other))) as place:
        with pytest.raises(DigestMismatchError):
            await place.repository().push_blob(*blob_of(SMALL))


async def test_a_repository_that_is_not_there_is_told_the_short_way_too():
    async def hook(call: Call) -> Answer | None:
        return refusal("NAME_UNKNOWN", "no such") if call.method == "POST" else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(RepositoryNotFoundError):
            await place.repository().push_blob(*blob_of(SMALL))


# --- where uploads go on ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(location_relative=True),
        Quirks(location_portless=True),
        Quirks(location_http=True),
        Quirks(location_http=True, location_portless=True),
    ],
    ids=["relative", "portless", "http", "http and portless"],
)
@pytest.mark.parametrize("tls", [True, False])
async def test_a_location_in_any_form_is_understood(quirks, tls, tmp_path):
    pair = self_signed(tmp_path) if tls else None
    registry = SandboxRegistry(
        quirks=replace(quirks, single_post=False), ssl_context=pair.server if pair else None
    )
    async with registry:
        endpoint = Endpoint(url=registry.url, ca_file=pair.ca if pair else None)
        place = Connected(registry, endpoint=endpoint, profile=replace(UNKNOWN, blob_max=MIB))
        async with place.client:
            for content in (LARGE, SMALL):
                blob, body = blob_of(content)
                assert await place.repository().push_blob(blob, body) == "uploaded"
                assert await read(place.repository(), blob) == content
        assert len(place.events) <= 1


async def test_chunks_go_to_another_host_without_the_login():
    storage = MemoryStorage()
    async with SandboxRegistry(storage=storage) as elsewhere:
        quirks = Quirks(upload_origin=elsewhere.url)
        registry = SandboxRegistry(storage=storage, quirks=quirks, auth=BearerAuth(ME))
        async with connected(registry, profile=replace(UNKNOWN, blob_max=MIB)) as place:
            blob, body = blob_of(LARGE)
            assert await place.repository().push_blob(blob, body) == "uploaded"
            assert await read(place.repository(), blob) == LARGE
        assert {r.method for r in elsewhere.requests} >= {"PATCH", "PUT"}
        assert not any(r.had_authorization for r in elsewhere.requests)


@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_another_algorithm_is_named_when_the_upload_is_opened(size):
    content = b"x" * size
    quirks = Quirks(single_post=False)
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        blob = replace(blob_of(content)[0], digest=Digest.of(content, "sha512"))
        await place.repository().push_blob(blob, blob_of(content)[1])
        assert await read(place.repository(), blob) == content


# --- tokens in the middle of long pushes --------------------------------------------------------


@pytest.mark.parametrize("seconds", [10, 25])
async def test_a_token_is_renewed_before_a_chunk_that_it_would_not_outlive(seconds):
    """Each chunk takes some time, and a token lives for a minute: none dies on the way."""
    registry = SandboxRegistry()
    async with connected(registry, profile=replace(UNKNOWN, blob_max=MIB)) as place:

        async def hook(call: Call) -> Answer | None:
            if call.method in {"PATCH", "PUT"}:
                place.clock.now += seconds
            return None

        registry.auth = BearerAuth(ME, lifetime_s=60, clock=lambda: place.clock.now)
        registry.quirks = Quirks(on_request=hook)
        await place.repository().push_blob(*blob_of(LARGE))
        assert [s for _, s in place.seen() if s == 401] == []
        tokens = [r for r in registry.requests if r.path == "/token"]
        assert len(tokens) >= 7 * seconds // 60


# --- answers that are waited for ----------------------------------------------------------------


class Spy:
    """Remembers what was asked of a transport."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        return await self._inner.send(request)

    async def close(self) -> None:
        await self._inner.close()


@asynccontextmanager
async def spied(registry: SandboxRegistry) -> AsyncIterator[tuple[RegistryClient, Spy]]:
    async with registry:
        url = f"http://{registry.host}"
        spy = Spy(connect_by_aiohttp(ProxyRules())(registry.host, Endpoint(url=url)))
        async with RegistryClient(connect=lambda _registry, _endpoint: spy) as client:
            yield client, spy


async def test_a_commit_gets_the_time_that_a_blob_of_its_size_takes():
    registry = SandboxRegistry()
    async with spied(registry) as (client, spy):
        place = Connected(registry)
        remote = client.repository(place.repository().repository)
        await remote.push_blob(*blob_of(LARGE * 3))
        [commit] = [request for request in spy.requests if request.method == "PUT"]
        assert commit.answer_s == pytest.approx(60 + len(LARGE) * 3 / 20_000_000)
        await place.client.close()


@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 502, 503, 504, 520, 522, 524])
async def test_trouble_that_may_pass_is_tried_again_with_any_body(status):
    async def hook(call: Call) -> Answer | None:
        key = f"{call.method} {call.target.kind}"
        if key in seen or call.target.kind is Kind.PING:
            return None
        seen.add(key)
        return Answer(status=status)

    seen: set[str] = set()
    registry = SandboxRegistry(quirks=Quirks(on_request=hook))
    async with connected(registry, profile=replace(UNKNOWN, blob_max=MIB)) as place:
        blob, body = blob_of(LARGE)
        assert await place.repository().push_blob(blob, body) == "uploaded"
        await push_image(place.repository(), SMALL, tag="v1")
        assert await read(place.repository(), blob) == LARGE


async def test_a_limit_that_names_no_header_is_backed_off_from():
    """GHCR writes a duration into the text, and no Retry-After."""
    quirks = replace(LIKENESSES["ghcr"], throttled=3)
    async with connected(SandboxRegistry(quirks=quirks), profile=PROFILES["ghcr"]) as place:
        place.clock._chance = 1.0
        assert await place.repository().head("v1") is None
        assert place.clock.slept[:3] == [0.5, 1.0, 2.0]


async def test_a_signed_url_that_has_expired_is_asked_for_anew():
    """Storage says 403 of it, and the registry gives another."""
    clocks = iter([100.0])
    storage = MemoryStorage()
    signed = Quirks(signed_urls=True, clock=lambda: next(clocks, 0.0))
    async with SandboxRegistry(storage=storage, quirks=signed) as elsewhere:
        quirks = Quirks(redirect_blobs=elsewhere.url, redirect_life_s=10, clock=lambda: 0.0)
        async with connected(SandboxRegistry(storage=storage, quirks=quirks)) as place:
            blob, body = blob_of(SMALL)
            await place.repository().push_blob(blob, body)
            assert await read(place.repository(), blob) == SMALL
        assert [r.status for r in elsewhere.requests] == [403, 200]


async def test_storage_that_always_refuses_is_told_as_such():
    async with SandboxRegistry(quirks=Quirks(signed_urls=True)) as elsewhere:
        quirks = Quirks(redirect_blobs=elsewhere.url)
        async with connected(SandboxRegistry(quirks=quirks)) as place:
            blob, body = blob_of(SMALL)
            await place.repository().push_blob(blob, body)
            with pytest.raises(RegistryUnavailableError, match="its storage answered 403"):
                await read(place.repository(), blob)


@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_no_cookie_is_ever_sent_back(size):
    async with connected(SandboxRegistry(quirks=Quirks(poison_cookie=True))) as place:
        contents = [bytes([n]) * size for n in range(4)]
        pushes = (place.repository().push_blob(*blob_of(content)) for content in contents)
        assert set(await asyncio.gather(*pushes)) == {"uploaded"}


async def test_a_registry_that_closes_with_every_refusal_is_heard():
    quirks = Quirks(early_close=True, max_body=MIB)
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        blob, body = blob_of(LARGE)
        assert await place.repository().push_blob(blob, body) == "uploaded"
