"""A line between two machines, played on loopback: how long bytes travel, and how many at once."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

# What a line takes before it can send it, as routers do; it also bridges pauses of a busy machine.
QUEUE_S = 0.05
# Connections that share a rate take turns by chunks.
FAIR_CHUNK = 16 * 1024
FREE_CHUNK = 512 * 1024
IN_FLIGHT = 64 << 20


class Direction:
    """One direction of a line, shared by all connections that use it.

    A bucket of tokens limits the rate: `burst` bytes pass at once after a pause.
    """

    def __init__(self, *, delay_s: float, bytes_per_s: float = math.inf, burst: int = 0) -> None:
        self.delay_s = delay_s
        self.chunk = FREE_CHUNK if math.isinf(bytes_per_s) else FAIR_CHUNK
        self._bytes_per_s = bytes_per_s
        self._burst = burst
        self._free = 0.0
        self._lock = threading.Lock()

    def send(self, size: int) -> float:
        """Return when bytes that are handed over now have left, on the monotonic clock."""
        with self._lock:
            now = time.monotonic()
            begins = max(now - self._burst / self._bytes_per_s, self._free)
            self._free = begins + size / self._bytes_per_s
            return max(now, self._free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Both directions; what `up` takes goes from the client to the server."""

    up: Direction
    down: Direction

    @classmethod
    def delaying(cls, round_trip_s: float) -> Self:
        """A line of any rate."""
        half = round_trip_s / 2
        return cls(up=Direction(delay_s=half), down=Direction(delay_s=half))

    @property
    def round_trip_s(self) -> float:
        """How long the shortest question takes until its answer is there."""
        return self.up.delay_s + self.down.delay_s


class Pipe:
    """One direction of one connection: hands bytes over, in their order, when they arrive.

    `seen` hears of what is taken, `arrived` how many bytes are handed over.
    """

    def __init__(
        self,
        direction: Direction,
        *,
        seen: Callable[[bytes], None],
        arrived: Callable[[int], None],
    ) -> None:
        self._direction = direction
        self._seen = seen
        self._arrived = arrived
        self._flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._size = 0
        self._room = asyncio.Event()

    async def carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, opens: float = 0.0
    ) -> None:
        """Carry everything up to the end of the source; nothing leaves before `opens`."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take(source, opens))
            both.create_task(self._deliver(target))

    async def _take(self, source: asyncio.StreamReader, opens: float) -> None:
        data = b"any"
        while data:
            data = await source.read(self._direction.chunk)
            self._seen(data)
            left = max(self._direction.send(len(data)), opens)
            self._size += len(data)
            self._flying.put_nowait((left + self._direction.delay_s, data))
            # Who waits here leaves the rest with the sender, as a full line does.
            await _sleep_until(left - QUEUE_S)
            while self._size > IN_FLIGHT:
                self._room.clear()
                await self._room.wait()

    async def _deliver(self, target: asyncio.StreamWriter) -> None:
        while True:
            due, data = await self._flying.get()
            await _sleep_until(due)
            if not data:
                break
            # Told before, for who gets the bytes may ask at once.
            self._arrived(len(data))
            target.write(data)
            await target.drain()
            self._size -= len(data)
            self._room.set()
        target.write_eof()


async def _sleep_until(due: float) -> None:
    if (left := due - time.monotonic()) > 0:
        await asyncio.sleep(left)
