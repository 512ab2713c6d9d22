"""Tags that a run was to move and did not, or not everywhere: its undoing holds them as well."""

import asyncio
from collections.abc import Collection, Iterator, Sequence

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.asking import Root, Shown
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.holding import holds_for
from polyarch.pipeline.moving.labelled import labelled
from polyarch.pipeline.moving.newer import Other
from polyarch.pipeline.moving.undone import Change
from polyarch.pipeline.moving.wanted import Move

Place = tuple[Repository, str]
"""A tag of a repository."""


async def others_given(
    changes: Sequence[Change], left: Collection[Place], shown: Shown, desk: Desk
) -> tuple[Other, ...]:
    """What the run gave to the tags of one image, as far as that can still be read."""
    tags: dict[Digest, set[str]] = {}
    for each in changes:
        if each.after:
            tags.setdefault(each.after, set()).add(each.tag)
    waiting = frozenset(tag for _, tag in left)

    async def one(digest: Digest) -> Other | None:
        place, root = await _root(digest, changes, shown, desk)
        if root is None:
            return None
        current = await labelled(desk.client.repository(place), root)
        taken = frozenset(tags[digest])
        return Other(shown=current, root=root, tags=taken | waiting, taken=taken)

    found = await asyncio.gather(*(one(digest) for digest in tags))
    return tuple(each for each in found if each)


async def _root(
    digest: Digest, changes: Sequence[Change], shown: Shown, desk: Desk
) -> tuple[Repository, Root | None]:
    places = list(dict.fromkeys(each.repository for each in changes if each.after == digest))
    for (place, _), found in shown.items():
        if isinstance(found, Root) and found.descriptor.digest == digest:
            return place, found
    for place in places:
        try:
            root = await desk.client.repository(place).standing_manifest(digest)
        except PolyarchError:
            continue
        if root:
            return place, root
    return places[0], None


async def moves_elsewhere(
    left: Collection[Place], others: Sequence[Other], shown: Shown, desk: Desk
) -> tuple[tuple[Move, ...], tuple[str, ...]]:
    """Moves that only hold tags where they stand, and what people are told of other tags.

    None for a tag that shows nothing older than what the run gave to others.
    """
    moves: list[Move] = []
    silent: dict[Repository, None] = {}
    for place, tag in left:
        standing = shown.get((place, tag))
        if isinstance(standing, PolyarchError):
            silent[place] = None
        if not isinstance(standing, Root):
            continue
        try:
            holds = await holds_for(
                desk.client.repository(place), tag, standing, standing, desk, others=others
            )
        except PolyarchError:
            silent[place] = None
            continue
        if holds:
            seen = standing.descriptor.digest
            moves.append(Move(repository=place, tag=tag, root=standing, seen=seen, holds=holds))
    return tuple(moves), tuple(_told(silent))


def _told(silent: Collection[Repository]) -> Iterator[str]:
    for place in silent:
        yield (
            f"{place} does not say what its tags show, and so nothing is held back there: run this"
            " again when it does"
        )
