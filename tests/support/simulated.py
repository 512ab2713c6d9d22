"""An event loop whose time passes only while everybody waits: an hour costs nothing.

Sockets are real. Time stands still while one of them has something to say; when all that is left
to do is to wait, it jumps to the next moment that somebody waits for. Both ends of every connection
must live in the loop, or the other end would be left behind.
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
_HANGS_S = 30.0
"""Real seconds after which nothing will happen any more."""


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
        if timeout is None:
            ready = self._real.select(_HANGS_S)
            assert ready, "nobody will ever wake this loop"
            return ready
        ready = self._real.select(_GRACE_S)
        if not ready:
            self._loop.jump(timeout)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Starts at 0; work for threads is done at once."""

    def __init__(self) -> None:
        self._passed = 0.0
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
        """Run it here and now: what would happen in threads has happened when others go on."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - told to whoever awaits it
            self.call_soon(_settle, future, error)
        else:
            self.call_soon(_settle, future, None, result)
        return future


def _settle(future: asyncio.Future[Any], error: Exception | None, result: object = None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


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
