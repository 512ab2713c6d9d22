"""Pruning whatever has grown in a registry: what a tag that stays needs is there afterwards."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.host.git_refs import LivingRefs
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.choosing import Bounds, ImageRules
from polyarch.pipeline.pruning.kinds import Refs, TagRules
from polyarch.pipeline.pruning.records import Stood
from polyarch.pipeline.pruning.repository import Pruner
from polyarch.pipeline.pruning.values import Fate, RepositoryPrune
from polyarch.registry.client import RegistryClient
from polyarch.registry.profile import Profile
from polyarch.registry.profiles import profile_of
from polyarch.registry.retry import RetryPolicy
from polyarch.sandbox.likenesses import DOCKER_HUB, GHCR
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Call
from tests.support.grown import (
    FADING,
    NAME,
    NOW,
    RULES,
    Grown,
    grown_repositories,
    shown,
    standing,
)

IMAGES = (ImageRules(name="app", rules=TagRules.parse(RULES, ())),)
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
IMPATIENT = RetryPolicy(tries=1, first_tries=1)

PLAIN = Profile(name="unknown", title="any")
TAGS_ALONE = Profile(name="quay", title="Quay", tag_delete="tag")
KINDS = {
    "whatever": (Quirks(), PLAIN),
    "tags alone": (Quirks(), TAGS_ALONE),
    "last tag takes all": (Quirks(last_tag_takes_all=True), TAGS_ALONE),
    "ghcr": (GHCR, profile_of("ghcr.io")),
    "docker hub": (DOCKER_HUB, profile_of("docker.io")),
}


def pruner(
    apply: bool = True,
    stood: Mapping[Digest, Stood] | None = None,
    host: str = "",
    seen: Collection[Digest] = (),
) -> Pruner:
    return Pruner(
        bounds=Bounds(now=NOW, max_age=timedelta(days=30), keep=0),
        refs=Refs(living=LivingRefs(), default_branch="main"),
        known={f"{host}/{NAME}": stood or {}},
        seen={f"{host}/{NAME}": frozenset(seen)},
        apply=apply,
    )


async def prune(
    registry: SandboxRegistry,
    profile: Profile,
    *,
    apply: bool = True,
    stood: Mapping[Digest, Stood] | None = None,
    seen: Collection[Digest] = (),
    keep_tags: tuple[str, ...] = (),
) -> RepositoryPrune:
    place = Repository.parse(f"{registry.host}/{NAME}")
    async with RegistryClient(profiles={registry.host: profile}, policy=IMPATIENT) as client:
        made = pruner(apply, stood, registry.host, seen)
        made = replace(made, bounds=replace(made.bounds, keep_tags=keep_tags))
        return await made.told(client, place, IMAGES)


def check_whole(grown: Grown, storage: MemoryStorage, result: RepositoryPrune) -> None:
    """Every tag that stands has all that it had; all that are to last are there."""
    after = shown(storage)
    lasting = {tag for tag in grown.tags if tag not in FADING and not tag.startswith("sha256-")}
    assert lasting <= after.keys()
    assert grown.below(grown.tags[tag] for tag in lasting) <= standing(storage, grown)
    plain = [tag for tag in after if tag in grown.tags and not tag.startswith("sha256-")]
    assert grown.below(grown.tags[tag] for tag in plain) <= standing(storage, grown)
    assert {row.tag for row in result.tags if row.fate is Fate.REMOVED}.isdisjoint(after)
    gone = {row.digest for row in result.manifests if row.fate is Fate.REMOVED}
    assert gone.isdisjoint(standing(storage, grown))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(grown=grown_repositories())
def test_what_a_tag_that_stays_needs_is_never_removed(kind: str, grown: Grown):
    quirks, profile = KINDS[kind]
    if not quirks.referrers:
        grown.list_by_tags()  # or nobody would ever find them

    async def scene() -> None:
        storage = grown.stored()
        async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
            before = standing(storage, grown), shown(storage)
            seen = await prune(registry, profile, apply=False)
            assert (standing(storage, grown), shown(storage)) == before
            assert {request.method for request in registry.requests} <= {"GET", "HEAD"}
            done = await prune(registry, profile)
            assert done.error is None, done.error
            assert len(done.removed) == len(seen.going)
            check_whole(grown, storage, done)
            assert mark.TAG not in shown(storage)
            again = await prune(registry, profile)
            assert not again.going
            assert not again.removed

    asyncio.run(scene())


@settings(max_examples=25)
@given(grown=grown_repositories(by_tags=False))
def test_what_only_old_tags_need_goes(grown: Grown):
    async def scene() -> None:
        storage = grown.stored()
        async with SandboxRegistry(storage=storage) as registry:
            done = await prune(registry, TAGS_ALONE)
        assert not done.error
        after = shown(storage)
        stays = grown.needed(each for tag, each in grown.tags.items() if tag in after)
        gone = {each for tag, each in grown.tags.items() if tag in FADING and tag not in after}
        assert not (grown.below(gone) - stays) & standing(storage, grown)
        lasting = grown.needed(each for tag, each in grown.tags.items() if tag not in FADING)
        assert {grown.tags[tag] for tag in FADING if tag in after} <= lasting

    asyncio.run(scene())


async def left_by(grown: Grown, kind: str, writes: int) -> tuple[set[Digest], Mapping[str, Digest]]:
    """What stands in the end where the registry goes down after so many writes, and comes back."""
    quirks, profile = KINDS[kind]
    if not quirks.referrers:
        grown.list_by_tags()
    storage = grown.stored()
    done = 0

    async def count(call: Call) -> None:
        nonlocal done
        done += call.method in {"DELETE", "PUT"}
        if done > writes:
            registry.quirks = Quirks(down=True)

    async with SandboxRegistry(storage=storage) as registry:
        registry.quirks = replace(quirks, on_request=count)
        check_whole(grown, storage, await prune(registry, profile))
        registry.quirks = quirks
        last = await prune(registry, profile)
        assert last.error is None
        check_whole(grown, storage, last)
    return standing(storage, grown), shown(storage)


@pytest.mark.parametrize("kind", ["whatever", "tags alone", "ghcr"])
@settings(max_examples=10)
@given(grown=grown_repositories(), writes=st.integers(0, 12))
def test_one_that_is_cut_off_is_gone_on_with_from_an_empty_machine(
    kind: str, grown: Grown, writes: int
):
    check_cut_off(kind, grown, writes)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["whatever", "tags alone", "ghcr"])
@settings(max_examples=200)
@given(grown=grown_repositories(), writes=st.integers(0, 25))
def test_one_that_is_cut_off_anywhere(kind: str, grown: Grown, writes: int):
    check_cut_off(kind, grown, writes)


def check_cut_off(kind: str, grown: Grown, writes: int) -> None:
    found = asyncio.run(left_by(grown, kind, writes))
    assert found == asyncio.run(left_by(grown, kind, 10_000))
