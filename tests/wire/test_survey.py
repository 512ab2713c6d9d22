"""Looking at a repository: tags, what they lead to, and what nobody can know."""

from typing import Any

import pytest

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline import survey as surveying
from polyarch.pipeline.survey import Survey, survey
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from tests.support.grown import KEPT, NAME, OLD, OTHER, OWN, SHARED, Grown, two_indexes


async def surveyed(storage: MemoryStorage, **options: Any) -> tuple[Survey, list[str]]:
    async with SandboxRegistry(storage=storage) as registry, RegistryClient() as client:
        remote = client.repository(Repository.parse(f"{registry.host}/{NAME}"))
        found = await survey(remote, **options)
        read = [each.path for each in registry.requests if each.method == "GET"]
    return found, [path for path in read if "/manifests/" in path]


async def test_each_manifest_is_read_once():
    grown = two_indexes()
    grown.tags["latest"] = KEPT
    found, read = await surveyed(grown.stored())
    assert {tag: head.digest for tag, head in found.tags.items()} == grown.tags
    assert found.manifests.keys() == {OWN, SHARED, OTHER, OLD, KEPT}
    assert len(read) == len(set(read)) == len(found.manifests)
    assert found.tags_of(KEPT) == ("1.0", "latest")
    assert found.below([OLD]) == {OLD, OWN, SHARED}
    assert not found.missing
    assert not found.unread


async def test_what_is_missing_is_told_and_needs_nothing():
    storage = two_indexes().stored()
    storage.delete_manifest(NAME, SHARED)
    found, _ = await surveyed(storage)
    assert found.missing == {SHARED}
    assert not found.unread


async def test_what_is_damaged_needs_nobody_knows_what():
    storage = two_indexes().stored()
    there = storage.manifest(NAME, KEPT)
    assert there
    broken = StoredManifest(media_type=there.media_type, raw=there.raw[:-2])
    storage.put_manifest(NAME, KEPT, broken)
    found, _ = await surveyed(storage)
    assert found.unread == found.missing == {KEPT}


def nested(depth: int) -> tuple[Grown, Digest]:
    grown = Grown()
    node = deepest = grown.image(0)
    for number in range(1, depth + 1):
        node = grown.index(number, [node])
    grown.tags["1.0"] = node.digest
    return grown, deepest.digest


@pytest.mark.parametrize(("depth", "is_read"), [(3, True), (4, False)])
async def test_what_is_too_deep_is_unread(depth: int, is_read: bool):
    grown, deepest = nested(depth)
    found, _ = await surveyed(grown.stored())
    assert (deepest in found.manifests) is is_read
    assert (found.unread == {deepest}) is not is_read


async def test_what_is_too_much_is_unread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(surveying, "MOST", 3)
    found, read = await surveyed(two_indexes().stored())
    assert found.unread == {OWN, SHARED, OTHER}
    assert len(read) == 2


async def test_with_depth_one_only_what_tags_show_is_read():
    found, read = await surveyed(two_indexes().stored(), depth=1)
    assert found.manifests.keys() == {OLD, KEPT}
    assert len(read) == 2
