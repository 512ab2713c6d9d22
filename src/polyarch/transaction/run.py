"""The transaction, step by step: preflight, stage, read back, freeze, flip.

Before the flip nothing that a tag shows changes; a failure within it puts the old tags back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed, Listener, LoggedIn, ignore
from polyarch.registry.client import RegistryClient
from polyarch.transaction.destination import Destination
from polyarch.transaction.flip import fail, flip, freeze, roll_back
from polyarch.transaction.stage import read_back, read_manifests, stage
from polyarch.transaction.values import OnRegistryFailure, Outcome, Status, Submission, Target

FLIP_GRACE_S = 6.0
"""How long an interrupted flip may take to finish or to undo itself."""

Step = Callable[[Destination], Awaitable[None]]


async def publish(
    submissions: Sequence[Submission],
    client: RegistryClient,
    listen: Listener,
    *,
    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT,
) -> tuple[Outcome, ...]:
    """Publish all images everywhere, or nothing anywhere (with `abort`).

    Returns one outcome per image and destination, in the order asked. A refusal is an outcome, not
    an exception.

    Raises:
        ContentError, SpecError: what was to be published is not whole; nothing was sent.
    """
    manifests = {s.name: await asyncio.to_thread(read_manifests, s) for s in submissions}
    destinations = [
        Destination(submission=s, target=target, remote=client.repository(target.repository))
        for s in submissions
        for target in s.targets
    ]
    steps: tuple[Step, ...] = (
        lambda d: preflight(d, listen),
        lambda d: stage(d, manifests[d.submission.name], listen),
        lambda d: read_back(d, manifests[d.submission.name]),
        freeze,
    )
    going = destinations
    for step in steps:
        going = await _everywhere(step, going, listen)
        if not going or (on_failure is OnRegistryFailure.ABORT and len(going) < len(destinations)):
            return tuple(d.outcome() for d in destinations)
    await _finish_even_if_interrupted(_flip_all(going, on_failure, listen))
    return tuple(d.outcome() for d in destinations)


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
            await client.repository(target.repository).check_push()
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


async def preflight(destination: Destination, listen: Listener) -> None:
    """Log in with the right to push, and see an upload opened and cancelled.

    Raises:
        RegistryError: the registry will not take pushes there.
    """
    await destination.remote.check_push()
    listen(LoggedIn(repository=destination.name))


async def _everywhere(
    step: Step, destinations: Sequence[Destination], listen: Listener
) -> list[Destination]:
    """Take one step at all destinations at once; give back those that stand."""

    async def one(destination: Destination) -> None:
        try:
            await step(destination)
        except* PolyarchError as group:
            fail(destination, _first(group), listen)

    await asyncio.gather(*(one(destination) for destination in destinations))
    return [destination for destination in destinations if destination.error is None]


def _first(group: BaseExceptionGroup[PolyarchError]) -> PolyarchError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, PolyarchError):
        raise error
    return error


async def _flip_all(
    destinations: Sequence[Destination], on_failure: OnRegistryFailure, listen: Listener
) -> None:
    flips = (flip(destination, listen) for destination in destinations)
    ended = await asyncio.gather(*flips, return_exceptions=True)
    bugs = [each for each in ended if isinstance(each, BaseException)]
    if bugs:  # nothing that was foreseen, perhaps the listener itself: undo, then tell it
        await asyncio.gather(*(roll_back(destination, ignore) for destination in destinations))
        raise bugs[0]
    failed = [destination for destination in destinations if destination.error]
    undo = destinations if failed and on_failure is OnRegistryFailure.ABORT else failed
    await asyncio.gather(*(roll_back(destination, listen) for destination in undo))


async def _finish_even_if_interrupted(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=FLIP_GRACE_S)
        raise
