"""Waiting for a registry that does not show yet what it took: some answer from a copy that lags."""

import asyncio
from collections.abc import Awaitable, Callable

SETTLE_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits between looks: together half the 30 s after which nobody has seen a registry lag on."""


async def settled(look: Callable[[], Awaitable[bool]]) -> bool:
    """Look until it is as it should be; False when it never was."""
    for wait_s in SETTLE_S:
        if await look():
            return True
        await asyncio.sleep(wait_s)
    return await look()
