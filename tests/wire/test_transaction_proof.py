"""The proof of what is staged: before any tag moves, never longer than its run."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from polyarch.errors import DeadlinePassedError, VerificationError
from polyarch.events import ignore
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    OnRegistryFailure,
    Options,
    Status,
    Submission,
    Target,
)
from tests.support.images import make_index

OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
GOOD = Report(subject="app", platforms=2)


def submission(*registries: SandboxRegistry, made=NEW) -> Submission:
    targets = tuple(
        Target(repository=Repository.parse(f"{registry.host}/team/app"), tags=("latest",))
        for registry in registries
    )
    return Submission(name="app", root=made.index, source=made.store, targets=targets)


async def shown(registry: SandboxRegistry) -> str | None:
    async with RegistryClient() as client:
        remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
        found = await remote.head("latest")
    return str(found.digest) if found else None


@pytest.fixture
async def three():
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(SandboxRegistry()) for _ in range(3)]


async def test_it_sees_what_is_staged_and_no_tag(three):
    seen: list[Submission] = []

    def look(staged: Sequence[Submission]) -> Report:
        seen.extend(staged)
        for registry in three:
            puts = [r.path for r in registry.requests if r.method == "PUT"]
            assert any(str(NEW.index.descriptor.digest) in path for path in puts)
            assert not any(path.endswith("/latest") for path in puts)
        return GOOD

    async with RegistryClient() as client:
        outcomes = await publish([submission(*three)], client, ignore, options=Options(prove=look))
    assert {each.status for each in outcomes} == {Status.PUBLISHED}
    assert [len(each.targets) for each in seen] == [3]


@pytest.mark.parametrize(
    "report",
    [
        Report(subject="app"),
        Report(subject="app", platforms=1, unknown="the scanner is down"),
        Report(
            subject="app",
            platforms=1,
            findings=(
                Finding(code="x", severity=Severity.ERROR, subject="app", message="it is bad"),
            ),
        ),
    ],
    ids=["nothing checked", "unknown", "a finding"],
)
async def test_one_that_does_not_hold_moves_no_tag(three, report: Report):
    async with RegistryClient() as client:
        await publish([submission(*three, made=OLD)], client, ignore)
        with pytest.raises(VerificationError):
            await publish(
                [submission(*three)], client, ignore, options=Options(prove=lambda _: report)
            )
    assert [await shown(each) for each in three] == [str(OLD.index.descriptor.digest)] * 3


async def test_a_registry_that_fell_out_is_not_among_the_targets(three):
    three[0].quirks = Quirks(down=True)
    held: list[str] = []

    def look(staged: Sequence[Submission]) -> Report:
        held.extend(str(target.repository) for each in staged for target in each.targets)
        return GOOD

    async with RegistryClient() as client:
        await publish(
            [submission(*three)],
            client,
            ignore,
            on_failure=OnRegistryFailure.CONTINUE,
            options=Options(prove=look),
        )
    assert held == [f"{each.host}/team/app" for each in three[1:]]


async def test_the_deadline_stops_it_and_moves_no_tag(three):
    stopped = threading.Event()

    def wait(_staged: Sequence[Submission]) -> Report:
        assert stopped.wait(60)
        return GOOD

    options = Options(prove=wait, stop_proving=stopped.set, deadline_s=1.5)
    async with RegistryClient() as client:
        outcomes = await publish([submission(*three)], client, ignore, options=options)
    assert stopped.is_set()
    assert {type(each.error) for each in outcomes} == {DeadlinePassedError}
    assert [await shown(each) for each in three] == [None] * 3


async def test_an_interrupt_stops_it_and_waits_for_its_end(three):
    begun, stopped = threading.Event(), threading.Event()
    ended: list[bool] = []

    def wait(_staged: Sequence[Submission]) -> Report:
        begun.set()
        assert stopped.wait(60)
        ended.append(True)
        return GOOD

    async with RegistryClient() as client:
        options = Options(prove=wait, stop_proving=stopped.set)
        work = asyncio.ensure_future(publish([submission(*three)], client, ignore, options=options))
        await asyncio.to_thread(begun.wait, 60)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert ended == [True]
    assert [await shown(each) for each in three] == [None] * 3


async def test_what_stands_beside_an_image_waits_for_the_proof_and_no_tag_for_less(three):
    """A proof that is attached to what was refused would be a lie."""
    seen: list[list[str]] = []
    nothing = Report(subject="app")

    async def bring(_remote: RemoteRepository, root: ImageIndex | ImageManifest) -> None:
        assert root == NEW.index
        puts = [r.path for each in three for r in each.requests if r.method == "PUT"]
        assert not any(path.endswith("/latest") for path in puts)
        seen.append(puts)

    one = submission(*three)
    one = replace(one, targets=tuple(replace(each, beside=bring) for each in one.targets))
    async with RegistryClient() as client:
        with pytest.raises(VerificationError):
            await publish([one], client, ignore, options=Options(prove=lambda _staged: nothing))
        assert seen == []
        options = Options(prove=lambda _staged: GOOD)
        outcomes = await publish([one], client, ignore, options=options)
    assert {each.status for each in outcomes} == {Status.PUBLISHED}
    assert len(seen) == 3


async def test_what_cannot_be_brought_moves_no_tag(three):
    async def bring(remote: RemoteRepository, _root: ImageIndex | ImageManifest) -> None:
        if remote.repository.registry == three[1].host:
            raise DeadlinePassedError("no")

    one = submission(*three)
    one = replace(one, targets=tuple(replace(each, beside=bring) for each in one.targets))
    async with RegistryClient() as client:
        outcomes = await publish([one], client, ignore)
    assert [each.status for each in outcomes] == [Status.SKIPPED, Status.FAILED, Status.SKIPPED]
    assert [await shown(each) for each in three] == [None] * 3
