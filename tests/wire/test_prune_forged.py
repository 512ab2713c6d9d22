"""Pruning where somebody who may push has written what looks like polyarch's own."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from polyarch.errors import ListTagTakenError
from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.values import Fate, RepositoryPrune
from polyarch.registry.profile import Profile
from polyarch.registry.profiles import profile_of
from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Call
from polyarch.transaction.marker import marker
from tests.support.grown import (
    ABOUT_KEPT,
    KEPT,
    NAME,
    OTHER,
    OWN,
    SHARED,
    Grown,
    Node,
    shown,
    standing,
    two_indexes,
)
from tests.wire.test_pruning import PLAIN, TAGS_ALONE, prune

KINDS: Mapping[str, tuple[Quirks, Profile]] = {
    "plain": (Quirks(), PLAIN),
    "tags alone": (Quirks(), TAGS_ALONE),
    "last tag takes all": (Quirks(last_tag_takes_all=True), TAGS_ALONE),
    "ghcr": (GHCR, profile_of("ghcr.io")),
    "like distribution": (Quirks(tag_delete=False), PLAIN),
}
EVERY = pytest.mark.parametrize(("quirks", "profile"), KINDS.values(), ids=KINDS)
FOREIGN = Digest.of(b"an image of another repository")


def forged(grown: Grown, *named: Digest) -> Node:
    """A list as a prune would write it, whoever did."""
    words = " ".join(map(str, named))
    made = marker({"dev.polyarch.prune.digests": words}, artifact_type=mark.ARTIFACT)
    return grown.add(Node(made.raw, mediatype.OCI_MANIFEST))


def listed(grown: Grown, quirks: Quirks) -> Grown:
    if not quirks.referrers:
        grown.list_by_tags()
    return grown


def row_of(done: RepositoryPrune, tag: str) -> tuple[Fate, str]:
    return next((row.fate, row.reason) for row in done.tags if row.tag == tag)


@EVERY
async def test_an_image_under_the_tag_of_the_list_is_no_list(quirks: Quirks, profile: Profile):
    grown = listed(two_indexes(), quirks)
    grown.tags |= {mark.TAG: KEPT, "latest": KEPT}
    storage = grown.stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        seen = await prune(registry, profile, apply=False)
        done = await prune(registry, profile)
        assert {each.method for each in registry.requests} <= {"GET", "HEAD"}
    assert isinstance(done.error, ListTagTakenError)
    assert isinstance(seen.error, ListTagTakenError)
    assert row_of(done, mark.TAG)[0] is Fate.STAYS
    assert not seen.going
    assert not done.going
    assert shown(storage) == grown.tags
    assert standing(storage, grown) == set(grown.nodes)


@EVERY
async def test_an_image_under_that_tag_stays_where_nothing_goes(quirks: Quirks, profile: Profile):
    grown = two_indexes()
    del grown.tags["pr-1"]
    grown.tags[mark.TAG] = KEPT
    storage = listed(grown, quirks).stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    assert done.error is None
    assert row_of(done, mark.TAG)[0] is Fate.STAYS
    assert shown(storage) == grown.tags
    assert standing(storage, grown) == set(grown.nodes)


@EVERY
@pytest.mark.parametrize("how", ["tag", "index", "artifact"])
async def test_a_list_that_something_else_needs_stays(quirks: Quirks, profile: Profile, how: str):
    grown = two_indexes()
    del grown.tags["pr-1"]
    made = forged(grown, KEPT, SHARED)
    grown.tags[mark.TAG] = made.digest
    if how == "tag":
        grown.tags["mine"] = made.digest
    elif how == "index":
        grown.tags["mine"] = grown.index(50, [made]).digest
    else:
        grown.image(51, made)
    storage = listed(grown, quirks).stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    assert done.error is None
    assert shown(storage) == grown.tags
    assert standing(storage, grown) == set(grown.nodes)


@EVERY
@pytest.mark.parametrize("when", ["before it is written", "after"])
async def test_whoever_moves_the_tag_meanwhile_loses_nothing(
    quirks: Quirks, profile: Profile, when: str
):
    grown = listed(two_indexes(), quirks)
    storage = grown.stored()

    async def somebody(call: Call) -> None:
        is_written = mark.TAG in shown(storage)
        if call.method == "DELETE" and is_written is (when == "after"):
            storage.put_tag(NAME, mark.TAG, KEPT)

    busy = replace(quirks, on_request=somebody)
    async with SandboxRegistry(storage=storage, quirks=busy) as registry:
        done = await prune(registry, profile)
    after = shown(storage)
    assert after[mark.TAG] == after["1.0"] == KEPT
    assert {SHARED, OTHER, KEPT, ABOUT_KEPT} <= standing(storage, grown)
    if when == "after":
        assert done.error is None
        assert "pr-1" not in after
    else:
        assert isinstance(done.error, ListTagTakenError)
        assert after["pr-1"] == grown.tags["pr-1"]
        assert standing(storage, grown) == set(grown.nodes)


@EVERY
async def test_a_forged_list_goes_and_takes_nothing_that_a_tag_needs(
    quirks: Quirks, profile: Profile
):
    grown = two_indexes()
    made = forged(grown, KEPT, SHARED, OTHER, ABOUT_KEPT, grown.tags["1.0"])
    grown.tags[mark.TAG] = made.digest
    storage = listed(grown, quirks).stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    assert done.error is None
    after = shown(storage)
    assert {tag for tag in after if not tag.startswith("sha256-")} == {"1.0"}
    assert {SHARED, OTHER, KEPT, ABOUT_KEPT} <= standing(storage, grown)
    assert made.digest not in standing(storage, grown)


@EVERY
@pytest.mark.parametrize("tag", ["polyarch-lock", "polyarch-txn"])
async def test_other_tags_of_polyarch_keep_what_they_show(
    quirks: Quirks, profile: Profile, tag: str
):
    grown = listed(two_indexes(), quirks)
    grown.tags[tag] = grown.tags["pr-1"]
    storage = grown.stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    assert row_of(done, tag)[0] is Fate.STAYS
    assert standing(storage, grown) == set(grown.nodes)


def cosign(number: int) -> Node:
    """A signature as cosign stores it: an image's config, and a layer that is none."""
    value = {
        "schemaVersion": 2,
        "mediaType": mediatype.OCI_MANIFEST,
        "config": {"mediaType": mediatype.OCI_CONFIG, "digest": str(Digest.of(b"{}")), "size": 2},
        "layers": [
            {
                "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                "digest": str(Digest.of(str(number).encode())),
                "size": 200,
            }
        ],
    }
    return Node(json.dumps(value).encode(), mediatype.OCI_MANIFEST)


