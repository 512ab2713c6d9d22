"""A tag for what is staged, where registries soon collect manifests that have none.

Quay lets go of untagged manifests after about an hour (vllm-project/vllm-ascend#10347). The tag is
always the same, so that a run that dies leaves one at most.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from polyarch.errors import PolyarchError
from polyarch.transaction.destination import Destination

TAG = "polyarch-txn"
UNPARK_S = 5.0
"""How long a registry is waited for that does not take the tag away."""


async def park(destination: Destination) -> None:
    """Keep the staged root from being collected before its tags move.

    Raises:
        RegistryError: the registry does not take it.
    """
    if destination.remote.profile.untagged_life_s is not None and destination.lacking:
        destination.parked = True
        await destination.remote.put_manifest(destination.root, tag=TAG)


async def unpark(destinations: Sequence[Destination]) -> None:
    """Take the tag away where that takes nothing else away; one that stays does no harm."""
    parked = [each for each in destinations if each.parked]
    await asyncio.gather(*(_unpark(each) for each in parked))


async def _unpark(destination: Destination) -> None:
    if destination.remote.profile.tag_delete == "tag":
        with contextlib.suppress(PolyarchError, TimeoutError):
            async with asyncio.timeout(UNPARK_S):
                await destination.remote.delete_tag(TAG)
