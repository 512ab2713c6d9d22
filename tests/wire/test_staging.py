"""Staging alone: content by digest, never a tag, each repository for itself."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from polyarch.content.reader import read_small
from polyarch.errors import (
    BlobNotFoundError,
    DeniedError,
    ManifestRefusedError,
    RegistryUnavailableError,
)
from polyarch.events import Event, ManifestStored, TagMoved, ignore
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.staging import Staged, stage_only
from polyarch.transaction.values import OnRegistryFailure, Submission, Target
from tests.support.images import MadeImage, make_index

MADE = make_index(["linux/amd64", "linux/arm64"])
IMPATIENT = RetryPolicy(tries=2, first_tries=1, budget_s=5, first_s=0.01)


def repository(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/app")


def part(child: Descriptor, *registries: SandboxRegistry, made: MadeImage = MADE) -> Submission:
    return Submission(
        name=str(child.platform),
        root=ImageManifest.parse(read_small(made.store, child), child.media_type),
        source=made.store,
        targets=tuple(Target(repository=repository(each), tags=()) for each in registries),
    )


def tagged(registry: SandboxRegistry) -> list[str]:
    """Requests that could have made or moved a tag."""
    puts = [r.path for r in registry.requests if r.method == "PUT" and "/manifests/" in r.path]
    return [path for path in puts if "/sha256:" not in path]


def sent(registry: SandboxRegistry) -> list[str]:
    return [r.path for r in registry.requests if r.method in {"PUT", "PATCH"}]


@pytest.fixture
async def two():
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(SandboxRegistry()) for _ in range(2)]


async def stage(*parts: Submission, on_failure=OnRegistryFailure.ABORT) -> tuple[Staged, ...]:
    async with RegistryClient(policy=IMPATIENT) as client:
        return await stage_only(parts, client, ignore, on_failure=on_failure)


async def test_each_part_everywhere_and_no_tag(two):
    events: list[Event] = []
    async with RegistryClient() as client:
        parts = [part(child, *two) for child in MADE.children]
        ended = await stage_only(parts, client, events.append)
        assert [(each.name, each.held, each.error) for each in ended] == [
            (str(child.platform), True, None) for child in MADE.children for _ in two
        ]
        assert [each.repository for each in ended] == [repository(each) for each in two] * 2
        for registry in two:
            remote = client.repository(repository(registry))
            for child in MADE.children:
                found = await remote.get_manifest(child.digest)
                assert isinstance(found, ImageManifest)
                assert all([await remote.blob_exists(blob) for blob in found.blobs])
            assert await remote.head(MADE.index.descriptor.digest) is None
            assert await remote.tags() == ()
    assert [tagged(registry) for registry in two] == [[], []]
    assert not [event for event in events if isinstance(event, TagMoved)]
    assert len([event for event in events if isinstance(event, ManifestStored)]) == 4


async def test_each_repository_is_asked_once_whether_it_takes_pushes(two):
    await stage(*(part(child, *two) for child in MADE.children))
    for registry in two:
        cancelled = [r for r in registry.requests if r.method == "DELETE"]
        assert len(cancelled) == 1


async def test_again_sends_nothing(two):
    parts = [part(child, *two) for child in MADE.children]
    await stage(*parts)
    for registry in two:
        registry.forget_requests()
    assert all(each.held for each in await stage(*parts))
    assert [sent(registry) for registry in two] == [[], []]


async def test_one_that_refuses_keeps_the_others_empty(two):
    two[1].quirks = Quirks(denied_actions=frozenset({"push"}))
    ended = await stage(*(part(child, *two) for child in MADE.children))
    assert [each.held for each in ended] == [False] * 4
    assert [type(each.error) for each in ended] == [type(None), DeniedError] * 2
    assert [sent(registry) for registry in two] == [[], []]


async def test_with_continue_the_others_are_filled(two):
    two[1].quirks = Quirks(down=True)
    ended = await stage(part(MADE.children[0], *two), on_failure=OnRegistryFailure.CONTINUE)
    assert [each.held for each in ended] == [True, False]
    assert isinstance(ended[1].error, RegistryUnavailableError)


async def test_a_failure_in_the_middle_ends_the_work_at_that_repository_alone(two):
    async def refuse_manifests(call: Call) -> Answer | None:
        denied = call.method == "PUT" and call.target.kind is Kind.MANIFEST
        return refusal("DENIED", "no manifests today") if denied else None

    two[0].quirks = Quirks(on_request=refuse_manifests)
    ended = await stage(*(part(child, *two) for child in MADE.children))
    by_place = [[each for each in ended if each.repository == repository(r)] for r in two]
    assert [each.held for each in by_place[0]] == [False, False]
    assert [type(each.error) for each in by_place[0]] == [ManifestRefusedError, type(None)]
    assert [each.held for each in by_place[1]] == [True, True]


async def test_a_source_that_lacks_a_layer(two):
    whole = make_index(["linux/amd64"])
    [child] = whole.children
    manifest = ImageManifest.parse(read_small(whole.store, child))
    lacking = make_index(["linux/s390x"])
    submission = Submission(
        name="x",
        root=manifest,
        source=lacking.store,
        targets=(Target(repository=repository(two[0]), tags=()),),
    )
    [ended] = await stage(submission)
    assert not ended.held
    assert isinstance(ended.error, BlobNotFoundError)


async def test_an_interrupt_leaves_no_tag(two):
    """Cancelled at every request in turn: whatever stands there by then, no tag shows it."""
    for number in range(1, 40):
        reached = asyncio.Event()
        count = 0

        async def stop_here(_call: Call) -> Answer | None:
            nonlocal count
            count += 1
            if count == number:  # noqa: B023 - the loop waits for this very call
                reached.set()  # noqa: B023 - likewise
                await asyncio.sleep(3600)
            return None

        two[0].quirks = Quirks(on_request=stop_here)
        work = asyncio.ensure_future(stage(*(part(child, *two) for child in MADE.children)))
        waiting = asyncio.ensure_future(reached.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if work.done():
            break
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    else:
        pytest.fail("it never came to its end")
    assert number > 5
    assert [tagged(registry) for registry in two] == [[], []]
