"""The proxies that play a long or a narrow line do take the time that such a line takes.

Lower bounds are exact but for the clock; upper ones are generous, as a busy machine is slow.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from tests.support.delaying_proxy import delaying
from tests.support.line_proxy import LineProxy
from tests.support.serving_apart import close, serving_apart
from tests.support.shaping_proxy import shaping, uplink

ROUND_TRIP_S = 0.1
TICK_S = 0.002
SLACK_S = 5.0
MBIT = 80  # ten million bytes per second
LARGE = 2_000_000
BURST = 32 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one byte when the client is done."""
    while await reader.read(1 << 16):
        pass
    writer.write(b"!")


@pytest.fixture
def echoing() -> Iterator[str]:
    with serving_apart(echo) as host:
        yield host


@pytest.fixture
def swallowing() -> Iterator[str]:
    with serving_apart(swallow) as host:
        yield host


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[str], Awaitable[Streams]]]:
    opened: list[asyncio.StreamWriter] = []

    async def to(host: str) -> Streams:
        name, _, port = host.rpartition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        opened.append(writer)
        return reader, writer

    yield to
    for writer in opened:
        await close(writer)


Connect = Callable[[str], Awaitable[Streams]]


async def ask(streams: Streams, data: bytes) -> bytes:
    reader, writer = streams
    writer.write(data)
    return await reader.readexactly(len(data))


async def send_all(streams: Streams, data: bytes) -> None:
    reader, writer = streams
    writer.write(data)
    writer.write_eof()
    assert await reader.read() == b"!"


async def test_each_question_takes_a_round_trip(echoing: str, connect: Connect) -> None:
    with delaying(echoing, ROUND_TRIP_S) as proxy:
        streams = await connect(proxy.host)
        started = time.monotonic()
        for _ in range(3):
            assert await ask(streams, b"hello") == b"hello"
        taken = time.monotonic() - started
        assert 3 * ROUND_TRIP_S - TICK_S <= taken < 3 * ROUND_TRIP_S + SLACK_S
        assert (proxy.connections, proxy.round_trips) == (1, 3)
        assert (proxy.bytes_up, proxy.bytes_down) == (15, 15)


async def test_questions_at_once_do_not_wait_for_each_other(echoing: str, connect: Connect) -> None:
    with delaying(echoing, 1.0) as proxy:
        every = [await connect(proxy.host) for _ in range(20)]
        started = time.monotonic()
        await asyncio.gather(*(ask(streams, b"hello") for streams in every))
        assert 1.0 - TICK_S <= time.monotonic() - started < 1.0 + SLACK_S
        assert (proxy.connections, proxy.round_trips) == (20, 20)


async def test_a_delay_limits_no_rate(echoing: str, connect: Connect) -> None:
    data = os.urandom(8 << 20)
    with delaying(echoing, 1.0) as proxy:
        streams = await connect(proxy.host)
        started = time.monotonic()
        assert await ask(streams, data) == data
        # Chunk after chunk in turn, each with a delay of its own, this would be 16 s and more.
        assert 1.0 - TICK_S <= time.monotonic() - started < 1.0 + SLACK_S
        assert proxy.round_trips < 100


async def test_shaking_hands_takes_a_round_trip_once(echoing: str, connect: Connect) -> None:
    with delaying(echoing, ROUND_TRIP_S, shakes_hands=True) as proxy:
        started = time.monotonic()
        streams = await connect(proxy.host)
        await ask(streams, b"hello")
        first = time.monotonic()
        await ask(streams, b"hello")
        second = time.monotonic()
        assert 2 * ROUND_TRIP_S - TICK_S <= first - started < 2 * ROUND_TRIP_S + SLACK_S
        assert second - first >= ROUND_TRIP_S - TICK_S


async def test_requests_are_named(echoing: str, connect: Connect) -> None:
    with delaying(echoing, 0.0) as proxy:
        streams = await connect(proxy.host)
        await ask(streams, b"HEAD /v2/app/blobs/x HTTP/1.1\r\nHost: x\r\n\r\n")
        await ask(streams, b"\x16\x03\x01")
        assert [turn.request for turn in proxy.turns] == ["HEAD /v2/app/blobs/x", ""]
        proxy.forget()
        assert (proxy.connections, proxy.round_trips, proxy.bytes_up) == (0, 0, 0)


