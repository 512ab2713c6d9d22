"""Proofs beside images in registries of every kind: attached once, read back, never in the way."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from polyarch.errors import RegistryUnavailableError
from polyarch.events import Warned
from polyarch.findings import Report
from polyarch.oci.digest import Digest
from polyarch.oci.edit import without
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.attached_proof import MOST, attached_proofs
from polyarch.pipeline.attaching import Attaching
from polyarch.pipeline.proof import ImageProof, Level, PlatformProof, Wanted
from polyarch.registry.referrers import fallback_tag
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.retry import RetryPolicy
from polyarch.runtimes.outcome import Outcome, Status
from polyarch.sandbox.likenesses import LIKENESSES
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.held import held
from tests.support.images import make_index
from tests.support.remote import Connected, connected, push_image

MADE = make_index()
INDEX, DIGEST = MADE.index, MADE.index.descriptor.digest
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
IMPATIENT = RetryPolicy(tries=2, first_tries=1, budget_s=5, first_s=0.01)


def proof(*smoke: Outcome) -> ImageProof:
    platforms = (
        PlatformProof(
            platform=child.platform,
            digest=child.digest,
            wanted=Wanted(),
            report=Report(subject="app", platforms=1),
            smoke=smoke,
        )
        for child in MADE.children
        if child.platform
    )
    return ImageProof(
        name="app",
        digest=DIGEST,
        structure=Report(subject="app", platforms=2),
        platforms=tuple(platforms),
    )


def attaching(there: Connected, time: datetime = NOON, *smoke: Outcome, **source: Any) -> Attaching:
    said = {"revision": "c0ffee", "ci_run": None, **source}
    return Attaching(proof=proof(*smoke), source=said, time=time, listen=there.events.append)


async def standing(there: Connected) -> RemoteRepository:
    """A repository that holds the image."""
    held(there.registry, MADE, "team/app:1.2")
    return there.repository()


@pytest.fixture
async def there() -> AsyncIterator[Connected]:
    async with connected(SandboxRegistry(), login=None) as found:
        yield found


@pytest.mark.parametrize("name", LIKENESSES)
async def test_every_kind_of_registry_keeps_it(name: str):
    quirks = LIKENESSES[name]
    if quirks.repositories is not None:
        quirks = replace(quirks, repositories=frozenset({"team/app"}))
    async with connected(SandboxRegistry(quirks=quirks), login=None) as there:
        remote = await standing(there)
        await attaching(there)(remote, INDEX)
        [found] = await attached_proofs(remote, DIGEST)
        assert [each for each in there.events if isinstance(each, Warned)] == []
    assert found.ok
    assert found.time == NOON
    assert found.revision == "c0ffee"
    assert all(found.proves(child.digest) for child in MADE.children)
    assert {each.level for each in found.platforms} == {Level.DEEP}


async def test_none_is_there_before(there: Connected):
    remote = await standing(there)
    there.registry.forget_requests()
    assert await attached_proofs(remote, DIGEST) == ()
    assert len(there.seen()) == 1


async def test_the_same_is_attached_once_a_day(there: Connected):
    remote = await standing(there)
    for later in (timedelta(), timedelta(hours=23), timedelta(hours=25)):
        await attaching(there, NOON + later, ci_run=str(later))(remote, INDEX)
    times = [each.time for each in await attached_proofs(remote, DIGEST)]
    assert times == [NOON + timedelta(hours=25), NOON]


async def test_what_says_more_is_attached_at_once(there: Connected):
    remote = await standing(there)
    await attaching(there)(remote, INDEX)
    ran = Outcome(status=Status.PASSED, how="native")
    await attaching(there, NOON + timedelta(minutes=1), ran)(remote, INDEX)
    await attaching(there, NOON + timedelta(minutes=2))(remote, INDEX)
    found = await attached_proofs(remote, DIGEST)
    assert [each.platforms[0].level for each in found] == [Level.RUN, Level.DEEP]


async def test_a_registry_that_gets_less_has_a_proof_of_that(there: Connected):
    """What is left out for a registry gives the index another digest there."""
    remote = await standing(there)
    less = without(INDEX, frozenset({INDEX.manifests[0]}))
    assert isinstance(less, ImageIndex)
    await remote.put_manifest(less)
    await attaching(there)(remote, less)
    [found] = await attached_proofs(remote, less.descriptor.digest)
    assert found.ok
    assert {DIGEST, less.descriptor.digest} <= set(found.subjects)
    assert await attached_proofs(remote, DIGEST) == ()


async def test_a_registry_that_takes_none_is_told_and_publishing_goes_on(there: Connected):
    async def refuse(call: Call) -> Answer | None:
        if call.method != "PUT" or call.target.kind is not Kind.MANIFEST:
            return None
        return refusal("MANIFEST_INVALID", "no artifacts here")

    remote = await standing(there)
    there.registry.quirks = Quirks(on_request=refuse)
    await attaching(there)(remote, INDEX)
    [warned] = [each for each in there.events if isinstance(each, Warned)]
    assert "the proof is not attached: the registry" in warned.text
    assert await attached_proofs(remote, DIGEST) == ()


async def test_a_registry_that_does_not_answer_is_an_error():
    async with connected(SandboxRegistry(), login=None, policy=IMPATIENT) as there:
        remote = await standing(there)
        there.registry.quirks = Quirks(unavailable=100)
        with pytest.raises(RegistryUnavailableError):
            await attaching(there)(remote, INDEX)
        with pytest.raises(RegistryUnavailableError):
            await attached_proofs(remote, DIGEST)


async def test_others_statements_are_no_proofs(there: Connected):
    remote = await standing(there)
    other = attaching(there)
    made = replace(other, proof=replace(proof(), digest=Digest.of(b"another"), platforms=()))
    await made(remote, INDEX)
    [empty] = await attached_proofs(remote, DIGEST)
    assert not empty.ok, "nothing was proven"
    await other(remote, INDEX)
    found = await attached_proofs(remote, DIGEST)
    assert sorted(each.ok for each in found) == [False, True]


async def test_damage_proves_nothing(there: Connected):
    there.registry.quirks = Quirks(referrers=False)
    remote = await standing(there)
    await attaching(there)(remote, INDEX)
    listed = await remote.get_manifest(fallback_tag(DIGEST))
    assert isinstance(listed, ImageIndex)
    other = await push_image(remote, b"other")
    await remote.put_manifest(listed, fallback_tag(other.descriptor.digest))
    assert await attached_proofs(remote, other.descriptor.digest) == ()
    await remote.delete_manifest(listed.manifests[0].digest)
    assert await attached_proofs(remote, DIGEST) == ()
    await push_image(remote, b"an image", tag=fallback_tag(DIGEST))
    assert await attached_proofs(remote, DIGEST) == ()


async def test_of_many_the_newest_are_read(there: Connected):
    remote = await standing(there)
    for day in range(MOST + 3):
        await attaching(there, NOON + timedelta(days=day))(remote, INDEX)
    found = await attached_proofs(remote, DIGEST)
    assert len(found) == MOST
    assert found[0].time == NOON + timedelta(days=MOST + 2)


async def test_a_layer_that_is_too_large_is_not_read(there: Connected):
    remote = await standing(there)
    long = "x" * (2 * 1024 * 1024)
    await attaching(there, revision=long)(remote, INDEX)
    there.registry.forget_requests()
    assert await attached_proofs(remote, DIGEST) == ()
    assert not [path for path, _ in there.seen("GET") if "/blobs/" in path]
