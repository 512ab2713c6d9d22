"""Moving what was decided: one transaction for all images, each tag to the root meant for it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polyarch.content.store import Fetcher
from polyarch.errors import PolyarchError, shorten
from polyarch.events import DestinationFailed
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.held import Held
from polyarch.pipeline.moving.act import Terms, act
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.known_bytes import Known, known_below
from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.moving.wanted import Move, Root, Wanted
from polyarch.transaction.hold import Hold
from polyarch.transaction.values import (
    Guard,
    Labels,
    OnRegistryFailure,
    Outcome,
    Status,
    Submission,
    TagOutcome,
    TagStatus,
    Target,
    Verdict,
    let_all_move,
)

_SHOWN = 60
"""Characters of a version, which a registry says."""

OVERTAKEN = "somebody has moved it just now; look at it, and run this again if it is still wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The moves of one image to one root, and who may hold its bytes, the likeliest first."""

    moves: tuple[Move, ...]
    held_by: tuple[Repository, ...]
    known: Known

    @property
    def root(self) -> Root:
        """What the tags are to show."""
        return self.moves[0].root


def carry_out(wanted: Sequence[Wanted], terms: Terms, desk: Desk) -> tuple[MovedImage, ...]:
    """Move all tags, or with `abort` none where one cannot be; one image for each that was wanted.

    Raises:
        ContentError, SpecError: bytes of an image are not what they should be; nothing was moved.
        StorageError: the journal cannot be written; no tag has moved.
    """
    batches = desk.runner.run(_all_batches(wanted, desk))
    wanted = [_blocked(each, mine) for each, mine in zip(wanted, batches, strict=True)]
    for each in wanted:
        for repository, error in each.blocked.items():
            told = DestinationFailed(repository=str(repository), reason=error.message)
            desk.world.listen(told)
    stopped = terms.on_failure is OnRegistryFailure.ABORT and any(each.blocked for each in wanted)
    submitted = [
        [] if stopped else _submissions(each, mine, terms, desk)
        for each, mine in zip(wanted, batches, strict=True)
    ]
    flat = [submission for each in submitted for submission in each]
    outcomes: Iterator[Outcome] = iter(())
    if flat:
        run, listen = desk.run, desk.world.listen
        done = act(flat, terms, run=run, runner=desk.runner, client=desk.client, listen=listen)
        outcomes = iter(done)
    return tuple(
        _told(each, [next(outcomes) for s in mine for _ in s.targets], dry_run=terms.dry_run)
        for each, mine in zip(wanted, submitted, strict=True)
    )


async def _all_batches(wanted: Sequence[Wanted], desk: Desk) -> list[list[_Batch]]:
    return await asyncio.gather(*(_batches(each, desk) for each in wanted))


async def _batches(wanted: Wanted, desk: Desk) -> list[_Batch]:
    """Its moves by what they lead to; manifests that were read before are not asked for again."""
    by_root: dict[Digest, list[Move]] = {}
    for move in wanted.moves:
        by_root.setdefault(move.root.descriptor.digest, []).append(move)

    async def one(moves: Sequence[Move]) -> _Batch:
        held_by = tuple(dict.fromkeys([*(move.repository for move in moves), *wanted.sources]))
        remotes = [desk.client.repository(each) for each in held_by]
        known = await known_below(moves[0].root, remotes)
        return _Batch(moves=tuple(moves), held_by=held_by, known=known)

    return await asyncio.gather(*(one(moves) for moves in by_root.values()))


def _blocked(wanted: Wanted, batches: Sequence[_Batch]) -> Wanted:
    """The same without the places that would show what cannot be had."""
    blocked = dict(wanted.blocked)
    for batch in batches:
        for move in batch.moves if batch.known.lost else ():
            if batch.known.lost:
                blocked.setdefault(move.repository, batch.known.lost)
    moves = tuple(move for move in wanted.moves if move.repository not in blocked)
    return replace(wanted, blocked=blocked, moves=moves)


