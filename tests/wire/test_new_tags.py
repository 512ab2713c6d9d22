"""Tags that were new are taken away only where nothing else goes with them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.moving.removing import remove_new
from polyarch.pipeline.survey import survey
from polyarch.registry.profiles import profile_of
from polyarch.registry.repository import RemoteRepository
from polyarch.sandbox.likenesses import DOCKER_HUB, GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.journal import Journal
from polyarch.transaction.values import TagOutcome
from tests.support.remote import connected, push_image

AMD64 = Platform.parse("linux/amd64")


@asynccontextmanager
async def repository(kind: str | None, quirks: Quirks) -> AsyncIterator[RemoteRepository]:
    """One of a registry of this kind; None: nobody knows which."""
    registry = SandboxRegistry(quirks=quirks)
    profile = profile_of("127.0.0.1", kind) if kind else None
    async with connected(registry, profile=profile) as wire:
        yield wire.repository()


async def push_index(
    remote: RemoteRepository, children: Sequence[ImageManifest | ImageIndex], *tags: str
) -> ImageIndex:
    """An index of what stands there, under tags."""
    index = ImageIndex.build([child.descriptor.with_platform(AMD64) for child in children])
    for tag in tags:
        await remote.put_manifest(index, tag)
    return index


async def removed(remote: RemoteRepository, **tags: Digest) -> dict[str, tuple[str, str]]:
    """Take tags away; what became of each, and why."""
    found: Sequence[TagOutcome] = await remove_new(remote, tags, Journal.none())
    return {each.tag: (each.status.value, each.reason) for each in found}


@pytest.mark.parametrize(
    ("kind", "quirks"), [("zot", Quirks()), ("ghcr", GHCR), (None, Quirks()), (None, GHCR)]
)
async def test_all_new_tags_of_an_image_go(kind: str | None, quirks: Quirks):
    async with repository(kind, quirks) as remote:
        await push_image(remote, b"old", tag="old")
        new = await push_image(remote, b"new", tag="new")
        await remote.put_manifest(new, "newest")
        digest = new.descriptor.digest
        found = await removed(remote, new=digest, newest=digest)
        assert {status for status, _ in found.values()} == {"removed"}
        assert await remote.tags() == ("old",)
        again = await removed(remote, new=digest, newest=digest)
        assert {status for status, _ in again.values()} == {"removed"}


@pytest.mark.parametrize(("kind", "quirks"), [("ghcr", GHCR), (None, Quirks())])
async def test_what_another_tag_or_index_needs_stays(kind: str | None, quirks: Quirks):
    async with repository(kind, quirks) as remote:
        child = await push_image(remote, b"new", tag="child")
        other = await push_image(remote, b"more", tag="new")
        await remote.put_manifest(other, "mine")
        inner = await push_index(remote, [child], "inner")
        await push_index(remote, [inner], "outer")
        found = await removed(
            remote,
            child=child.descriptor.digest,
            new=other.descriptor.digest,
            inner=inner.descriptor.digest,
        )
        assert {tag: status for tag, (status, _) in found.items()} == dict.fromkeys(found, "left")
        assert "`mine` shows it, too" in found["new"][1]
        assert "the index under `inner` holds it" in found["child"][1]
        assert "the index under `outer` holds it" in found["inner"][1]


async def test_where_tags_are_known_to_go_alone_nobody_is_asked():
    async with repository("zot", Quirks()) as remote:
        new = await push_image(remote, b"new", tag="new")
        await remote.put_manifest(new, "mine")
        found = await removed(remote, new=new.descriptor.digest)
        assert found["new"][0] == "removed"
        assert await remote.tags() == ("mine",)


@pytest.mark.parametrize("kind", [None, "docker-hub"])
async def test_where_nothing_is_deleted_it_stays(kind: str | None):
    async with repository(kind, DOCKER_HUB) as remote:
        new = await push_image(remote, b"new", tag="new")
        found = await removed(remote, new=new.descriptor.digest)
        assert found["new"] == ("left", "its registry deletes no tags")


async def test_what_somebody_has_moved_is_kept():
    async with repository("zot", Quirks()) as remote:
        new = await push_image(remote, b"new", tag="other")
        await push_image(remote, b"else", tag="new")
        found = await removed(remote, new=new.descriptor.digest)
        assert found["new"][0] == "kept"
        assert set(await remote.tags()) == {"new", "other"}


Plan = Mapping[str, int]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tags=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5), min_size=1),
    indexes=st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=3, max_size=3),
    going=st.sets(st.sampled_from("abcdefgh")),
)
def test_kept_tags_stay_whole(tags: Plan, indexes: list[list[int]], going: set[str]):
    asyncio.run(_whole(tags, indexes, going))


async def _whole(tags: Plan, indexes: list[list[int]], going: set[str]) -> None:
    """Three images, and three indexes of them and of each other; some tags go."""
    async with repository("ghcr", GHCR) as remote:
        nodes: list[ImageManifest | ImageIndex] = [
            await push_image(remote, bytes([number])) for number in range(3)
        ]
        for children in indexes:
            below = [nodes[each % len(nodes)] for each in children]
            index = await push_index(remote, below)
            await remote.put_manifest(index)
            nodes.append(index)
        for tag, number in tags.items():
            await remote.put_manifest(nodes[number], tag)
        wanted = {tag: nodes[tags[tag]].descriptor.digest for tag in going & tags.keys()}
        found = await removed(remote, **wanted)
        gone = {tag for tag, (status, _) in found.items() if status == "removed"}
        seen = await survey(remote)
        assert seen.tags.keys() == tags.keys() - gone
        assert not seen.missing
