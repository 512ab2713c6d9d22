"""What a run costs is counted: requests, those that count against a quota, and bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import RateLimitedError
from polyarch.registry.profile_data import DOCKER_HUB
from polyarch.registry.quota import Quota, Usage
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.likenesses import LIKENESSES
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call
from tests.support.remote import CANARY, Connected, blob_of, connected, push_image, read

ME = Account(username="me", password=CANARY)


def usage_of(place: Connected) -> Usage:
    [usage] = place.client.usage()
    assert usage.registry == place.registry.host
    return usage


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("100;w=21600", Quota(count=100, window_s=21600)),
        (" 76 ; w = 21600 ", Quota(count=76, window_s=21600)),
        ("0", Quota(count=0)),
        ("", None),
        ("-1;w=1", None),
        ("many", None),
        ("100;x=1", None),
        ("\u0661\u0660\u0660", None),
        ("9" * 40, None),
    ],
)
def test_a_quota_is_a_number_and_perhaps_a_window(text, quota):
    assert Quota.parse(text) == quota


@given(st.integers(0, 10**12 - 1), st.none() | st.integers(0, 10**9 - 1))
def test_a_quota_is_read_as_it_is_written(count, window_s):
    quota = Quota(count=count, window_s=window_s)
    assert Quota.parse(str(quota)) == quota


@given(st.text(max_size=40))
def test_any_header_is_read_without_harm(text):
    quota = Quota.parse(text)
    assert quota is None or quota.count >= 0


async def test_requests_and_bytes_are_those_that_the_registry_saw():
    registry = SandboxRegistry(auth=BearerAuth(ME))
    async with connected(registry) as place:
        await push_image(place.repository(), b"layer" * 100_000, tag="v1")
        blob, _ = blob_of(b"layer" * 100_000)
        await read(place.repository(), blob)
        await place.repository().get_manifest("v1")
        usage = usage_of(place)
        seen = place.registry.requests
        assert usage.requests == len(seen)
        assert usage.sent == sum(r.received for r in seen)
        assert usage.received == sum(r.sent for r in seen)
        assert usage.metered == 0
        assert (usage.remaining, usage.limit) == (None, None)


async def test_docker_hub_counts_gets_of_manifests_and_so_do_we():
    registry = SandboxRegistry(quirks=LIKENESSES["docker-hub"])
    async with connected(registry, profile=DOCKER_HUB) as place:
        remote = place.repository()
        manifest = await push_image(remote, b"layer", tag="v1")
        for _ in range(30):
            assert await remote.head("v1") == manifest.descriptor
            assert await remote.blob_exists(blob_of(b"layer")[0])
        assert usage_of(place).metered == 0
        for _ in range(3):
            await remote.get_manifest("v1")
        usage = usage_of(place)
        assert (usage.metered, usage.remaining, usage.limit) == (3, 97, 100)
        assert usage.window_s == 21600


async def test_a_quota_that_is_used_up_is_told():
    registry = SandboxRegistry(quirks=Quirks(pull_limit=1))
    async with connected(registry, profile=DOCKER_HUB) as place:
        await push_image(place.repository(), b"layer", tag="v1")
        await place.repository().get_manifest("v1")
        with pytest.raises(RateLimitedError):
            await place.repository().get_manifest("v1")
        assert usage_of(place).remaining == 0


async def test_what_storage_elsewhere_says_of_quotas_is_not_the_registrys():
    async def told(call: Call) -> Answer | None:
        if call.target.kind is not Kind.BLOB or call.method != "GET":
            return None
        return Answer(status=200, headers=(("RateLimit-Remaining", "1;w=1"),), body=b"layer")

    async with SandboxRegistry(quirks=Quirks(on_request=told)) as storage:
        registry = SandboxRegistry(quirks=Quirks(redirect_blobs=storage.url))
        async with connected(registry) as place:
            blob, body = blob_of(b"layer")
            await place.repository().push_blob(blob, body)
            assert await read(place.repository(), blob) == b"layer"
            assert usage_of(place).remaining is None


async def test_usage_is_told_after_the_end_too():
    async with connected(SandboxRegistry()) as place:
        await push_image(place.repository(), b"layer")
        before = place.client.usage()
    assert place.client.usage() == before != ()


async def test_the_round_trip_is_the_shortest_one():
    async with connected(SandboxRegistry()) as place:

        async def slow(_call: Call) -> Answer | None:
            place.clock.now += delays.pop() if delays else 9
            return None

        delays = [3.0, 0.25, 2.0]
        place.registry.quirks = Quirks(on_request=slow)
        for tag in ("a", "b", "c", "d"):
            await place.repository().head(tag)
        assert usage_of(place).round_trip_s == 0.25
