"""The synchronous face: registries on an event loop of their own, in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from polyarch.sandbox.server import SandboxRegistry


@contextmanager
def running(*registries: SandboxRegistry) -> Iterator[tuple[str, ...]]:
    """Run registries until the block ends, and give their hosts (`127.0.0.1:PORT`) in order.

    Raises:
        PortTakenError: one of them cannot listen; the others are stopped.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox registries", daemon=True)
    thread.start()
    stack = AsyncExitStack()
    try:
        asyncio.run_coroutine_threadsafe(_start(stack, registries), loop).result()
        yield tuple(registry.host for registry in registries)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(stack, loop), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(stack: AsyncExitStack, registries: tuple[SandboxRegistry, ...]) -> None:
    for registry in registries:
        await stack.enter_async_context(registry)


async def _stop(stack: AsyncExitStack, loop: asyncio.AbstractEventLoop) -> None:
    await stack.aclose()
    # A client that went away in the middle of a body is waited for some more: not here.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
