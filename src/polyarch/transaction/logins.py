"""Whether destinations take pushes, asked before there is anything to push."""

import asyncio
from collections.abc import Sequence

from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed, Listener, LoggedIn
from polyarch.registry.client import RegistryClient
from polyarch.transaction.preflight import check_push
from polyarch.transaction.values import Outcome, Status, Target


async def check_logins(
    targets: Sequence[tuple[str, Target]], client: RegistryClient, listen: Listener
) -> tuple[Outcome, ...]:
    """See at every destination that pushes would be taken, before there is anything to push.

    `targets` are by the name of their image. One outcome each, in order: failed, or skipped because
    nothing was done yet.
    """

    async def one(image: str, target: Target) -> Outcome:
        error: PolyarchError | None = None
        try:
            await check_push(client.repository(target.repository))
        except PolyarchError as found:
            error = found
            name = str(target.repository)
            listen(DestinationFailed(repository=name, reason=found.message))
        else:
            listen(LoggedIn(repository=str(target.repository)))
        return Outcome(
            image=image,
            repository=target.repository,
            status=Status.FAILED if error else Status.SKIPPED,
            digest=None,
            tags=(),
            error=error,
        )

    return tuple(await asyncio.gather(*(one(image, target) for image, target in targets)))
