"""Holds in registries that list referrers and in those that do not: written, read, and obeyed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from polyarch.errors import RegistryUnavailableError
from polyarch.events import ignore
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import ask_current, with_holds
from polyarch.registry.client import RegistryClient
from polyarch.registry.profile import Profile
from polyarch.registry.referrers import fallback_tag
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.likenesses import GHCR, LIKENESSES
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction import hold as holding
from polyarch.transaction.hold import Hold, Holds, push_hold
from polyarch.transaction.run import publish
from polyarch.transaction.values import Guard, Labels, Status, Submission, Target, Verdict
from tests.support.images import MadeImage, make_index
from tests.support.remote import Connected, connected, push_image

OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
TAGS = ("1.2", "latest")
IMPATIENT = RetryPolicy(tries=2, first_tries=1, budget_s=5, first_s=0.01)
ROOT = OLD.index.descriptor


def hold(tag: str = "latest", version: str = "1.3.0") -> Hold:
    return Hold(
        tag=tag,
        digest=NEW.index.descriptor.digest,
        time=datetime(2026, 1, 2, tzinfo=UTC),
        version=version,
        who="ada",
    )


async def published(
    client: RegistryClient, made: MadeImage, *registries: SandboxRegistry, **more: Any
) -> list[Status]:
    """Publish under both tags everywhere; what each registry came to."""
    targets = tuple(
        replace(Target(repository=place(registry), tags=TAGS), **more) for registry in registries
    )
    one = Submission(name="app", root=made.index, source=made.store, targets=targets)
    return [each.status for each in await publish([one], client, ignore)]


def place(registry: SandboxRegistry) -> Repository:
    return Repository.parse(f"{registry.host}/team/app")


def remote_of(client: RegistryClient, registry: SandboxRegistry) -> RemoteRepository:
    return client.repository(place(registry))


@pytest.fixture
async def three() -> AsyncIterator[Sequence[SandboxRegistry]]:
    """One that lists referrers, one that has none of it, and one that is like GHCR."""
    async with AsyncExitStack() as stack:
        kinds = (Quirks(), Quirks(referrers=False), GHCR)
        yield [await stack.enter_async_context(SandboxRegistry(quirks=quirks)) for quirks in kinds]


@pytest.mark.parametrize("name", LIKENESSES)
async def test_every_kind_of_registry_keeps_them(name: str):
    quirks = LIKENESSES[name]
    if quirks.repositories is not None:
        quirks = replace(quirks, repositories=frozenset({"team/app"}))
    async with connected(SandboxRegistry(quirks=quirks), login=None) as there:
        remote = there.repository()
        image = await push_image(remote, b"layer")
        said = [hold("latest"), hold("1.2"), hold("latest", "1.4.0")]
        for each in said:
            await push_hold(remote, each.to_manifest(image.descriptor))
            await push_hold(remote, each.to_manifest(image.descriptor))
        found = await Holds().on(remote, image.descriptor.digest)
    assert sorted(found, key=str) == sorted(said, key=str)


async def test_it_stands_before_any_tag_moves(three: Sequence[SandboxRegistry]):
    async with RegistryClient() as client:
        await published(client, NEW, *three)
        for registry in three:
            registry.forget_requests()
        new = (hold("latest"), hold("1.2"))
        assert await published(client, OLD, *three, new_holds=new) == [Status.PUBLISHED] * 3
        for registry in three:
            names = [
                each.path.rpartition("/")[2]
                for each in registry.requests
                if each.method == "PUT" and "/manifests/" in each.path
            ]
            written = [str(each.to_manifest(ROOT).descriptor.digest) for each in new]
            assert set(written) <= set(names[: names.index("1.2")])
            assert names[-2:] == list(TAGS)
            found = await Holds().on(remote_of(client, registry), ROOT.digest)
            assert {each.tag for each in found} == {"latest", "1.2"}


async def test_it_counts_for_nothing_where_the_tag_did_not_move(three: Sequence[SandboxRegistry]):
    async def refuse_latest(call: Call) -> Answer | None:
        moves = call.method == "PUT" and call.target.item == "latest"
        return refusal("TAG_INVALID", "this tag is immutable") if moves else None

    async with RegistryClient(policy=IMPATIENT) as client:
        await published(client, NEW, *three)
        three[0].quirks = Quirks(on_request=refuse_latest)
        failed = await published(client, OLD, *three, new_holds=(hold("latest"), hold("1.2")))
        assert set(failed) <= {Status.ROLLED_BACK, Status.FAILED, Status.SKIPPED}
        three[0].quirks = Quirks()
        tags = [place(each).tag(tag) for each in three for tag in TAGS]
        current = await with_holds(client, await ask_current(client, tags), Holds())
        assert {each.digest for each in current.values()} == {NEW.index.descriptor.digest}
        assert {each.holds for each in current.values()} == {()}
        newer = make_index(content=b"newer")
        done = await published(client, newer, *three, holds=Holds(), guard=_keep_what_is_held([]))
        assert done == [Status.PUBLISHED] * 3


def _keep_what_is_held(told: list[tuple[str, tuple[str, ...]]]) -> Guard:
    def guard(
        tag: str,
        _standing: ImageIndex | ImageManifest | None,
        _labels: Labels,
        holds: Sequence[Hold],
    ) -> Verdict:
        told.append((tag, tuple(each.version for each in holds)))
        return Verdict(may="keep" if holds else "move")

    return guard


async def test_the_guard_is_given_those_of_its_tag(three: Sequence[SandboxRegistry]):
    told: list[tuple[str, tuple[str, ...]]] = []
    async with RegistryClient() as client:
        await published(client, OLD, *three, new_holds=(hold("latest"),))
        guard = _keep_what_is_held(told)
        await published(client, NEW, *three, holds=Holds(), guard=guard)
        found = [await remote_of(client, registry).head(tag) for registry in three for tag in TAGS]
    assert set(told) == {("1.2", ()), ("latest", ("1.3.0",))}
    assert [each.digest for each in found if each] == [NEW.index.descriptor.digest, ROOT.digest] * 3


class TestCost:
    async def test_one_request_for_each_digest_and_none_where_nothing_stands(self):
        async with SandboxRegistry() as registry, RegistryClient() as client:
            names = [place(registry).tag(tag) for tag in (*TAGS, "absent", "also-absent")]
            holds = Holds()
            current = await with_holds(client, await ask_current(client, names), holds)
            assert _asked(registry) == []
            await published(client, OLD, registry)
            registry.forget_requests()
            current = await with_holds(client, await ask_current(client, names), holds)
            assert len(_asked(registry)) == 1
            await with_holds(client, current, holds)
            await published(client, NEW, registry, holds=holds)
            assert len(_asked(registry)) == 1, "what was asked for the plan holds for the flip"

    async def test_of_fall_back_tags_only_the_head_is_asked(self):
        profile = Profile(name="x", title="X", referrers="tag")
        async with connected(SandboxRegistry(), login=None, profile=profile) as there:
            remote = there.repository()
            image = await push_image(remote, b"layer", tag="latest")
            there.registry.forget_requests()
            assert await Holds().on(remote, image.descriptor.digest) == ()
            path = f"/v2/team/app/manifests/{fallback_tag(image.descriptor.digest)}"
            assert there.seen() == [(f"HEAD {path}", 404)]

    async def test_many_at_once_ask_once(self):
        async with connected(SandboxRegistry(), login=None) as there:
            remote, holds = there.repository(), Holds()
            image = await push_image(remote, b"layer")
            there.registry.forget_requests()
            digest = image.descriptor.digest
            await asyncio.gather(*(holds.on(remote, digest) for _ in range(20)))
            assert len(there.seen()) == 1


class TestWhenItCounts:
    async def test_a_tag_that_came_there_since_is_asked_for_anew(self):
        """The hold was written after the plan had looked at the digest, for another tag."""
        async with connected(SandboxRegistry(), login=None) as there:
            remote, holds = there.repository(), Holds()
            image = await push_image(remote, b"layer")
            digest = image.descriptor.digest
            assert await holds.on(remote, digest, ("1.2",)) == ()
            await push_hold(remote, hold("latest").to_manifest(image.descriptor))
            assert await holds.on(remote, digest, ("1.2",)) == ()
            assert await holds.on(remote, digest, ("latest",)) == (hold("latest"),)

    async def test_what_was_read_long_ago_is_read_again(self, monkeypatch: pytest.MonkeyPatch):
        async with connected(SandboxRegistry(), login=None) as there:
            remote, holds = there.repository(), Holds()
            image = await push_image(remote, b"layer")
            assert await holds.on(remote, image.descriptor.digest) == ()
            await push_hold(remote, hold().to_manifest(image.descriptor))
            monkeypatch.setattr(holding, "FRESH_S", 0.0)
            assert await holds.on(remote, image.descriptor.digest) == (hold(),)


class TestDamage:
    @pytest.fixture
    async def there(self) -> AsyncIterator[Connected]:
        async with connected(SandboxRegistry(), login=None) as found:
            yield found

    async def test_a_hold_about_something_else(self, there: Connected):
        """A list may name what it likes: the artifact has to agree."""
        there.registry.quirks = Quirks(referrers=False)
        remote = there.repository()
        image, other = await push_image(remote, b"layer"), await push_image(remote, b"other")
        await push_hold(remote, hold().to_manifest(other.descriptor))
        listed = await remote.get_manifest(fallback_tag(other.descriptor.digest))
        await remote.put_manifest(listed, fallback_tag(image.descriptor.digest))
        assert await Holds().on(remote, other.descriptor.digest) == (hold(),)
        assert await Holds().on(remote, image.descriptor.digest) == ()

    async def test_a_hold_that_is_gone(self, there: Connected):
        there.registry.quirks = Quirks(referrers=False)
        remote = there.repository()
        image = await push_image(remote, b"layer")
        made = [each.to_manifest(image.descriptor) for each in (hold(), hold("1.2"))]
        for each in made:
            await push_hold(remote, each)
        await remote.delete_manifest(made[0].descriptor.digest)
        assert await Holds().on(remote, image.descriptor.digest) == (hold("1.2"),)

    async def test_a_list_that_is_an_image(self, there: Connected):
        there.registry.quirks = Quirks(referrers=False)
        remote = there.repository()
        image = await push_image(remote, b"layer")
        await push_image(remote, b"other", tag=fallback_tag(image.descriptor.digest))
        assert await Holds().on(remote, image.descriptor.digest) == ()

    async def test_a_registry_that_does_not_answer_says_nothing_of_them(self):
        async with connected(SandboxRegistry(), login=None, policy=IMPATIENT) as there:
            remote = there.repository()
            image = await push_image(remote, b"layer", tag="latest")
            tag = remote.repository.tag("latest")
            current = await ask_current(there.client, [tag])
            there.registry.quirks = Quirks(unavailable=100)
            with pytest.raises(RegistryUnavailableError):
                await Holds().on(remote, image.descriptor.digest)
            unknown = (await with_holds(there.client, current, Holds()))[tag]
            assert unknown.state == "unknown"
            assert isinstance(unknown.error, RegistryUnavailableError)

    async def test_more_than_anybody_needs_are_not_all_read(self, there: Connected):
        remote = there.repository()
        image = await push_image(remote, b"layer")
        for number in range(holding.MOST + 5):
            await push_hold(remote, hold(f"v{number}").to_manifest(image.descriptor))
        found = await Holds().on(remote, image.descriptor.digest)
        assert len(found) == holding.MOST


def _asked(registry: SandboxRegistry) -> list[str]:
    return [each.path for each in registry.requests if "/referrers/" in each.path]