ENDS = (".sig", ".att", ".sbom", "")


def with_foreign(subject: Digest = FOREIGN) -> Grown:
    """Signatures and a list of referrers about an image that does not stand here."""
    grown = two_indexes()
    for number, end in enumerate(ENDS):
        made = grown.add(cosign(number))
        if not end:
            made = grown.index(60, [made])
        grown.tags[f"sha256-{subject.encoded}{end}"] = made.digest
    return grown


@EVERY
async def test_what_is_about_images_of_other_repositories_stays(quirks: Quirks, profile: Profile):
    grown = listed(with_foreign(), quirks)
    storage = grown.stored()
    tags = {f"sha256-{FOREIGN.encoded}{end}" for end in ENDS}
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        seen = await prune(registry, profile, apply=False)
        done = await prune(registry, profile)
    for tag in tags:
        assert row_of(seen, tag) == row_of(done, tag)
        told = f"it is about sha256:{FOREIGN.short}, which is in no place that is known"
        assert row_of(done, tag) == (Fate.STAYS, told)
    assert "pr-1" not in shown(storage)
    assert tags <= shown(storage).keys()
    assert grown.below(grown.tags[tag] for tag in tags) <= standing(storage, grown)
    assert seen.lonely == tuple(row for row in seen.tags if row.tag in tags)


@EVERY
async def test_what_is_about_an_image_that_a_record_knows_goes_with_it(
    quirks: Quirks, profile: Profile
):
    grown = listed(with_foreign(), quirks)
    storage = grown.stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile, seen=[FOREIGN])
    assert done.error is None
    assert not any(FOREIGN.encoded in tag for tag in shown(storage))
    kinds = {row.digest: row.what for row in done.manifests}
    assert kinds[cosign(0).digest] == "artifact"
    assert kinds[OWN] == "image"


@pytest.mark.parametrize("moved", [False, True])
async def test_what_a_killed_prune_left_goes_unless_somebody_wrote_it_since(moved: bool):
    grown = with_foreign()
    del grown.tags["pr-1"]
    tags = {tag: digest for tag, digest in grown.tags.items() if tag.startswith("sha256-")}
    made = forged(grown, FOREIGN, *([] if moved else tags.values()))
    grown.tags[mark.TAG] = made.digest
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, PLAIN)
    assert done.error is None
    left = dict.fromkeys(("1.0",), KEPT) | (tags if moved else {})
    assert shown(storage) == left


@EVERY
@pytest.mark.parametrize("how", ["artifact", "tag"])
async def test_an_index_that_only_something_about_it_leads_to_stays_whole(
    quirks: Quirks, profile: Profile, how: str
):
    grown = two_indexes()
    untagged = grown.index(70, [grown.nodes[OWN]])
    if how == "artifact":
        grown.tags["mine"] = grown.image(71, untagged).digest
    else:
        grown.tags[f"sha256-{untagged.digest.encoded}.sig"] = grown.add(cosign(1)).digest
    storage = listed(grown, quirks).stored()
    async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
        done = await prune(registry, profile)
    assert done.error is None
    assert "pr-1" not in shown(storage)
    assert {untagged.digest, OWN} <= standing(storage, grown)


async def test_tags_about_images_can_be_named_to_stay():
    grown = two_indexes()
    tag = f"sha256-{grown.tags['pr-1'].encoded}.sig"
    grown.tags[tag] = grown.add(cosign(1)).digest
    storage = grown.stored()
    async with SandboxRegistry(storage=storage) as registry:
        done = await prune(registry, PLAIN, keep_tags=("*.sig",))
    assert row_of(done, tag) == (Fate.STAYS, "`keep-tags` has `*.sig`")
    assert shown(storage).keys() == {"1.0", tag}
