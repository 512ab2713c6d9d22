"""A tag that is written, or put back, after a wait: whoever wrote meanwhile is not overwritten."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from polyarch.events import ignore
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.hold import Hold
from polyarch.transaction.lock import LIFE_S
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    Guard,
    Labels,
    Outcome,
    Submission,
    TagStatus,
    Target,
    Verdict,
    let_all_move,
)
from tests.support.images import MadeImage, make_index
from tests.support.simulated import loop_clock, simulated

TAG = "latest"
OLD, NEW, OTHER = (make_index(content=content) for content in (b"old", b"new", b"other"))
DIGESTS = {made.index.descriptor.digest: made for made in (OLD, NEW, OTHER)}

Answers = Callable[[], Answer | None]


def name_of(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/app")


async def write(
    made: MadeImage,
    *registries: SandboxRegistry,
    guard: Guard = let_all_move,
    merge: bool = False,
) -> list[Outcome]:
    targets = tuple(
        Target(repository=name_of(registry), tags=(TAG,), merge=merge, guard=guard)
        for registry in registries
    )
    submission = Submission(name="app", root=made.index, source=made.store, targets=targets)
    async with RegistryClient(clock=loop_clock()) as client:
        return list(await publish([submission], client, ignore))


async def standing(registry: SandboxRegistry) -> ImageIndex | ImageManifest:
    async with RegistryClient() as client:
        return await client.repository(name_of(registry)).get_manifest(TAG)


async def shown(registry: SandboxRegistry) -> MadeImage | None:
    return DIGESTS.get((await standing(registry)).descriptor.digest)


class Between:
    """Somebody else writes right before the nth write of the tag, which `answers` may stop."""

    def __init__(
        self, registry: SandboxRegistry, answers: Answers, *, method: str = "PUT", nth: int = 1
    ) -> None:
        self._registry = registry
        self._answers = answers
        self._method = method
        self._left = nth

    async def __call__(self, call: Call) -> Answer | None:
        if call.method != self._method or call.target.item != TAG:
            return None
        self._left -= 1
        if self._left:
            return None
        async with RegistryClient() as client:
            await client.repository(name_of(self._registry)).put_manifest(OTHER.index, TAG)
        return self._answers()


def not_now() -> Answer:
    return Answer(status=503, headers=(("Retry-After", "1"),))


def lets_pass() -> None:
    return None


async def refuse(call: Call) -> Answer | None:
    moves = call.method == "PUT" and call.target.item == TAG
    return refusal("TAG_INVALID", "this tag is immutable") if moves else None


async def stage(registry: SandboxRegistry, made: MadeImage) -> None:
    """Let another tag show the image, as if somebody else had just staged it."""
    target = Target(repository=name_of(registry), tags=("elsewhere",))
    submission = Submission(name="app", root=made.index, source=made.store, targets=(target,))
    async with RegistryClient() as client:
        await publish([submission], client, ignore)


def keeps_other(
    _tag: str, found: ImageIndex | ImageManifest | None, _labels: Labels, _holds: Sequence[Hold]
) -> Verdict:
    other = found and found.descriptor.digest == OTHER.index.descriptor.digest
    return Verdict(may="keep", reason="it is newer") if other else Verdict(may="move")


def test_a_move_that_had_to_wait_is_judged_anew():
    async def overtaken() -> None:
        async with SandboxRegistry() as registry:
            await stage(registry, OTHER)
            await write(OLD, registry)
            registry.quirks = Quirks(on_request=Between(registry, not_now))
            [outcome] = await write(NEW, registry, guard=keeps_other)
            assert [tag.status for tag in outcome.tags] == [TagStatus.KEPT]
            assert await shown(registry) is OTHER

    simulated(overtaken())


@pytest.mark.parametrize(
    ("quirks", "answers"),
    [
        (Quirks(), not_now),
        (Quirks(conditional_requests=True), not_now),
        (Quirks(conditional_requests=True), lets_pass),
    ],
)
def test_a_roll_back_leaves_what_somebody_else_writes_meanwhile(quirks: Quirks, answers: Answers):
    async def overtaken() -> None:
        async with SandboxRegistry() as registry, SandboxRegistry() as refusing:
            await stage(registry, OTHER)
            await write(OLD, registry, refusing)
            refusing.quirks = Quirks(on_request=refuse)
            between = Between(registry, answers, nth=2)
            registry.quirks = Quirks(
                on_request=between, conditional_requests=quirks.conditional_requests
            )
            outcomes = await write(NEW, registry, refusing)
            assert [each.tags[0].status for each in outcomes] == [TagStatus.FAILED] * 2
            assert outcomes[0].tags[0].digest == OTHER.index.descriptor.digest
            assert await shown(registry) is OTHER
            assert await shown(refusing) is OLD

    simulated(overtaken())


def test_a_new_tag_that_somebody_else_has_taken_meanwhile_is_not_deleted():
    async def overtaken() -> None:
        async with SandboxRegistry() as registry, SandboxRegistry() as refusing:
            await stage(registry, OTHER)
            refusing.quirks = Quirks(on_request=refuse)
            between = Between(registry, not_now, method="DELETE")
            registry.quirks = Quirks(on_request=between)
            outcomes = await write(NEW, registry, refusing)
            assert outcomes[0].tags[0].status is TagStatus.FAILED
            assert await shown(registry) is OTHER

    simulated(overtaken())


def test_a_writer_that_waits_for_longer_than_its_lock_lives_loses_no_platform():
    first, second, third = (
        make_index([platform]) for platform in ("linux/amd64", "linux/arm64", "linux/s390x")
    )

    async def edited() -> set[str]:
        async with SandboxRegistry() as registry:
            await write(first, registry)
            waiting = asyncio.Event()

            async def hold_up(call: Call) -> Answer | None:
                if call.method == "PUT" and call.target.item == TAG and not waiting.is_set():
                    waiting.set()
                    return Answer(status=503, headers=(("Retry-After", f"{1.5 * LIFE_S:.0f}"),))
                return None

            registry.quirks = Quirks(on_request=hold_up)
            slow = asyncio.ensure_future(write(second, registry, merge=True))
            await waiting.wait()
            await write(third, registry, merge=True)
            assert not slow.done()
            await slow
            merged = await standing(registry)
            assert isinstance(merged, ImageIndex)
            return {str(platform) for platform in merged.platforms}

    assert simulated(edited()) == {"linux/amd64", "linux/arm64", "linux/s390x"}
