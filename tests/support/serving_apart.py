"""Servers on loopback in a thread with an event loop of its own, away from the client's."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from tests.support.servers import Handler

START_S = 30.0
BUFFER = 1 << 20


@contextmanager
def serving_apart(handler: Handler) -> Iterator[str]:
    """Give each connection to the handler, then close it; yields `127.0.0.1:PORT`.

    A handler that is at work when the block ends is cancelled; what it raises because a connection
    was cut is the end of its connection and nothing more.
    """
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(handler, started)), daemon=True)
    thread.start()
    host, loop, stop = started.result(START_S)
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(
    handler: Handler, started: "Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    working: set[asyncio.Task[None]] = set()

    # asyncio's own servers leave a connection open that they accepted just before they were closed.
    def accept() -> None:
        connection, _ = listener.accept()
        task = loop.create_task(_handle(handler, connection))
        working.add(task)
        task.add_done_callback(working.discard)
        task.add_done_callback(lambda _task: connection.close())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop.add_reader(listener, accept)
        started.set_result((f"127.0.0.1:{listener.getsockname()[1]}", loop, stop))
        await stop.wait()
        loop.remove_reader(listener)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)


async def _handle(handler: Handler, connection: socket.socket) -> None:
    connection.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=connection, limit=BUFFER)
    try:
        with suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
            await close(writer)
    finally:
        writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection that may be cut already."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
