"""Whether what was published can be read by everybody, where that was asked for."""

import asyncio
from collections.abc import Sequence

from polyarch.errors import (
    Exchange,
    NotPublicError,
    RateLimitedError,
    RegistryError,
    RegistryUnavailableError,
)
from polyarch.events import Listener
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import fail
from polyarch.transaction.settle import settled

CONFIRM_S = 20.0
"""How long a registry is waited for: what is asked here changes nothing any more."""


async def confirm_public(
    destinations: Sequence[Destination], client: RegistryClient, listen: Listener
) -> None:
    """Ask for the tags without a login; what cannot be read so is the destination's error.

    The tags stay as they are: putting them back would make nothing public.
    """
    asked = [each for each in destinations if each.target.public and _stands(each)]
    if not asked:
        return
    async with client.anonymous(patience_s=CONFIRM_S) as stranger:
        await asyncio.gather(*(_confirm(each, stranger, listen) for each in asked))


def _stands(destination: Destination) -> bool:
    return destination.error is None and destination.is_done


async def _confirm(destination: Destination, stranger: RegistryClient, listen: Listener) -> None:
    remote = stranger.repository(destination.target.repository)
    try:
        async with asyncio.timeout(CONFIRM_S):
            for tag in destination.target.tags:
                if not await _is_public(remote, tag):
                    fail(destination, NotPublicError(f"{destination.name}:{tag}"), listen)
                    return
    except (RateLimitedError, RegistryUnavailableError) as error:
        fail(destination, error, listen)
    except TimeoutError:
        registry = destination.target.repository.registry
        exchange = Exchange(registry=registry, method="HEAD", url="/v2/")
        fail(destination, RegistryUnavailableError(exchange, "no answer in time"), listen)


async def _is_public(remote: RemoteRepository, tag: str) -> bool:
    """Whether the tag can be read; who reads without a login may be shown an older copy.

    Raises:
        RateLimitedError, RegistryUnavailableError: the registry does not say.
    """

    async def shown() -> bool:
        return await remote.head(tag) is not None

    try:
        return await settled(shown)
    except (RateLimitedError, RegistryUnavailableError):
        raise
    except RegistryError:
        return False
