"""A way to a server on loopback that takes as long as a line to another machine."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.lines import Line, Pipe
from tests.support.serving_apart import close, serving_apart

REQUEST = re.compile(rb"([A-Z]+ \S+) HTTP/1\.[01]\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A time when the client spoke after it had listened: the start of a round trip.

    Attributes:
        at: On the monotonic clock.
        connection: Which one, counted from 1.
        request: Method and path, where it is plain HTTP; else empty.
    """

    at: float
    connection: int
    request: str


class LineProxy:
    """Carries connections over a line and counts what they do.

    `turns` lists every round trip of every connection; `arrivals` tells when how many bytes in all
    had reached the server.
    """

    def __init__(self, target: str, line: Line, *, shakes_hands: bool) -> None:
        address, _, port = target.rpartition(":")
        self._target = (address, int(port))
        self._line = line
        self._shakes_hands = shakes_hands
        self.host = ""
        self.connections = 0
        self.turns: list[Turn] = []
        self.arrivals: list[tuple[float, int]] = [(0.0, 0)]
        self.bytes_down = 0

    @property
    def round_trips(self) -> int:
        """How often a client spoke and had to wait, on all connections together."""
        return len(self.turns)

    @property
    def bytes_up(self) -> int:
        """How many bytes have reached the server."""
        return self.arrivals[-1][1]

    def arrived(self, size: int) -> float:
        """Return when `size` bytes in all had reached the server, on the monotonic clock.

        Raises:
            LookupError: Fewer have.
        """
        for at, count in self.arrivals:
            if count >= size:
                return at
        raise LookupError(f"{self.bytes_up} bytes have arrived, not {size}")

    def forget(self) -> None:
        """Count from zero."""
        self.connections, self.bytes_down = 0, 0
        self.turns, self.arrivals = [], [(0.0, 0)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        self.connections += 1
        number, listened = self.connections, True
        opens = time.monotonic() + self._line.round_trip_s * self._shakes_hands
        from_server, to_server = await asyncio.open_connection(*self._target)

        def spoke(data: bytes) -> None:
            nonlocal listened
            if listened and data:
                found = REQUEST.match(data)
                request = found[1].decode() if found else ""
                self.turns.append(Turn(at=time.monotonic(), connection=number, request=request))
            listened = listened and not data

        def heard(size: int) -> None:
            nonlocal listened
            listened = True
            self.bytes_down += size

        def sent(size: int) -> None:
            self.arrivals.append((time.monotonic(), self.bytes_up + size))

        up = Pipe(self._line.up, seen=spoke, arrived=sent)
        down = Pipe(self._line.down, seen=lambda _data: None, arrived=heard)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(up.carry(reader, to_server, opens=opens))
                both.create_task(down.carry(from_server, writer))
        except* OSError:
            writer.transport.abort()
            to_server.transport.abort()
        finally:
            await close(to_server)


@contextmanager
def over_line(target: str, line: Line, *, shakes_hands: bool = False) -> Iterator[LineProxy]:
    """Run a proxy to `target` (`HOST:PORT`) for the length of the block.

    Args:
        target: Where connections lead.
        line: What they go over; several proxies may share one.
        shakes_hands: Whether opening a connection costs a round trip of its own, as TCP's
            handshake does.
    """
    proxy = LineProxy(target, line, shakes_hands=shakes_hands)
    with serving_apart(proxy.serve) as host:
        proxy.host = host
        yield proxy
