"""Scenes of pruning: what appears meanwhile, what lags, what is held, what cannot be read."""

from datetime import timedelta

import pytest

from polyarch.errors import DeleteUnsupportedError, RepositoryUnclearError
from polyarch.oci import annotation, mediatype
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.records import Stood
from polyarch.pipeline.pruning.values import Fate
from polyarch.registry.client import RegistryClient
from polyarch.registry.profile import Profile
from polyarch.registry.profiles import profile_of
from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from polyarch.sandbox.wire import Call
from polyarch.transaction.hold import Hold, push_hold
from tests.support.grown import (
    ABOUT_KEPT,
    ABOUT_OLD,
    KEPT,
    NAME,
    NOW,
    OLD,
    OTHER,
    OWN,
    SHARED,
    shown,
    standing,
    two_indexes,
)
from tests.wire.test_pruning import LONG_AGO, PLAIN, TAGS_ALONE, prune


async def test_children_that_a_living_index_has_stay():
    grown = two_indexes()
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, TAGS_ALONE)
    assert standing(storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}
    reasons = {row.digest: row.reason for row in done.manifests}
    assert reasons[OLD] == "`pr-1` goes"
    assert reasons[OWN] == f"nothing but sha256:{OLD.short} lists it"
    assert reasons[ABOUT_OLD] == f"it is about sha256:{OLD.short}"
    assert reasons[SHARED] == "`1.0` needs it"


@pytest.mark.parametrize("profile", [PLAIN, TAGS_ALONE])
@pytest.mark.parametrize("appears", [OLD, OWN])
async def test_a_tag_that_appears_meanwhile_keeps_what_it_shows(profile, appears: Digest):
    grown = two_indexes()
    storage = grown.stored()

    async def somebody(call: Call) -> None:
        if call.method == "PUT" and call.target.item == mark.TAG:
            storage.put_tag(NAME, "kept-for-me", appears)

    async with SandboxRegistry(storage=storage, quirks=Quirks(on_request=somebody)) as registry:
        done = await prune(registry, profile)
        assert grown.below([appears]) <= standing(storage, grown)
        reasons = [row.reason for row in done.tags] + [row.reason for row in done.manifests]
        told = [reason for reason in reasons if "by now" in reason]
        assert told
        assert "`kept-for-me` needs" in told[0]
        registry.quirks = Quirks()
        storage.delete_tag(NAME, "kept-for-me")
        await prune(registry, profile)
    assert standing(storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}
    assert shown(storage) == {"1.0": KEPT}


@pytest.mark.parametrize("profile", [PLAIN, TAGS_ALONE])
async def test_a_tag_that_moves_meanwhile_stays_where_it_is(profile):
    grown = two_indexes()
    storage = grown.stored()

    async def somebody(call: Call) -> None:
        if call.method == "PUT" and call.target.item == mark.TAG:
            storage.put_tag(NAME, "pr-1", KEPT)

    async with SandboxRegistry(storage=storage, quirks=Quirks(on_request=somebody)) as registry:
        done = await prune(registry, profile)
    row = next(row for row in done.tags if row.tag == "pr-1")
    assert (row.fate, row.reason) == (Fate.STAYS, "it has moved since")
    assert shown(storage) == {"1.0": KEPT, "pr-1": KEPT}
    assert standing(storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}


async def test_what_a_slow_registry_still_shows_stays_whole_until_the_next_run():
    grown = two_indexes()
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        registry.quirks = Quirks(tag_lag=1)
        first = await prune(registry, TAGS_ALONE)
        shows = "pr-1" in shown(storage)
        assert not shows or grown.below([OLD]) <= standing(storage, grown)
        registry.quirks = Quirks()
        second = await prune(registry, TAGS_ALONE)
    assert first.error is second.error is None
    assert standing(storage, grown) == {SHARED, OTHER, KEPT, ABOUT_KEPT}
    assert shown(storage) == {"1.0": KEPT}


@pytest.mark.parametrize("quirks", [Quirks(), GHCR], ids=["referrers", "tags of them"])
async def test_a_held_tag_stays_and_so_does_what_it_holds_back(quirks: Quirks):
    grown = two_indexes()
    back = grown.image(9)
    storage = grown.stored()
    profile = profile_of("ghcr.io") if quirks is GHCR else PLAIN
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        place = Repository.parse(f"{registry.host}/{NAME}")
        hold = Hold(tag="pr-1", digest=back.digest, time=NOW - timedelta(days=99), who="Ann")
        async with RegistryClient(profiles={registry.host: profile}) as client:
            remote = client.repository(place)
            node = await remote.get_manifest(OLD)
            await push_hold(remote, hold.to_manifest(node.descriptor))
        told = Stood(tag="main", run="r", time=LONG_AGO)
        done = await prune(registry, profile, stood={back.digest: told})
    row = next(row for row in done.tags if row.tag == "pr-1")
    assert row.reason == "it was put back there on 2026-02-22 by Ann, and is held"
    assert standing(storage, grown) == set(grown.nodes)
    assert not done.removed


