"""A way to an HTTP server on loopback on which things go wrong as a script says."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock

from tests.support.faults import CutError, Fault, Instead, Reset, Rule, Side, Swallow
from tests.support.http_relay import INFORMATIONAL, Head, Pieces
from tests.support.serving_apart import serving_apart

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request that came, and what became of it.

    Attributes:
        method: Of the request.
        path: With its query.
        fault: What was done to it.
        sent: How many bytes of its body were handed to the server so far.
        status: What the client got as an answer; 0 until, or if, the head of one was handed on.
    """

    method: str
    path: str
    fault: Fault | None
    sent: int = 0
    status: int = 0


class FaultProxy:
    """Hands requests on; the first rule that fits one, and is not used up, spoils it.

    `seen` lists all requests in the order in which they came.
    """

    def __init__(self, target: str, rules: Sequence[Rule]) -> None:
        address, _, port = target.rpartition(":")
        self._target = (address, int(port))
        self._rules = list(rules)
        self._fitted: Counter[int] = Counter()
        self._lock = Lock()
        self.host = ""
        self.seen: list[Seen] = []

    def add(self, *rules: Rule) -> None:
        """Follow more rules, after those that are there."""
        with self._lock:
            self._rules.extend(rules)

    def clear(self) -> None:
        """Follow no rule any more."""
        with self._lock:
            self._rules.clear()
            self._fitted.clear()

    def spoiled(self) -> list[Seen]:
        """Return the requests that something was done to."""
        return [each for each in self.seen if each.fault]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what comes on one connection."""
        client, server = (reader, writer), await asyncio.open_connection(*self._target)
        try:
            while head := await Head.read(reader):
                seen = Seen(method=head.method, path=head.path, fault=self._choose(head))
                self.seen.append(seen)
                if not await _exchange(seen, head, client, server):
                    break
        except CutError as cut:
            if cut.hard:
                _reset(writer)
            _reset(server[1])
        finally:
            server[1].transport.abort()

    def _choose(self, head: Head) -> Fault | None:
        with self._lock:
            for number, rule in enumerate(self._rules):
                if not rule.fits(head.method, head.path):
                    continue
                self._fitted[number] += 1
                if rule.skip < self._fitted[number] <= rule.skip + rule.times:
                    return rule.fault
        return None


async def _exchange(seen: Seen, head: Head, client: Streams, server: Streams) -> bool:
    """Hand one request and its answer on; whether the connection is good for another."""
    if isinstance(seen.fault, Instead):
        await _answer_instead(seen, seen.fault, head, client)
        return not head.ends_connection
    up = asyncio.create_task(_send(seen, head, client, server))
    down = asyncio.create_task(_answer(seen, client, server))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_EXCEPTION)
        if up.done() and isinstance(up.exception(), OSError):
            # The server hears no more, and may have said why.
            await down
            return False
        for task in (up, down):
            if task.done():
                task.result()
        return down.result() and not head.ends_connection
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _answer_instead(seen: Seen, fault: Instead, head: Head, client: Streams) -> None:
    if head.field("Expect"):
        client[1].write(b"HTTP/1.1 100 Continue\r\n\r\n")
    async for _ in head.request_body(client[0]):
        pass
    seen.status = fault.status
    client[1].write(fault.answer(seen.method))
    await client[1].drain()


async def _send(seen: Seen, head: Head, client: Streams, server: Streams) -> None:
    if isinstance(seen.fault, Reset) and seen.fault.of == "request" and not seen.fault.after:
        raise CutError(hard=seen.fault.hard)
    server[1].write(head.raw)
    async for piece in _spoiled(seen, "request", head.request_body(client[0])):
        server[1].write(piece)
        await server[1].drain()
        seen.sent += len(piece)


async def _answer(seen: Seen, client: Streams, server: Streams) -> bool:
    while head := await Head.read(server[0]):
        body = head.answer_body(server[0], seen.method)
        if head.status in INFORMATIONAL:
            client[1].write(head.raw)
            continue
        if isinstance(seen.fault, Swallow):
            await _swallow(seen.fault, body)
        seen.status = head.status
        client[1].write(head.raw)
        async for piece in _spoiled(seen, "answer", body):
            client[1].write(piece)
            await client[1].drain()
        return not head.ends_connection
    raise CutError(hard=False)


async def _swallow(fault: Swallow, body: Pieces) -> None:
    async for _ in body:
        pass
    if fault.hangs:
        await asyncio.Event().wait()
    raise CutError(hard=True)


def _spoiled(seen: Seen, side: Side, body: Pieces) -> Pieces:
    return seen.fault.spoil(body) if seen.fault and seen.fault.of == side else body


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection the rude way, as a router does that forgot it."""
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@contextmanager
def faulty(target: str, *rules: Rule) -> Iterator[FaultProxy]:
    """Run a proxy to `target` (`HOST:PORT`) for the length of the block."""
    proxy = FaultProxy(target, rules)
    with serving_apart(proxy.serve) as host:
        proxy.host = host
        yield proxy