async def test_an_uplink_has_its_rate(swallowing: str, connect: Connect) -> None:
    with shaping(swallowing, uplink(up_mbit=MBIT, round_trip_s=ROUND_TRIP_S)) as proxy:
        streams = await connect(proxy.host)
        started = time.monotonic()
        await send_all(streams, bytes(LARGE))
        taken = time.monotonic() - started
        at_least = (LARGE - BURST) * 8 / (MBIT * 1e6) + ROUND_TRIP_S
        assert at_least - TICK_S <= taken < at_least + SLACK_S
        assert proxy.arrived(LARGE) - started >= at_least - ROUND_TRIP_S / 2 - TICK_S
        assert proxy.arrived(LARGE // 2) < proxy.arrived(LARGE)
        with pytest.raises(LookupError):
            proxy.arrived(LARGE + 1)


async def test_a_rate_holds_in_its_direction_only(echoing: str, connect: Connect) -> None:
    with shaping(echoing, uplink(up_mbit=8000, down_mbit=MBIT)) as proxy:
        streams = await connect(proxy.host)
        started = time.monotonic()
        await ask(streams, bytes(LARGE))
        at_least = (LARGE - BURST) * 8 / (MBIT * 1e6)
        assert at_least - TICK_S <= time.monotonic() - started < at_least + SLACK_S
        assert proxy.arrived(LARGE) - started < at_least + SLACK_S


async def test_all_connections_of_all_proxies_share_a_line(
    swallowing: str, connect: Connect
) -> None:
    line = uplink(up_mbit=MBIT)
    with shaping(swallowing, line) as one, shaping(swallowing, line) as other:
        every = [await connect(proxy.host) for proxy in (one, one, other, other)]
        started = time.monotonic()
        await asyncio.gather(*(send_all(streams, bytes(LARGE // 4)) for streams in every))
        at_least = (LARGE - BURST) * 8 / (MBIT * 1e6)
        assert at_least - TICK_S <= time.monotonic() - started < at_least + SLACK_S
        assert one.bytes_up == other.bytes_up == LARGE // 2


async def test_two_lines_do_not_share(swallowing: str, connect: Connect) -> None:
    slow, fast = uplink(up_mbit=MBIT / 8), uplink(up_mbit=MBIT * 8)
    with shaping(swallowing, slow) as one, shaping(swallowing, fast) as other:
        slow_one, fast_one = await connect(one.host), await connect(other.host)
        waiting = asyncio.create_task(send_all(slow_one, bytes(LARGE)))
        await send_all(fast_one, bytes(LARGE))
        assert not waiting.done()
        await waiting
        assert one.arrived(LARGE) - other.arrived(LARGE) > 0


async def test_ends_pass_through(echoing: str, connect: Connect) -> None:
    with delaying(echoing, 0.01) as proxy:
        reader, writer = await connect(proxy.host)
        writer.write(b"last words")
        writer.write_eof()
        assert await reader.read() == b"last words"


async def test_a_cut_passes_through_and_harms_nobody_else(echoing: str, connect: Connect) -> None:
    with delaying(echoing, 0.01) as proxy:
        other = await connect(proxy.host)
        _, writer = await connect(proxy.host)
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
        )
        writer.write(b"cut")
        writer.transport.abort()
        assert await ask(other, b"whole") == b"whole"


async def test_stopping_ends_what_is_under_way(echoing: str, connect: Connect) -> None:
    with delaying(echoing, 60.0) as proxy:
        reader, writer = await connect(proxy.host)
        writer.write(b"too far")
        await writer.drain()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


def test_nobody_there_is_a_closed_door() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host = f"127.0.0.1:{gone.getsockname()[1]}"
    with delaying(host, 0.0) as proxy:
        name, _, port = proxy.host.rpartition(":")
        with (
            socket.create_connection((name, int(port))) as client,
            contextlib.suppress(ConnectionResetError),
        ):
            assert client.recv(1) == b""


def test_a_proxy_has_counters_of_its_own(echoing: str) -> None:
    with delaying(echoing, 0.0) as one, delaying(echoing, 0.0) as other:
        assert isinstance(one, LineProxy)
        assert one.host != other.host
        assert one.turns is not other.turns
