"""`polyarch undo`: the tags as they were before a run; what somebody has moved since stays."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyarch.config.project import Project
from polyarch.errors import OldImageGoneError, PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.act import DRY_RUN, Terms
from polyarch.pipeline.moving.asking import Found, Root, Shown, shown_by, standing_as
from polyarch.pipeline.moving.carrying import carry_out, kept
from polyarch.pipeline.moving.desk import Desk, open_desk
from polyarch.pipeline.moving.holding import holds_for
from polyarch.pipeline.moving.new_tags import NewTags, remove_all
from polyarch.pipeline.moving.newer import Other
from polyarch.pipeline.moving.result import MoveResult
from polyarch.pipeline.moving.undone import Change, UndoneRun
from polyarch.pipeline.moving.undone_elsewhere import Place, moves_elsewhere, others_given
from polyarch.pipeline.moving.wanted import Move, Wanted
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.world import World
from polyarch.transaction.values import TagOutcome, TagStatus

OTHERS = "somebody has moved it since that run"
UNKNOWN = "what it showed before is in no record"
GONE = "somebody has deleted it since that run"
FOREIGN = (
    "that record was written elsewhere, and this is no repository of the project; `--env` names"
    " those of an environment"
)

Key = tuple[Repository, Digest]

_EVERYWHERE = frozenset({"publish", "promote"})
"""Verbs that are about all repositories of an image."""


def undo_run(
    undone: UndoneRun,
    terms: Terms,
    reach: Reach,
    world: World,
    *,
    project: Project | None,
    who: str,
) -> MoveResult:
    """Give every tag that a run has moved what it showed before; one that was new goes last.

    Raises:
        ContentError, SpecError: an image is not whole anywhere; nothing was moved.
    """
    with open_desk(reach, world, who=who, why=terms.why) as desk:
        images = _images(undone, project)
        shown = shown_by(desk, (key for image in images for key in image.keys))
        roots = _roots(undone, images, desk)
        wanted = desk.runner.run(
            _together([_wanted(image, undone, shown, roots, desk) for image in images])
        )
        new = [image.new(shown) for image in images]
        moves = [move for each in wanted for move in each.moves]
        moved = remove_all(carry_out(wanted, terms, desk), new, moves, terms, desk)
        return MoveResult(
            verb="undo",
            run=desk.run.id,
            images=moved,
            reason=DRY_RUN if terms.dry_run else "",
            who=who,
            why=desk.why,
            usage=reach.usage(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    """One image's changes; `sources` are the repositories that may hold its bytes.

    `trusted` are those in which tags may go: a record that others wrote may name any. `left` are
    tags that the run was to move as well, and did not.
    """

    name: str
    changes: tuple[Change, ...]
    sources: tuple[Repository, ...]
    trusted: frozenset[Repository]
    left: tuple[Place, ...] = ()

    @property
    def keys(self) -> Iterator[Place]:
        """All tags that somebody is asked about."""
        yield from ((each.repository, each.tag) for each in self.trusted_changes)
        yield from self.left

    @property
    def trusted_changes(self) -> tuple[Change, ...]:
        """Those that may be undone; nobody is asked about the others."""
        return tuple(each for each in self.changes if each.repository in self.trusted)

    def new(self, shown: Shown) -> NewTags:
        """The tags that the run made and nobody has moved since, by repository."""
        found: dict[Repository, dict[str, Digest]] = {}
        for each in self.trusted_changes:
            after = each.after
            is_new = each.known and each.before is None
            if is_new and after and after == _digest(shown, each):
                found.setdefault(each.repository, {})[each.tag] = after
        return found


def _images(undone: UndoneRun, project: Project | None) -> list[_Image]:
    """The images that the run is about: as it says, else as the project has it."""
    settings = project.images.values() if project else ()
    owners = {place: image for image in settings for place in image.repositories}
    grouped: dict[str, list[Change]] = {}
    for change in undone.changes:
        owner = owners.get(change.repository)
        name = change.image or (owner.name if owner else str(change.repository))
        grouped.setdefault(name, []).append(change)
    made = []
    for name, changes in grouped.items():
        places = [change.repository for change in changes]
        more = [
            repository
            for place in places
            for repository in (owners[place].repositories if place in owners else ())
        ]
        trusted = frozenset(places) if undone.is_ours else frozenset(owners)
        known = trusted | frozenset(more)
        sources = tuple(each for each in dict.fromkeys([*places, *more]) if each in known)
        made.append(
            _Image(
                name=name,
                changes=tuple(changes),
                sources=sources,
                trusted=trusted,
                left=tuple(_left(undone, changes, more, known)),
            )
        )
    return made


def _left(
    undone: UndoneRun,
    changes: Sequence[Change],
    places: Sequence[Repository],
    known: Collection[Repository],
) -> Iterator[Place]:
    """Tags that the run would have moved: as its journal says, and where it did not come to."""
    changed = {(each.repository, each.tag) for each in changes}
    mine = {*places, *(place for place, _ in changed)}
    found = dict.fromkeys(key for key in undone.left if key[0] in mine)
    if undone.verb in _EVERYWHERE:
        names = dict.fromkeys(each.tag for each in changes if each.after)
        found |= dict.fromkeys((place, tag) for place in places for tag in names)
    yield from (key for key in found if key[0] in known and key not in changed)


def _roots(undone: UndoneRun, images: Sequence[_Image], desk: Desk) -> Mapping[Key, Found]:
    """What tags showed before: from their repository, else from another, else from the journal."""
    needed: dict[Key, _Image] = {
        (change.repository, change.before): image
        for image in images
        for change in image.trusted_changes
        if change.before
    }
    found: dict[Key, Found] = dict(standing_as(desk, list(needed)))
    lacking = [key for key, each in found.items() if not isinstance(each, Root)]
    others = standing_as(
        desk,
        [(place, digest) for place, digest in dict.fromkeys(
            (place, key[1]) for key in lacking for place in needed[key].sources
        ) if (place, digest) not in found],
    )  # fmt: skip
    for key in lacking:
        elsewhere = (others.get((place, key[1])) for place in needed[key].sources)
        root = next((each for each in elsewhere if isinstance(each, Root)), None)
        found[key] = root or undone.old.get(key[1]) or found[key]
    return found


async def _together(work: Sequence[Coroutine[Any, Any, Wanted]]) -> list[Wanted]:
    return await asyncio.gather(*work)


async def _wanted(
    image: _Image, undone: UndoneRun, shown: Shown, roots: Mapping[Key, Found], desk: Desk
) -> Wanted:
    moves: list[Move] = []
    blocked: dict[Repository, PolyarchError] = {}
    stays: dict[Repository, tuple[TagOutcome, ...]] = {}
    others = await others_given(image.trusted_changes, image.left, shown, desk)
    elsewhere, notes = await moves_elsewhere(image.left, others, shown, desk)
    for change in image.changes:
        place = change.repository
        if place not in image.trusted:
            stays[place] = (*stays.get(place, ()), kept(change.tag, None, FOREIGN))
            continue
        try:
            planned = await _planned(change, shown, roots, others, desk)
        except PolyarchError as error:
            blocked.setdefault(place, error)
            continue
        if isinstance(planned, Move):
            moves.append(planned)
        elif planned:
            stays[place] = (*stays.get(place, ()), planned)
    return Wanted(
        name=image.name,
        source=f"as before {undone.verb} {undone.id}",
        places=tuple(dict.fromkeys(change.repository for change in image.changes)),
        moves=tuple(move for move in (*moves, *elsewhere) if move.repository not in blocked),
        blocked=blocked,
        stays=stays,
        sources=image.sources,
        notes=notes,
    )


async def _planned(
    change: Change,
    shown: Shown,
    roots: Mapping[Key, Found],
    others: Sequence[Other],
    desk: Desk,
) -> Move | TagOutcome | None:
    """What becomes of one tag; None for one that was new and goes last.

    Raises:
        PolyarchError: its registry did not say what it shows, or what it showed is gone.
    """
    standing = shown[change.repository, change.tag]
    if isinstance(standing, PolyarchError):
        raise standing
    now = standing.descriptor.digest if standing else None
    place, tag = change.repository, change.tag
    remote = desk.client.repository(place)
    if change.known and now == change.before:
        if standing is None:
            return TagOutcome(tag=tag, digest=None, status=TagStatus.UNCHANGED)
        holds = await holds_for(remote, tag, standing, standing, desk, others=others)
        return Move(repository=place, tag=tag, root=standing, seen=now, holds=holds)
    if now != change.after:
        return kept(change.tag, now, OTHERS if now else GONE)
    if not change.known:
        return kept(change.tag, now, UNKNOWN)
    if change.before is None:
        return None
    root = roots[place, change.before]
    if isinstance(root, PolyarchError):
        raise root
    if root is None:
        raise OldImageGoneError(f"{place}:{tag}", str(change.before))
    holds = await holds_for(remote, tag, standing, root, desk) if standing else ()
    return Move(repository=place, tag=tag, root=root, seen=now, holds=holds)


def _digest(shown: Shown, change: Change) -> Digest | None:
    standing = shown[change.repository, change.tag]
    return standing.descriptor.digest if isinstance(standing, Root) else None