async def test_what_records_say_was_shown_long_ago_goes_and_what_was_a_while_ago_stays():
    grown = two_indexes()
    young_image, young = grown.image(10), grown.image(11)
    grown.index(12, [young_image, grown.nodes[OWN]])
    replaced = list(grown.nodes)[-1]
    del grown.tags["pr-1"]
    storage = grown.stored()
    stood = {
        OLD: Stood(tag="main", run="one", time=LONG_AGO),
        replaced: Stood(tag="main", run="two", time=NOW - timedelta(days=1)),
        Digest.of(b"gone"): Stood(tag="main", run="one", time=LONG_AGO),
        KEPT: Stood(tag="main", run="one", time=LONG_AGO),
    }
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, PLAIN, stood=stood)
    assert set(grown.nodes) - standing(storage, grown) == {OLD, ABOUT_OLD}
    reasons = {row.digest: row.reason for row in done.manifests}
    assert reasons[OLD] == "`main` showed it until 2026-01-02 (run one)"
    assert reasons[OWN] == "what a tag showed until a short while ago needs it"
    assert young.digest in standing(storage, grown)


@pytest.mark.parametrize(
    ("quirks", "profile", "told"),
    [
        (GHCR, profile_of("ghcr.io"), "deleting a tag deletes its image here"),
        (Quirks(tag_delete=False), PLAIN, "whether a tag can go alone here is not known"),
        (Quirks(), TAGS_ALONE, ""),
    ],
    ids=["ghcr", "not known", "tags alone"],
)
async def test_a_tag_of_an_image_that_has_another_one(quirks: Quirks, profile: Profile, told: str):
    grown = two_indexes()
    grown.tags["pr-1"] = KEPT
    storage = grown.stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    row = next(row for row in done.tags if row.tag == "pr-1")
    assert grown.below([KEPT]) <= standing(storage, grown)
    assert shown(storage)["1.0"] == KEPT
    if told:
        assert (row.fate, row.reason) == (Fate.STAYS, f"`1.0` shows the same, and {told}")
    else:
        assert row.fate is Fate.REMOVED
        assert "pr-1" not in shown(storage)


@pytest.mark.parametrize("profile", [PLAIN, TAGS_ALONE])
async def test_where_not_all_can_be_read_nothing_goes(profile):
    grown = two_indexes()
    storage = grown.stored()
    damaged = storage.manifest(NAME, KEPT)
    assert damaged
    broken = type(damaged)(media_type=damaged.media_type, raw=damaged.raw[:-9])
    storage.put_manifest(NAME, KEPT, broken)
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, profile)
    assert standing(storage, grown) == set(grown.nodes)
    assert isinstance(done.error, RepositoryUnclearError)
    assert not done.going
    assert "cannot be read" in done.error.message


async def test_where_a_nested_index_is_missing_nothing_goes():
    grown = two_indexes()
    nested = grown.index(20, [grown.nodes[KEPT]])
    grown.tags["2.0"] = nested.digest
    del grown.tags["1.0"]
    storage = grown.stored()
    storage.delete_manifest(NAME, KEPT)
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, PLAIN)
    assert isinstance(done.error, RepositoryUnclearError)
    assert standing(storage, grown) == set(grown.nodes) - {KEPT}


async def test_where_nothing_is_deleted_nothing_is_written_either():
    grown = two_indexes()
    storage = grown.stored()
    async with SandboxRegistry(storage=storage, quirks=Quirks(manifest_delete=False)) as registry:
        done = await prune(registry, PLAIN)
        written = [each for each in registry.requests if each.method not in {"GET", "HEAD"}]
    assert isinstance(done.error, DeleteUnsupportedError)
    assert [each.method for each in written] == ["DELETE"]
    assert {row.fate for row in done.going} == {Fate.LEFT}
    assert shown(storage) == grown.tags
    assert done.hint


async def test_a_login_that_may_not_delete_leaves_all_as_it_is():
    grown = two_indexes()
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        registry.quirks = Quirks(denied_actions=frozenset({"delete"}))
        done = await prune(registry, TAGS_ALONE)
        assert done.error
        registry.quirks = Quirks()
        assert shown(storage).keys() >= grown.tags.keys()
        assert standing(storage, grown) == set(grown.nodes)
        await prune(registry, TAGS_ALONE)
    assert shown(storage) == {"1.0": KEPT}


@pytest.mark.parametrize(
    "words",
    ["", "nonsense", "sha256:00", "sha256:" + "0" * 64],
    ids=["none", "text", "cut", "unknown"],
)
async def test_a_list_that_somebody_made_up_removes_nothing_else(words: str):
    grown = two_indexes()
    del grown.tags["pr-1"]
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        place = Repository.parse(f"{registry.host}/{NAME}")
        async with RegistryClient() as client:
            await mark.write_mark(client.repository(place), [KEPT, SHARED], NOW)
            made = await client.repository(place).get_manifest(mark.TAG)
            raw = made.raw.replace(f"{KEPT} {SHARED}".encode(), f"{KEPT} {words}".encode())
            assert annotation.CREATED.encode() in raw
            forged = StoredManifest(media_type=mediatype.OCI_MANIFEST, raw=raw)
            storage.put_manifest(NAME, Digest.of(raw), forged)
            storage.put_tag(NAME, mark.TAG, Digest.of(raw))
        await prune(registry, PLAIN)
    assert standing(storage, grown) == set(grown.nodes)
    assert shown(storage) == {"1.0": KEPT}
