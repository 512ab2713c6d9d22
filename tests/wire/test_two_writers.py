"""Several polyarch at once, each with a platform of its own for one tag: none may be lost."""

import asyncio

import pytest

from polyarch.events import ignore
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Call
from polyarch.transaction import lock
from polyarch.transaction.run import publish
from polyarch.transaction.values import Options, Outcome, Status, Submission, Target
from tests.support.images import MadeImage, make_index

TAGS = ("1.2", "latest")
FIRST = make_index(["linux/amd64"], content=b"first")
WRITERS = tuple(make_index([name], content=b"new") for name in ("linux/arm64", "linux/arm/v7"))


async def write(
    made: MadeImage, registry: SandboxRegistry, *, merge: bool = True, name: str = "w"
) -> Outcome:
    """One writer: a process of its own as far as the registry can tell."""
    repository = Repository.parse(f"{registry.host}/team/app")
    target = Target(repository=repository, tags=TAGS, moving=frozenset(TAGS[1:]), merge=merge)
    submission = Submission(name="app", root=made.index, source=made.store, targets=(target,))
    async with RegistryClient() as client:
        [outcome] = await publish([submission], client, ignore, options=Options(owner=name))
    return outcome


async def platforms(registry: SandboxRegistry, tag: str) -> set[str]:
    async with RegistryClient() as client:
        remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
        found = await remote.get_manifest(tag)
    assert isinstance(found, ImageIndex)
    assert len(found.manifests) == len(found.platforms)
    return {str(platform) for platform in found.platforms}


async def meet(times: int, quirks: Quirks) -> None:
    async with SandboxRegistry(quirks=quirks) as registry:
        for number in range(times):
            await write(FIRST, registry, merge=False)
            outcomes = await asyncio.gather(
                *(write(made, registry, name=f"{n}") for n, made in enumerate(WRITERS))
            )
            assert [each.status for each in outcomes] == [Status.PUBLISHED] * 2, outcomes
            for tag in TAGS:
                assert await platforms(registry, tag) == {
                    "linux/amd64", "linux/arm64", "linux/arm/v7",
                }, f"round {number}"  # fmt: skip
            async with RegistryClient() as client:
                remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
                for tag in TAGS:
                    await remote.delete_tag(tag)


HOSTS = {"ignored": Quirks(), "honoured": Quirks(conditional_requests=True)}


@pytest.mark.parametrize("quirks", HOSTS.values(), ids=HOSTS)
async def test_no_platform_is_lost(quirks: Quirks):
    await meet(6, quirks)


@pytest.mark.long
@pytest.mark.parametrize("quirks", HOSTS.values(), ids=HOSTS)
async def test_no_platform_is_lost_in_a_hundred_times(quirks: Quirks):
    await meet(100, quirks)


async def test_even_without_the_lock_a_writer_looks_again(monkeypatch: pytest.MonkeyPatch):
    """As if both had taken it in the same moment: what is written is looked at once more."""

    async def take(_lock: lock.Lock) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(lock.Lock, "take", take)
    monkeypatch.setattr(lock.Lock, "give_back", take)
    await meet(6, Quirks(conditional_requests=True))


async def test_a_lock_may_be_given_back_while_somebody_looks_at_it():
    async with SandboxRegistry() as registry, RegistryClient() as client:
        remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
        first = lock.Lock(remote, "the first")
        await first.take()

        async def give_back(call: Call) -> None:
            if call.method == "GET" and call.target.item == lock.TAG:
                registry.quirks = Quirks()
                await first.give_back()

        registry.quirks = Quirks(on_request=give_back)
        second = lock.Lock(remote, "the second")
        await second.take()
        found = await lock.held(remote)
    assert found
    assert found.owner == "the second"
