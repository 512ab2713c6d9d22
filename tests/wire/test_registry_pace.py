"""Registries that want to be left alone: one question per Retry-After, and an end that is told."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from polyarch.errors import PolyarchError, RateLimitedError, RegistryUnavailableError
from polyarch.registry.pace import SMALL_START
from polyarch.registry.profile_data import UNKNOWN
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call
from tests.support.remote import Connected, blob_of, connected, push_image, read

HOUR = 3600.0
MIB = 1024 * 1024
CONTENTS = [bytes([number]) * 1000 for number in range(40)]


async def push_all(place: Connected) -> list[BaseException | str]:
    return await asyncio.gather(
        *(place.repository().push_blob(*blob_of(content)) for content in CONTENTS),
        return_exceptions=True,
    )


@pytest.mark.parametrize("deadline", [None, 100.0])
@pytest.mark.parametrize("retry_after", [7, 60])
async def test_429_for_an_hour_ends_within_the_budget(retry_after, deadline):
    asked: list[float] = []

    async def hook(call: Call) -> Answer | None:
        asked.append(place.clock.now)
        return None

    policy = RetryPolicy(tries=10**6, deadline=deadline)
    registry = SandboxRegistry()
    async with connected(registry, policy=policy) as place:
        registry.quirks = Quirks(
            on_request=hook,
            clock=lambda: place.clock.now,
            throttled_between=(0, HOUR),
            retry_after=str(retry_after),
        )
        got = await push_all(place)
        assert {type(each) for each in got} == {RateLimitedError}
        budget = policy.budget_s if deadline is None else deadline
        assert place.clock.now <= budget
        later = [at for at in asked if at > 0]
        assert len(asked) - len(later) <= SMALL_START
        assert all(b - a >= retry_after for a, b in itertools.pairwise(later))
        # One who comes after all have given up asks once more at most.
        before = len(asked)
        with pytest.raises(RateLimitedError):
            await place.repository().head("v1")
        assert len(asked) - before <= 1


async def test_a_limit_that_ends_in_time_is_waited_for_by_all():
    registry = SandboxRegistry()
    async with connected(registry) as place:
        registry.quirks = Quirks(
            clock=lambda: place.clock.now, throttled_between=(0, 250), retry_after="60"
        )
        assert set(await push_all(place)) == {"uploaded"}
        assert 250 <= place.clock.now <= 310
        assert [status for _, status in place.seen()].count(429) <= SMALL_START + 4


async def test_a_503_with_a_time_pauses_the_host_too():
    asked: list[float] = []

    async def hook(call: Call) -> Answer | None:
        asked.append(place.clock.now)
        busy = place.clock.now < 100
        return Answer(status=503, headers=(("Retry-After", "40"),)) if busy else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        assert set(await push_all(place)) == {"uploaded"}
        assert sorted(set(asked)) == [0, 40, 80, 120]
        assert asked.count(40) == asked.count(80) == 1


async def test_a_pause_of_one_host_is_none_of_another():
    async with connected(SandboxRegistry(quirks=Quirks(throttled=1, retry_after="250"))) as place:
        async with SandboxRegistry() as other:
            reached = Connected(other)
            async with reached.client:
                slow = asyncio.create_task(place.repository().head("v1"))
                await push_image(reached.repository(), b"layer", tag="v1")
                assert reached.clock.slept == []
                assert await slow is None
        assert place.clock.slept == [250, 250]


async def test_a_large_body_keeps_no_question_waiting():
    """All places for large bodies are taken by uploads that nobody reads."""

    async def hook(call: Call) -> Answer | None:
        if call.method in {"PUT", "PATCH"}:
            waiting.append(call)
            await stop.wait()
        return None

    waiting: list[Call] = []
    stop = asyncio.Event()
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        remote = place.repository()
        contents = [bytes([n]) * (2 * MIB) for n in range(12)]
        pushes = [asyncio.create_task(remote.push_blob(*blob_of(c))) for c in contents]
        for _ in range(20):
            assert await asyncio.wait_for(remote.head("v1"), 10) is None
        assert 0 < len(waiting) <= 8
        stop.set()
        assert set(await asyncio.gather(*pushes)) == {"uploaded"}


async def test_a_busy_host_gets_less_and_still_gets_all():
    """More than four at once are too many for it."""
    running = 0

    async def hook(call: Call) -> Answer | None:
        nonlocal running
        running += 1
        try:
            await asyncio.sleep(0.001)
            return Answer(status=503) if running > 4 else None
        finally:
            running -= 1

    async with connected(
        SandboxRegistry(quirks=Quirks(on_request=hook)), policy=RetryPolicy(tries=40)
    ) as place:
        assert set(await push_all(place)) == {"uploaded"}


async def test_a_limit_in_mid_upload_resumes_where_it_was():
    async def hook(call: Call) -> Answer | None:
        if call.method == "PATCH":
            count.append(call)
            if len(count) % 2 == 0:
                return Answer(status=429, headers=(("Retry-After", "20"),))
        return None

    count: list[Call] = []
    profile = replace(UNKNOWN, blob_max=MIB)
    registry = SandboxRegistry(quirks=Quirks(on_request=hook))
    async with connected(registry, profile=profile) as place:
        blob, body = blob_of(bytes(range(256)) * 4096 * 4)
        await place.repository().push_blob(blob, body)
        assert len(await read(place.repository(), blob)) == 4 * MIB
        assert len(place.seen("POST")) == 1
        assert set(place.clock.slept) == {20}


async def test_a_cancelled_upload_asks_nothing_of_a_host_in_a_pause():
    async def hook(call: Call) -> Answer | None:
        limited = Answer(status=429, headers=(("Retry-After", "9999"),))
        return limited if call.method == "PUT" else None

    quirks = Quirks(on_request=hook, single_post=False)
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        with pytest.raises(RateLimitedError):
            await place.repository().push_blob(*blob_of(b"layer"))
        assert place.seen("DELETE") == []


async def test_the_error_of_a_host_that_is_down_stays_its_own():
    quirks = Quirks(unavailable=10**6)
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        with pytest.raises(RegistryUnavailableError) as caught:
            await place.repository().head("v1")
        error: PolyarchError = caught.value
        assert error.retryable
