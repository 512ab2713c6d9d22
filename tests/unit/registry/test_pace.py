"""How many requests run at once; one question at a time to a host that wants to be left alone."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import (
    Exchange,
    ManifestNotFoundError,
    RateLimitedError,
    RegistryUnavailableError,
)
from polyarch.registry.pace import LARGE_MOST, SMALL_MOST, SMALL_START, Lane, Pace
from polyarch.registry.retry import Attempts, RetryPolicy
from tests.support.clock import FakeClock

HOST = "registry.example"
EXCHANGE = Exchange(registry=HOST, method="GET", url="https://registry.example/v2/")
POLICY = RetryPolicy()


def limited(after: float | None = 60) -> RateLimitedError:
    return RateLimitedError(EXCHANGE, retry_after_s=after)


class Host:
    """A host and those who ask it; `at` holds the time of each request that reached it."""

    def __init__(self, policy: RetryPolicy = POLICY) -> None:
        self.clock = FakeClock()
        self.policy = policy
        self.pace = Pace(HOST, policy, self.clock.clock)
        self.at: list[float] = []
        self.running = 0
        self.most = 0

    async def ask(
        self,
        answer: Callable[[], Awaitable[None]],
        *,
        large: bool = False,
        attempts: Attempts | None = None,
        dispensable: bool = False,
    ) -> None:
        attempts = attempts or Attempts(self.policy, self.clock.clock)
        async with self.pace.turn(attempts, large=large, dispensable=dispensable):
            self.at.append(self.clock.now)
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await answer()
            finally:
                self.running -= 1


async def fine() -> None:
    await asyncio.sleep(0)


async def refused() -> None:
    raise limited()


async def width_after(host: Host, rounds: int, *, large: bool = False) -> int:
    """How many run at once after some rounds of successes with many waiting."""
    for _ in range(rounds):
        host.most = 0
        await asyncio.gather(*(host.ask(fine, large=large) for _ in range(SMALL_MOST * 2)))
    return host.most


async def test_small_requests_become_more_up_to_a_bound():
    assert SMALL_START < SMALL_MOST
    assert await width_after(Host(), 3) == SMALL_MOST


async def test_large_ones_become_more_up_to_theirs():
    assert await width_after(Host(), 3, large=True) == LARGE_MOST


async def test_who_is_alone_widens_nothing():
    host = Host()
    for _ in range(100):
        await host.ask(fine)
    assert host.pace._small.width == SMALL_START


async def test_large_bodies_keep_no_small_request_waiting():
    host = Host()
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    large = [asyncio.create_task(host.ask(slow, large=True)) for _ in range(20)]
    for _ in range(50):
        await asyncio.wait_for(host.ask(fine), 1)
    gate.set()
    await asyncio.gather(*large)


@pytest.mark.parametrize(
    "trouble",
    [
        limited(None),
        RegistryUnavailableError(EXCHANGE, "the connection was cut"),
    ],
)
async def test_trouble_halves_once_for_all_that_were_under_way(trouble):
    host = Host()
    await width_after(host, 3)
    lane = host.pace._small

    async def fail() -> None:
        await asyncio.sleep(0)
        raise trouble

    await asyncio.gather(*(host.ask(fail) for _ in range(SMALL_MOST)), return_exceptions=True)
    assert lane.width == SMALL_MOST // 2
    assert host.pace._large.width == 4


async def test_after_trouble_it_grows_by_one_a_round():
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(lambda: raising(limited(None)))
    assert host.pace._small.width == SMALL_START // 2
    await asyncio.gather(*(host.ask(fine) for _ in range(SMALL_START)))
    assert SMALL_START // 2 < host.pace._small.width < SMALL_START


async def raising(error: Exception) -> None:
    raise error


async def test_trouble_of_another_registry_is_none_here():
    elsewhere = Exchange(registry="source.example", method="GET", url="https://source.example/")
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(lambda: raising(RateLimitedError(elsewhere, retry_after_s=99)))
    assert not host.pace.is_paused
    assert host.pace._small.width == SMALL_START


async def test_a_refusal_is_an_answer_like_any_other():
    host = Host()
    with pytest.raises(ManifestNotFoundError):
        await host.ask(lambda: raising(ManifestNotFoundError(EXCHANGE, "x")))
    assert host.pace._small.width == SMALL_START


class Crowd:
    """Tasks that want into a lane, each step done by name; `rest` lets them run."""

    def __init__(self) -> None:
        self.lane = Lane(2, 8)
        self.tasks: list[asyncio.Task[int]] = []

    @property
    def inside(self) -> list[asyncio.Task[int]]:
        return [task for task in self.tasks if task.done() and not task.cancelled()]

    async def enter(self) -> None:
        self.tasks.append(asyncio.create_task(self.lane.enter()))

    async def leave(self) -> None:
        for task in self.inside[:1]:
            self.tasks.remove(task)
            self.lane.leave()

    async def cancel(self) -> None:
        for task in self.tasks[len(self.tasks) // 2 :][:1]:
            task.cancel()

    async def success(self) -> None:
        self.lane.success()

    async def trouble(self) -> None:
        self.lane.trouble(self.lane._halvings)

    async def rest(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        assert self.lane._running == len(self.inside)


STEPS = [Crowd.enter, Crowd.leave, Crowd.cancel, Crowd.success, Crowd.trouble, Crowd.rest]


@given(st.lists(st.sampled_from(STEPS), max_size=80))
def test_a_lane_loses_no_place_whatever_happens(steps):
    async def play() -> None:
        crowd = Crowd()
        for step in steps:
            await step(crowd)
        await crowd.rest()
        while waiting := [task for task in crowd.tasks if not task.cancelled()]:
            assert crowd.inside, f"{len(waiting)} wait for a place that nobody has"
            await crowd.leave()
            await crowd.rest()

    asyncio.run(play())


# --- pauses -------------------------------------------------------------------------------------


async def test_one_asks_when_the_pause_ends_and_all_others_wait_for_it():
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(refused)

    async def probe() -> None:
        await asyncio.sleep(0)
        if len(host.at) == 2:
            raise limited(30)

    got = await asyncio.gather(*(host.ask(probe) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(each, RateLimitedError) for each in got) == 1
    assert host.at[:3] == [0, 60, 90]
    assert set(host.at[3:]) == {90}


async def test_a_pause_that_is_too_long_is_told_at_once_to_everybody():
    host = Host(RetryPolicy(budget_s=600))
    with pytest.raises(RateLimitedError):
        await host.ask(lambda: raising(limited(3600)))
    for large in (False, True):
        with pytest.raises(RateLimitedError) as caught:
            await host.ask(fine, large=large)
        assert caught.value.retry_after_s == 3600
    assert (host.at, host.clock.slept) == ([0], [])


async def test_no_pause_passes_the_deadline():
    host = Host(RetryPolicy(deadline=30))
    with pytest.raises(RateLimitedError):
        await host.ask(refused)
    with pytest.raises(RateLimitedError):
        await host.ask(fine)
    assert host.clock.slept == []


async def test_all_together_wait_no_longer_than_the_budget():
    """Whoever comes later does not begin to wait anew, and still no pause is cut short."""
    host = Host(RetryPolicy(budget_s=600))

    async def stubborn() -> None:
        attempts = Attempts(host.policy, host.clock.clock)
        while True:
            try:
                await host.ask(refused, attempts=attempts)
            except RateLimitedError as error:
                if error.retry_after_s is None or attempts.wait_s(error.retry_after_s) is None:
                    raise

    got = await asyncio.gather(*(stubborn() for _ in range(40)), return_exceptions=True)
    assert {type(each) for each in got} == {RateLimitedError}
    first_wave = [at for at in host.at if at == 0]
    assert len(first_wave) <= SMALL_START
    later = host.at[len(first_wave) :]
    assert later == sorted(set(later))
    assert all(after - before >= 60 for before, after in itertools.pairwise(later))
    assert host.clock.now <= 600
    with pytest.raises(RateLimitedError):
        await stubborn()
    assert host.clock.now <= 660


async def test_what_can_be_left_undone_is_not_sent_in_a_pause():
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(refused)
    with pytest.raises(RateLimitedError):
        await host.ask(fine, dispensable=True)
    assert (host.at, host.clock.slept) == ([0], [])


async def test_who_gives_up_waiting_leaves_the_question_to_the_next():
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(refused)
    asked = asyncio.Event()

    async def silent() -> None:
        asked.set()
        await asyncio.Event().wait()

    first = asyncio.create_task(host.ask(silent))
    others = [asyncio.create_task(host.ask(fine, large=large)) for large in (False, True)]
    await asked.wait()
    first.cancel()
    await asyncio.wait_for(asyncio.gather(*others), 5)
    assert len(host.at) == 4


async def test_the_question_is_a_small_one_where_there_is_one():
    host = Host()
    with pytest.raises(RateLimitedError):
        await host.ask(refused)
    order: list[str] = []
    all_wait = asyncio.Event()

    def say(word: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            order.append(word)

        return work

    async def retried() -> None:
        order.append("probe")
        await all_wait.wait()
        raise limited(5)

    async def small() -> None:
        with pytest.raises(RateLimitedError):
            await host.ask(retried)

    tasks = [asyncio.create_task(small())]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(host.ask(say("large"), large=True)) for _ in range(2)]
    tasks += [asyncio.create_task(host.ask(say("small"))) for _ in range(2)]
    asyncio.get_running_loop().call_soon(all_wait.set)
    await asyncio.gather(*tasks)
    assert order[:2] == ["probe", "small"]


# --- rates --------------------------------------------------------------------------------------


def test_a_token_has_to_live_as_long_as_the_body_takes():
    pace = Host().pace
    assert pace.seconds_for(1000) == 30
    before = pace.seconds_for(10**9)
    for _ in range(10):
        pace.measured(10_000_000, 10)
    assert before < pace.seconds_for(10**9) <= 1001
    pace.measured(10, 0)
    assert pace.seconds_for(10**9) <= 1001
