"""Whether what was published can be read by everybody, where that was asked for."""

import asyncio
from collections.abc import Sequence

from polyarch.errors import NotPublicError, RegistryError
from polyarch.events import Listener
from polyarch.registry.client import RegistryClient
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import fail


async def confirm_public(
    destinations: Sequence[Destination], client: RegistryClient, listen: Listener
) -> None:
    """Ask for the tags without a login; what cannot be read so is the destination's error.

    The tags stay as they are: putting them back would make nothing public.
    """
    asked = [each for each in destinations if each.target.public and each.error is None]
    if not asked:
        return
    async with client.anonymous() as stranger:
        await asyncio.gather(*(_confirm(each, stranger, listen) for each in asked))


async def _confirm(destination: Destination, stranger: RegistryClient, listen: Listener) -> None:
    remote = stranger.repository(destination.target.repository)
    for tag in destination.target.tags:
        try:
            found = await remote.head(tag)
        except RegistryError:
            found = None
        if found is None:
            fail(destination, NotPublicError(f"{destination.name}:{tag}"), listen)
            return
