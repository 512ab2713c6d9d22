"""What stands in an image's registries and is newer than what its tags are put back to.

A tag that shows the good version already is held back from the bad one as well: that may stand in
another registry, or under another tag, and be published again.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from polyarch.errors import PolyarchError
from polyarch.metadata.precedence import compare_versions
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import ask_tags
from polyarch.pipeline.moving.asking import Found, Root
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.labelled import labelled
from polyarch.pipeline.plan import Current

_MOST = 1000
"""Newer versions of which it is found out what moves with them; a registry may list any number."""

Goes = Callable[[str], Collection[str]]
"""The tags that go along with a version, of those that are put back; none for what is no version.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Something else that stands in a registry; `tags` are those that publishing it would move.

    `taken` are those that show it now and are put back to something else.
    """

    shown: Current
    root: Root
    tags: frozenset[str]
    taken: frozenset[str] = frozenset()

    def of(self, platform: Platform | None) -> Digest | None:
        """The digest of all, or of the image for one platform, if it has that."""
        if platform is None or not isinstance(self.root, ImageIndex):
            return self.root.descriptor.digest
        found = (each.digest for each in self.root.images if each.platform == platform)
        return next(found, None)


def newest_of(tag: str, root: Current, others: Iterable[Other]) -> Other | None:
    """The newest that is newer than the root, and that would move this tag.

    What is taken away from the tag elsewhere is kept from it here also where nobody can tell which
    of both is newer.
    """
    best: Other | None = None
    mine = [each for each in others if tag in each.tags]
    for each in mine:
        order = newness(each.shown, root)
        newer = tag in each.taken if order is None else order > 0
        if newer and (best is None or _after(each, best)):
            best = each
    for each in mine:  # not every one can be compared with the root
        if best and _after(each, best):
            best = each
    return best


def newness(one: Current, other: Current) -> int | None:
    """Above zero when `one` is newer, by version, else by time of commit; None: unknown."""
    if one.version and other.version:
        order = compare_versions(one.version, other.version)
        if order is not None:
            return order
    if one.digest == other.digest or (one.revision and one.revision == other.revision):
        return 0
    if one.created is None or other.created is None:
        return None
    return (one.created > other.created) - (one.created < other.created)


def _after(one: Other, other: Other) -> bool:
    return (newness(one.shown, other.shown) or 0) > 0


async def others_shown(
    shown: Mapping[tuple[Repository, str], Found],
    goals: Mapping[tuple[Repository, str], Digest | None],
    goes: Goes,
    desk: Desk,
) -> tuple[Other, ...]:
    """What tags show that are put back; `goals` are the digests that they are put back to."""
    roots: dict[Digest, tuple[Repository, Root]] = {}
    taken: dict[Digest, set[str]] = {}
    for key, goal in goals.items():
        found = shown.get(key)
        if isinstance(found, Root) and goal and found.descriptor.digest != goal:
            roots.setdefault(found.descriptor.digest, (key[0], found))
            taken.setdefault(found.descriptor.digest, set()).add(key[1])
    currents = await asyncio.gather(
        *(labelled(desk.client.repository(place), root) for place, root in roots.values())
    )
    return tuple(
        Other(
            shown=current,
            root=root,
            tags=frozenset({*taken[digest], *goes(current.version or "")}),
            taken=frozenset(taken[digest]),
        )
        for (digest, (_, root)), current in zip(roots.items(), currents, strict=True)
    )


async def others_listed(
    places: Sequence[Repository], version: str, tags: Collection[str], goes: Goes, desk: Desk
) -> tuple[Other, ...]:
    """For each tag the newest version that would move it, of those that registries list.

    A registry that lists nothing adds nothing.
    """
    listed = await asyncio.gather(*(_listed(place, desk) for place in places))
    where = {tag: place for place, each in zip(places, listed, strict=True) for tag in each}
    newer = [tag for tag in where if _order(tag, version) > 0]
    newer.sort(key=cmp_to_key(_order), reverse=True)
    waiting, wanted = set(tags), dict[str, frozenset[str]]()
    for name in newer[:_MOST]:
        if not waiting:
            break
        if moved := frozenset(goes(name)) & waiting:
            wanted[name] = moved
            waiting -= moved
    asked = {where[name].tag(name): moved for name, moved in wanted.items()}
    answers = await ask_tags(desk.client, asked)
    found = []
    for reference, moved in asked.items():
        root = answers[reference].manifest
        if root:
            remote = desk.client.repository(reference.repository)
            current = await labelled(remote, root, version=reference.tag)
            found.append(Other(shown=current, root=root, tags=moved))
    return tuple(found)


def _order(one: str, other: str) -> int:
    return compare_versions(one, other) or 0


async def _listed(place: Repository, desk: Desk) -> tuple[str, ...]:
    try:
        return tuple(await desk.client.repository(place).tags())
    except PolyarchError:
        return ()
