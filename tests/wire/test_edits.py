"""Editing an index where a login may not delete, a lock cannot be had, or an alias is contested."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from polyarch.content.reader import read_small
from polyarch.errors import DeniedError, TagOvertakenError
from polyarch.events import ignore
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction import lock
from polyarch.transaction.run import publish
from polyarch.transaction.values import OnRegistryFailure, Outcome, Status, Submission, Target
from tests.support.images import MadeImage, make_index
from tests.support.simulated import loop_clock, simulated

FIRST, SECOND, THIRD = (
    make_index([platform]) for platform in ("linux/amd64", "linux/arm64", "linux/s390x")
)
ALIAS = "latest-arm64"
SOON_S = 5.0


def name_of(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/app")


async def write(
    made: MadeImage,
    *registries: SandboxRegistry,
    tag: str = "latest",
    merge: bool = True,
    aliases: Mapping[str, ImageManifest] | None = None,
    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT,
) -> list[Outcome]:
    targets = tuple(
        Target(
            repository=name_of(registry),
            tags=(tag, *(aliases or {})),
            merge=merge,
            aliases=aliases or {},
        )
        for registry in registries
    )
    submission = Submission(name="app", root=made.index, source=made.store, targets=targets)
    async with RegistryClient(clock=loop_clock()) as client:
        return list(await publish([submission], client, ignore, on_failure=on_failure))


def test_a_lock_that_may_not_be_deleted_is_given_back_all_the_same():
    async def edited() -> float:
        quirks = Quirks(denied_actions=frozenset({"delete"}))
        async with SandboxRegistry(quirks=quirks) as registry:
            await write(FIRST, registry, merge=False)
            begun = asyncio.get_running_loop().time()
            for made in (SECOND, THIRD):
                [outcome] = await write(made, registry)
                assert outcome.status is Status.PUBLISHED
            return asyncio.get_running_loop().time() - begun

    assert simulated(edited()) < SOON_S


def test_with_continue_one_lock_that_cannot_be_had_keeps_no_other_back():
    async def no_lock(call: Call) -> Answer | None:
        takes = call.method == "PUT" and call.target.item == lock.TAG
        return refusal("DENIED", "not that tag") if takes else None

    async def edited() -> None:
        async with SandboxRegistry() as good, SandboxRegistry() as bad:
            await write(FIRST, good, bad, merge=False)
            bad.quirks = Quirks(on_request=no_lock)
            for policy, first in (
                (OnRegistryFailure.ABORT, Status.SKIPPED),
                (OnRegistryFailure.CONTINUE, Status.PUBLISHED),
            ):
                outcomes = await write(SECOND, good, bad, on_failure=policy)
                assert [each.status for each in outcomes] == [first, Status.FAILED]
                assert isinstance(outcomes[1].error, DeniedError)

    simulated(edited())


def test_an_alias_is_not_merged_and_nobody_is_fought_over_it():
    [child] = SECOND.children
    image = ImageManifest.parse(read_small(SECOND.store, child), child.media_type)
    moves: list[str] = []

    def overtake(registry: SandboxRegistry) -> Callable[[Call], Awaitable[None]]:
        async def hook(call: Call) -> None:
            if call.target.item != ALIAS:
                return
            if call.method == "HEAD" and moves[-1:] == ["ours"]:
                moves.append("theirs")
                async with RegistryClient() as client:
                    remote = client.repository(name_of(registry))
                    await remote.put_manifest(THIRD.index, ALIAS, look=False)
            elif call.method == "PUT" and moves[-1:] != ["theirs"]:
                moves.append("ours")

        return hook

    async def edited() -> None:
        async with SandboxRegistry() as registry:
            await write(FIRST, registry, merge=False)
            await write(THIRD, registry, merge=False, tag="third")
            registry.quirks = Quirks(on_request=overtake(registry))
            [outcome] = await write(SECOND, registry, aliases={ALIAS: image})
            assert isinstance(outcome.error, TagOvertakenError)
            assert moves == ["ours", "theirs"]

    simulated(edited())
