"""How many requests run at once on one host, and when it is left alone.

Small requests and large bodies have lanes of their own: what waits for its round trip never waits
behind what waits for its bytes. Each lane widens while requests succeed and halves when the host is
in trouble. A host that says when to come back gets one request then; all others wait for its end.
Retrying a rate limit at once makes it worse: containerd/containerd#10447, docker/buildx#3630.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from polyarch.errors import PolyarchError, RateLimitedError, RegistryUnavailableError
from polyarch.registry.retry import Attempts, Clock, RetryPolicy

SMALL_START, SMALL_MOST = 48, 64
"""Small requests carry next to nothing, and an image of forty layers asks for each of them: all in
one round trip where the line is long. A host that minds halves them."""
LARGE_START, LARGE_MOST = 4, 8
MOST_AT_ONCE = SMALL_MOST + LARGE_MOST

_MIN_LIFE_S = 30.0
_BYTES_PER_S = 10_000_000.0
"""Believed of a line that was not measured yet."""
_NEWEST_SHARE = 0.5
_TROUBLE = frozenset({0, 503})

Trouble = RateLimitedError | RegistryUnavailableError
_TROUBLES = (RateLimitedError, RegistryUnavailableError)


class Lane:
    """Lets a number of requests run at once, first come, first served."""

    def __init__(self, start: int, most: int) -> None:
        self._width = float(start)
        self._most = float(most)
        self._doubles_to = float(most)
        self._running = 0
        self._halvings = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def width(self) -> int:
        """How many may run at once now."""
        return int(self._width)

    async def enter(self) -> int:
        """Wait for a place; gives what `trouble` wants to know."""
        if self._running < self.width and not self._waiting:
            self._running += 1
            return self._halvings
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Whoever left meanwhile may have passed it over already.
                with contextlib.suppress(ValueError):
                    self._waiting.remove(turn)
            else:
                self.leave()
            raise
        return self._halvings

    def leave(self) -> None:
        """Give the place to who waits longest."""
        self._running -= 1
        while self._waiting and self._running < self.width:
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)

    def success(self) -> None:
        """One request went well: twice as many after a round of them, one more once it halved."""
        if self._running >= self.width or self._waiting:
            more = 1.0 if self._width < self._doubles_to else 1 / self._width
            self._width = min(self._most, self._width + more)

    def trouble(self, entered: int) -> None:
        """One request met trouble: halve, once for all that were under way together."""
        if entered == self._halvings:
            self._halvings += 1
            self._width = self._doubles_to = max(1.0, self._width / 2)


class Pace:
    """Of one registry; every request for it has a `turn`.

    `bytes_per_s` is how fast large bodies went lately, each for itself.
    """

    def __init__(self, registry: str, policy: RetryPolicy, clock: Clock) -> None:
        self._registry = registry
        self._policy = policy
        self._clock = clock
        self._small = Lane(SMALL_START, SMALL_MOST)
        self._large = Lane(LARGE_START, LARGE_MOST)
        self.bytes_per_s = _BYTES_PER_S
        self._pause: Trouble | None = None
        self._pause_ends = 0.0
        self._paused_since = 0.0
        self._probing = False
        self._small_waiters = 0
        self._news = asyncio.Event()

    @contextlib.asynccontextmanager
    async def turn(
        self, attempts: Attempts, *, large: bool, dispensable: bool = False
    ) -> AsyncIterator[None]:
        """Wait until a request may be sent; the block sends it and gets its answer.

        Raises:
            RateLimitedError, RegistryUnavailableError: the host wants to be left alone for longer
                than may be waited, or at all where the request is `dispensable`.
        """
        lane = self._large if large else self._small
        entered, probes = await self._enter(lane, attempts, large=large, dispensable=dispensable)
        try:
            yield
        except _TROUBLES as error:
            self._failed(error, lane, entered)
            raise
        except PolyarchError:
            self._succeeded(lane, probes=probes)
            raise
        else:
            self._succeeded(lane, probes=probes)
        finally:
            if probes:
                self._end_probe()
            lane.leave()

    @property
    def is_paused(self) -> bool:
        """Whether the host wants to be left alone."""
        return self._pause is not None

    def check(self, attempts: Attempts) -> float:
        """How many seconds a pause lasts; 0 or less where it is over.

        Raises:
            RateLimitedError, RegistryUnavailableError: longer than may be waited.
        """
        attempts.begin()
        left = self._pause_ends - self._clock.monotonic()
        if self._pause is not None and left > max(0.0, min(attempts.left_s, self._left_s)):
            self._tell()
            raise self._pause
        return left

    def measured(self, size: int, seconds: float) -> None:
        """A body of `size` bytes took so long."""
        if seconds > 0:
            rate = size / seconds
            self.bytes_per_s += _NEWEST_SHARE * (rate - self.bytes_per_s)

    def seconds_for(self, size: int) -> float:
        """How long a body of `size` bytes will take, generously: a token has to live that long."""
        return max(_MIN_LIFE_S, size / max(1.0, self.bytes_per_s))

    async def _enter(
        self, lane: Lane, attempts: Attempts, *, large: bool, dispensable: bool
    ) -> tuple[int, bool]:
        while True:
            entered = await lane.enter()
            if self._pause is None:
                return entered, False
            lane.leave()
            if dispensable:
                raise self._pause
            if await self._wait_for_host(attempts, large=large):
                try:
                    return await lane.enter(), True
                except BaseException:
                    self._end_probe()
                    raise

    async def _wait_for_host(self, attempts: Attempts, *, large: bool) -> bool:
        """Wait for the end of a pause; True for the one who finds out whether it has ended."""
        left = self.check(attempts)
        if self._probing or (large and self._small_waiters):
            self._small_waiters += not large
            try:
                await self._news.wait()
            finally:
                self._small_waiters -= not large
            return False
        self._probing = True
        try:
            if left > 0:
                await self._clock.sleep(left)
        except BaseException:
            self._end_probe()
            raise
        return True

    @property
    def _left_s(self) -> float:
        """Seconds that may be waited for this host since it was last well."""
        return self._policy.budget_s - (self._clock.monotonic() - self._paused_since)

    def _failed(self, error: Trouble, lane: Lane, entered: int) -> None:
        if error.registry != self._registry:
            return
        if isinstance(error, RateLimitedError) or error.status in _TROUBLE:
            lane.trouble(entered)
        if not error.retry_after_s:
            return
        now = self._clock.monotonic()
        if self._pause is None:
            self._paused_since = now
        self._pause = error
        ends = now + error.retry_after_s + self._clock.random()
        self._pause_ends = max(self._pause_ends, ends)

    def _succeeded(self, lane: Lane, *, probes: bool) -> None:
        lane.success()
        if probes:
            self._pause = None

    def _end_probe(self) -> None:
        self._probing = False
        self._tell()

    def _tell(self) -> None:
        """Let all who wait look again."""
        self._news.set()
        self._news = asyncio.Event()
