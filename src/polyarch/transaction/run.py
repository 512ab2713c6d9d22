"""The transaction, step by step: preflight, stage, read back, prove, freeze, flip.

Before the flip nothing that a tag shows changes; a failure within it puts the old tags back. What
is needed to go on after the process has died stands in the journal and in the registries.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from polyarch.errors import (
    DeadlinePassedError,
    ManifestRefusedError,
    PolyarchError,
    UploadRefusedError,
)
from polyarch.events import Listener, Warned, ignore
from polyarch.oci.digest import Digest
from polyarch.registry.client import RegistryClient
from polyarch.transaction.destination import Destination
from polyarch.transaction.everybody import confirm_public
from polyarch.transaction.flip import fail, first_of, flip
from polyarch.transaction.hold import push_hold
from polyarch.transaction.journal import Journal
from polyarch.transaction.lock import locks
from polyarch.transaction.look import freeze
from polyarch.transaction.park import park, unpark
from polyarch.transaction.preflight import end_probes, preflight
from polyarch.transaction.prove import prove
from polyarch.transaction.stage import Manifests, read_back, read_manifests, stage
from polyarch.transaction.supply import Supply
from polyarch.transaction.undo import admit, leave, roll_back
from polyarch.transaction.values import (
    OnRegistryFailure,
    Options,
    Outcome,
    Submission,
)

FINISH_S = 3.0
"""How long an interrupted flip may go on; whatever has not moved by then is undone."""

UNDO_S = 3.0
"""How long undoing may take then. Together: the time that CI systems leave between two signals."""

LATE_S = 20.0
"""How long undoing may take when a deadline has passed: what is not undone by then is told."""

Step = Callable[[Destination], Awaitable[None]]


async def publish(
    submissions: Sequence[Submission],
    client: RegistryClient,
    listen: Listener,
    *,
    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT,
    options: Options | None = None,
    journal: Journal | None = None,
) -> tuple[Outcome, ...]:
    """Publish all images everywhere, or nothing anywhere (with `abort`).

    Returns one outcome per image and destination, in the order asked. A refusal is an outcome, not
    an exception.

    Raises:
        ContentError, SpecError: what was to be published is not whole; nothing was sent.
        VerificationError: the proof of what was staged failed; no tag has moved.
        StorageError: the journal cannot be written; no tag has moved, or all have moved back.
    """
    options = options or Options()
    destinations = [
        Destination(submission=s, target=target, remote=client.repository(target.repository))
        for s in submissions
        for target in s.targets
    ]
    now = asyncio.get_running_loop().time()
    run = _Run(
        destinations=destinations,
        client=client,
        listen=listen,
        stop_early=on_failure is OnRegistryFailure.ABORT,
        options=options,
        journal=journal or Journal.none(),
        until=None if options.deadline_s is None else now + options.deadline_s,
    )
    await run.go()
    return tuple(destination.outcome() for destination in destinations)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One transaction under way; `until` is when its deadline passes, on the loop's clock."""

    destinations: Sequence[Destination]
    client: RegistryClient
    listen: Listener
    stop_early: bool
    options: Options
    journal: Journal
    until: float | None

    async def go(self) -> None:
        """All steps; ends early where a destination falls out and all are to stand together."""
        manifests = await asyncio.to_thread(self._read)
        self.journal.begin([_told(destination) for destination in self.destinations])
        async with contextlib.AsyncExitStack() as stack:
            supply = stack.enter_context(contextlib.closing(Supply()))
            stack.push_async_callback(unpark, self.destinations)
            stack.push_async_callback(end_probes, self.destinations)
            going = await self._stage(manifests, supply)
            if going is None or not await self._prove(going):
                self.journal.end()
                return
            going = await self._step(going, self._beside)
            if going is not None:
                going = await self._lock(going, stack)
            if going and self._comes_between:
                going = await self._step(going, lambda each: freeze(each, self.journal))
            if going is not None and any(each.error is None for each in going):
                await self._flip_or_undo(going)
                if not self.stop_early or all(each.is_done for each in going):
                    for each in going:
                        each.arrived = True
                await confirm_public(going, self.client, self.listen)
        if all(destination.is_settled for destination in self.destinations):
            self.journal.end()

    def _read(self) -> Mapping[int, Manifests]:
        """The manifests of each destination; one of many registries is read once."""
        known: dict[tuple[int, Digest], Manifests] = {}
        found: dict[int, Manifests] = {}
        for each in self.destinations:
            key = id(each.submission), each.root.descriptor.digest
            if key not in known:
                known[key] = read_manifests(each.root, each.submission.source)
            found[id(each)] = known[key]
            if each.target.merge:  # its index is made of what stands there, and never sent alone
                ours = each.root.descriptor.digest
                found[id(each)] = {d: node for d, node in known[key].items() if d != ours}
        return found

    async def _stage(
        self, manifests: Mapping[int, Manifests], supply: Supply
    ) -> Sequence[Destination] | None:
        steps: tuple[Step, ...] = (
            lambda each: preflight(each, manifests[id(each)], self.listen),
            lambda each: stage(
                each, manifests[id(each)], self.listen, supply=supply, memory=self.journal
            ),
            lambda each: self._look(each, manifests[id(each)]),
            park,
        )
        going: Sequence[Destination] | None = self.destinations
        for step in steps:
            if going is not None:
                going = await self._step(going, step)
        return going

    async def _beside(self, destination: Destination) -> None:
        """Bring what stands beside the root, which may say that it is proven, and new holds.

        A registry that takes no such artifact must not keep a bad release in its place.
        """
        target, remote = destination.target, destination.remote
        await target.beside(remote, destination.root)
        for hold in target.new_holds:
            try:
                await push_hold(remote, hold.to_manifest(destination.root.descriptor))
            except (ManifestRefusedError, UploadRefusedError) as error:
                what = f"`{destination.name}:{hold.tag}` is put back, and nothing keeps it there"
                self.listen(Warned(text=f"{what}: the next publish moves it ({error.message})"))

    async def _look(self, destination: Destination, manifests: Manifests) -> None:
        """Read back what is staged, and what the tags have unless something comes before them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(read_back(destination, manifests))
            if not self._comes_between:
                group.create_task(freeze(destination, self.journal))

    @property
    def _comes_between(self) -> bool:
        """Whether proofs or locks may take their time between reading back and freezing."""
        return bool(self.options.prove) or any(each.target.merge for each in self.destinations)

    async def _lock(
        self, going: Sequence[Destination], stack: contextlib.AsyncExitStack
    ) -> Sequence[Destination] | None:
        """Hold the locks of what is edited until the stack ends; as `_step`, who has them."""
        wanted = locks(going, self.options.owner, all_or_none=self.stop_early)
        try:
            async with asyncio.timeout_at(self.until):
                refused = await stack.enter_async_context(wanted)
            for each in going:
                if error := refused.get(each.name):
                    fail(each, error, self.listen)
        except TimeoutError:
            for each in going:
                fail(each, DeadlinePassedError(each.name), self.listen)
        return self._standing(going)

    async def _prove(self, going: Sequence[Destination]) -> bool:
        """Whether the proofs of what is staged held in time; else nothing that a tag shows changes.

        Raises:
            VerificationError: one does not hold.
        """
        try:
            in_time = await prove(going, self.options, self._left_s)
        except PolyarchError:
            self.journal.end()
            raise
        if not in_time:
            for each in going:
                fail(each, DeadlinePassedError(each.name), self.listen)
        return in_time

    async def _step(self, going: Sequence[Destination], step: Step) -> Sequence[Destination] | None:
        """Take one step at all destinations at once; those that stand, or None for no going on."""

        async def one(destination: Destination) -> None:
            try:
                async with asyncio.timeout_at(self.until):
                    await step(destination)
            except* PolyarchError as errors:
                fail(destination, first_of(errors), self.listen)
            except* TimeoutError:
                fail(destination, DeadlinePassedError(destination.name), self.listen)

        await asyncio.gather(*(one(destination) for destination in going))
        return self._standing(going)

    def _standing(self, going: Sequence[Destination]) -> Sequence[Destination] | None:
        """Those that nothing was met at, or None where the transaction ends with that."""
        standing = [destination for destination in going if destination.error is None]
        if not standing or (self.stop_early and len(standing) < len(self.destinations)):
            return None
        return standing

    async def _flip_or_undo(self, going: Sequence[Destination]) -> None:
        """Move the tags, or put back what moved; an interrupt leaves `FINISH_S` to move on."""
        task = asyncio.ensure_future(
            flip(going, self.journal, self.listen, stop_early=self.stop_early)
        )
        try:
            await asyncio.wait({task}, timeout=self._left_s)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=FINISH_S)
            await self._stop(task)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(UNDO_S):
                    await self._undo(going)
            for each in going:
                admit(each, self.listen)
            raise
        if not task.done():
            await self._stop(task)
            for each in going:
                if not each.is_done:
                    fail(each, DeadlinePassedError(each.name), self.listen)
        elif bug := task.exception():
            # Nothing that was foreseen, perhaps the listener itself: undo, then tell it.
            await asyncio.gather(*(roll_back(each, self.journal, ignore) for each in going))
            raise bug
        await self._undo(going)

    async def _stop(self, task: asyncio.Future[None]) -> None:
        task.cancel()
        await asyncio.wait({task}, timeout=UNDO_S)

    async def _undo(self, going: Sequence[Destination]) -> None:
        """Put back what has to be: everywhere, or where it failed."""
        failed = [each for each in going if not each.is_done]
        undo = going if failed and self.stop_early else failed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._undone_by):
                if self.options.rollback:
                    backwards = (roll_back(each, self.journal, self.listen) for each in undo)
                else:
                    backwards = (leave(each) for each in undo)
                await asyncio.gather(*backwards)

    @property
    def _left_s(self) -> float | None:
        """How many seconds there are until the deadline, if there is one."""
        now = asyncio.get_running_loop().time()
        return None if self.until is None else max(0.0, self.until - now)

    @property
    def _undone_by(self) -> float | None:
        """When nobody waits for an undoing any more; there is always some time for it."""
        now = asyncio.get_running_loop().time()
        return None if self.until is None else max(self.until, now) + LATE_S


def _told(destination: Destination) -> dict[str, object]:
    return {
        "image": destination.submission.name,
        "digest": str(destination.root.descriptor.digest),
        "repository": destination.name,
        "tags": list(destination.target.tags),
    }
