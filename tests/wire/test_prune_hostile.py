"""Pruning where somebody who may push, and may not delete, writes whatever tags and lists."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.facts import subject_of_tag
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.hold import Hold
from polyarch.transaction.marker import marker
from tests.support.grown import (
    FADING,
    NOW,
    Grown,
    Node,
    grown_repositories,
    shown,
    standing,
)
from tests.wire.test_pruning import KINDS, prune

ABSENT = tuple(Digest.of(bytes([number])) for number in range(3))
ENDS = ("", ".sig", ".att", ".sbom")


def kept_as(grown: Grown, made: ImageManifest) -> Node:
    about = made.subject.digest if made.subject else None
    return grown.add(Node(made.raw, mediatype.OCI_MANIFEST, subject=about))


@st.composite
def hostile_repositories(draw: st.DrawFn) -> Grown:
    """What has grown, with holds, and then whatever a push can write over it."""
    grown = draw(grown_repositories(by_tags=False))
    for number in range(draw(st.integers(0, 2))):
        subject, back = (draw(st.sampled_from(list(grown.nodes))) for _ in range(2))
        hold = Hold(tag=f"held-{number}", digest=back, time=NOW - timedelta(days=9))
        node = grown.nodes[subject]
        about = Descriptor(media_type=node.media_type, digest=subject, size=len(node.raw))
        kept_as(grown, hold.to_manifest(about))
        grown.tags[f"held-{number}"] = subject
    digests = st.sampled_from([*grown.nodes, *ABSENT])
    for _ in range(draw(st.integers(0, 2))):
        words = " ".join(str(each) for each in draw(st.lists(digests, max_size=6)))
        made = marker({"dev.polyarch.prune.digests": words}, artifact_type=mark.ARTIFACT)
        node = kept_as(grown, made)
        if draw(st.booleans()):
            grown.tags[draw(st.sampled_from(["2.0", "pr-4", "mine"]))] = node.digest
        if draw(st.booleans()):
            grown.tags["listing"] = grown.index(700, [node]).digest
    nodes = st.sampled_from(list(grown.nodes))
    abouts = st.builds(
        lambda each, end: f"sha256-{each.encoded}{end}", digests, st.sampled_from(ENDS)
    )
    names = st.sampled_from(["polyarch-prune", "polyarch-lock", "polyarch-txn", "polyarch-prune"])
    for tag in draw(st.lists(st.one_of(names, abouts), max_size=6)):
        grown.tags[tag] = draw(nodes)
    return grown


def needed(grown: Grown, roots: Iterable[Digest]) -> set[Digest]:
    """All that these need, what they hold back among it."""
    found = grown.needed(roots)
    while more := _held_back(grown, found) - found:
        found = grown.needed([*found, *more])
    return found


def _held_back(grown: Grown, found: Collection[Digest]) -> set[Digest]:
    holds = (
        Hold.read(ImageManifest.parse(node.raw, node.media_type))
        for digest, node in grown.nodes.items()
        if digest in found and node.media_type == mediatype.OCI_MANIFEST
    )
    return {hold.digest for hold in holds if hold and hold.digest in grown.nodes}


def lists_of(grown: Grown) -> set[Digest]:
    """Genuine lists, by no code of pruning: whoever wrote them."""
    return {digest for digest, node in grown.nodes.items() if mark.ARTIFACT.encode() in node.raw}


def is_own_list(grown: Grown) -> bool:
    """Whether the list's tag shows one that nothing else shows or needs."""
    shows = grown.tags.get(mark.TAG)
    others = [digest for tag, digest in grown.tags.items() if tag != mark.TAG]
    return shows in lists_of(grown) and shows not in grown.needed(others)


def named_by(grown: Grown) -> set[Digest]:
    """What the list under its tag names."""
    if not is_own_list(grown):
        return set()
    raw = grown.nodes[grown.tags[mark.TAG]].raw.decode()
    return {each for each in (*grown.nodes, *ABSENT) if str(each) in raw}


def lasting_tags(grown: Grown) -> set[str]:
    """Tags of people, and those about something that nobody knows to have stood here."""
    named = named_by(grown)
    found = set()
    for tag, digest in grown.tags.items():
        subject = subject_of_tag(tag)
        if subject:
            if subject not in grown.nodes and not {subject, digest} <= named:
                found.add(tag)
        elif tag not in FADING and tag != "pr-4" and not (tag == mark.TAG and is_own_list(grown)):
            found.add(tag)
    return found


def check(kind: str, grown: Grown) -> None:
    quirks, profile = KINDS[kind]
    if not quirks.referrers:
        grown.list_by_tags()  # or nobody would ever find them

    async def scene() -> None:
        storage = grown.stored()
        async with SandboxRegistry(storage=storage, quirks=quirks) as registry:
            done = await prune(registry, profile)
            after = shown(storage)
            if done.error:
                assert not done.removed
                assert after == grown.tags
                assert standing(storage, grown) == set(grown.nodes)
                return
            lasting = lasting_tags(grown)
            assert {tag: grown.tags[tag] for tag in lasting} == {
                tag: after.get(tag) for tag in lasting
            }
            stays = needed(grown, (grown.tags[tag] for tag in lasting))
            assert stays <= standing(storage, grown)
            for tag in grown.tags.keys() - after.keys():
                assert subject_of_tag(tag) not in stays
            again = await prune(registry, profile)
            assert not again.removed

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(grown=hostile_repositories())
def test_who_may_only_push_deletes_nothing_that_anybody_needs(kind: str, grown: Grown):
    check(kind, grown)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300)
@given(grown=hostile_repositories())
def test_who_may_only_push_deletes_nothing_at_all_that_anybody_needs(kind: str, grown: Grown):
    check(kind, grown)
