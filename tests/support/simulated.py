"""An event loop whose time passes only while everybody waits: an hour costs nothing.

Sockets and threads are real. Time stands still while one of them has something to say; when all
that is left to do is to wait, it jumps to the next moment that somebody waits for. Both ends of
every connection must live in the loop, or the other end would be left behind.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

from polyarch.registry.retry import Clock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

WALL_S = 1_700_000_000.0
"""What the clock on the wall shows at the beginning."""

_GRACE_S = 0.001
"""Real seconds that what is under way on loopback may take to arrive."""
_FOREVER_S = 7 * 24 * 3600.0
_THREADS_S = 30.0
"""Real seconds after which a thread counts as hanging."""


class _Jumping(selectors.BaseSelector):
    """Waits in the loop's time."""

    def __init__(self, loop: "SimulatedLoop") -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.threads or timeout is None:
            ready = self._real.select(_THREADS_S)
            assert ready, "a thread hangs, or nobody will ever wake this loop"
            return ready
        ready = self._real.select(_GRACE_S)
        if not ready:
            self._loop.jump(timeout)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """`threads` counts the calls in threads that the loop waits for."""

    def __init__(self) -> None:
        self._passed = 0.0
        self.threads = 0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._passed

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
        assert self._passed < _FOREVER_S, "somebody waits for ever"

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """As ever; time stands still until it is done."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _future: object) -> None:
        self.threads -= 1


def simulated(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


def loop_clock(*, chance: float = 0.5) -> Clock:
    """The clock of the loop that runs, for a client in it; `chance` is what every throw gives."""
    loop = asyncio.get_running_loop()
    return Clock(
        monotonic=loop.time,
        wall=lambda: WALL_S + loop.time(),
        sleep=asyncio.sleep,
        random=lambda: chance,
    )