def _submissions(
    wanted: Wanted, batches: Sequence[_Batch], terms: Terms, desk: Desk
) -> list[Submission]:
    """One for each root, with the places where tags are to show it."""
    made = []
    for batch in batches:
        moves = [move for move in batch.moves if move.repository not in wanted.blocked]
        stores: list[Fetcher] = [desk.registries.store(each) for each in batch.held_by]
        if moves:
            made.append(
                Submission(
                    name=wanted.name,
                    root=batch.root,
                    source=Held([batch.known.store, *stores]),
                    targets=tuple(_targets(moves, wanted, terms)),
                    mount_from=batch.held_by,
                )
            )
    return made


def _targets(moves: Sequence[Move], wanted: Wanted, terms: Terms) -> Iterator[Target]:
    by_place: dict[Repository, list[Move]] = {}
    for move in moves:
        by_place.setdefault(move.repository, []).append(move)
    for repository, here in by_place.items():
        tags = tuple(dict.fromkeys(move.tag for move in here))
        yield Target(
            repository=repository,
            tags=tags,
            moving=frozenset(tags) & {"latest"},
            guard=let_all_move if wanted.free else _as_seen(here),
            fewer=terms.fewer,
            new_holds=tuple(dict.fromkeys(hold for move in here for hold in move.holds)),
        )


def _as_seen(moves: Sequence[Move]) -> Guard:
    """Lets a tag move only from what was seen there: what came since was nobody's to judge."""
    seen = {move.tag: move.seen for move in moves}

    def guard(
        tag: str,
        standing: ImageIndex | ImageManifest | None,
        _labels: Labels,
        _holds: Sequence[Hold],
    ) -> Verdict:
        shown = standing.descriptor.digest if standing else None
        if shown == seen[tag]:
            return Verdict(may="move")
        return Verdict(may="keep", reason=OVERTAKEN)

    return guard


def _told(wanted: Wanted, outcomes: Sequence[Outcome], *, dry_run: bool) -> MovedImage:
    places = tuple(dict.fromkeys([*wanted.places, *(move.repository for move in wanted.moves)]))
    digests = {move.root.descriptor.digest for move in wanted.moves}
    root = wanted.moves[0].root if len(digests) == 1 else None
    notes = (*wanted.notes, *(_would(wanted) if dry_run else ()))
    return MovedImage(
        name=wanted.name,
        source=wanted.source,
        digest=root.descriptor.digest if root else None,
        platforms=root.images if isinstance(root, ImageIndex) else (),
        outcomes=tuple(each for place in places for each in _at(wanted, place, outcomes)),
        notes=notes,
    )


def _at(wanted: Wanted, place: Repository, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """What became of one repository: one outcome for each image that its tags show."""
    found = [each for each in outcomes if each.repository == place]
    stays = wanted.stays.get(place, ())
    if error := wanted.blocked.get(place):
        yield _by_hand(wanted, place, Status.FAILED, stays, error)
    elif found:
        yield replace(found[0], tags=(*found[0].tags, *stays))
        yield from found[1:]
    elif outcomes or not wanted.moves:
        yield _by_hand(wanted, place, Status.UNCHANGED, stays)
    else:
        yield _by_hand(wanted, place, Status.SKIPPED, stays)


def _by_hand(
    wanted: Wanted,
    place: Repository,
    status: Status,
    tags: tuple[TagOutcome, ...],
    error: PolyarchError | None = None,
) -> Outcome:
    digest = next((tag.digest for tag in tags if tag.digest), None)
    return Outcome(
        image=wanted.name,
        repository=place,
        status=status,
        digest=digest,
        tags=tags,
        error=error,
    )


def _would(wanted: Wanted) -> Iterator[str]:
    """What a run would move that moves nothing."""
    for move in wanted.moves:
        to = move.root.descriptor.digest
        if move.seen == to:
            if move.holds:
                back = " and ".join(dict.fromkeys(_back(hold) for hold in move.holds))
                yield f"{move.repository}:{move.tag} would stay, and be held back from {back}"
            continue
        before = f"{move.seen.algorithm}:{move.seen.short}" if move.seen else "nothing"
        now = "" if wanted.free else f" from {before}"
        yield f"{move.repository}:{move.tag} would move{now} to {to.algorithm}:{to.short}"


def _back(hold: Hold) -> str:
    return shorten(hold.version, _SHOWN) or hold.digest.short


def kept(tag: str, digest: Digest | None, reason: str) -> TagOutcome:
    """A tag that is left as it is."""
    return TagOutcome(tag=tag, digest=digest, status=TagStatus.KEPT, reason=reason)
