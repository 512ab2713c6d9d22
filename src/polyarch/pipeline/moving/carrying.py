"""Moving what was decided: one transaction for all images, each tag to the root meant for it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from polyarch.content.store import Fetcher
from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.held import Held
from polyarch.pipeline.moving.act import Terms, act
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.known_bytes import known_below
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

OVERTAKEN = "somebody has moved it just now; look at it, and run this again if it is still wanted"

_ORDER = (
    Status.LEFT,
    Status.FAILED,
    Status.ROLLED_BACK,
    Status.SKIPPED,
    Status.PUBLISHED,
    Status.UNCHANGED,
)
"""Of several outcomes in one repository the first one found here says how it is there."""


def carry_out(wanted: Sequence[Wanted], terms: Terms, desk: Desk) -> tuple[MovedImage, ...]:
    """Move all tags, or with `abort` none where one cannot be; one image for each that was wanted.

    Raises:
        ContentError, SpecError: an image is not whole anywhere; nothing was moved.
        StorageError: the journal cannot be written; no tag has moved.
    """
    for each in wanted:
        for repository, error in each.blocked.items():
            told = DestinationFailed(repository=str(repository), reason=error.message)
            desk.world.listen(told)
    stopped = terms.on_failure is OnRegistryFailure.ABORT and any(each.blocked for each in wanted)
    submitted = [] if stopped else [_submissions(each, terms, desk) for each in wanted]
    flat = [submission for each in submitted for submission in each]
    outcomes = iter(act(flat, terms, run=desk.run, runner=desk.runner, client=desk.client,
                        listen=desk.world.listen) if flat else ())  # fmt: skip
    done: list[MovedImage] = []
    for number, each in enumerate(wanted):
        mine = submitted[number] if submitted else ()
        found = [next(outcomes) for submission in mine for _ in submission.targets]
        done.append(_told(each, found, dry_run=terms.dry_run))
    return tuple(done)


def _submissions(wanted: Wanted, terms: Terms, desk: Desk) -> tuple[Submission, ...]:
    """One for each root, with the places where tags are to show it."""
    by_root: dict[Digest, list[Move]] = {}
    for move in wanted.moves:
        by_root.setdefault(move.root.descriptor.digest, []).append(move)
    made = []
    for moves in by_root.values():
        root = moves[0].root
        held_by = tuple(dict.fromkeys([*(move.repository for move in moves), *wanted.sources]))
        made.append(
            Submission(
                name=wanted.name,
                root=root,
                source=_source(root, held_by, desk),
                targets=tuple(_targets(moves, wanted, terms)),
                mount_from=held_by,
            )
        )
    return tuple(made)


def _source(root: Root, held_by: Sequence[Repository], desk: Desk) -> Fetcher:
    """Where its bytes are; manifests that were read before are not asked for again."""
    remotes = [desk.client.repository(each) for each in held_by]
    known = desk.runner.run(known_below(root, remotes))
    return Held([known, *(desk.registries.store(each) for each in held_by)])


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
            continue
        before = f"{move.seen.algorithm}:{move.seen.short}" if move.seen else "nothing"
        now = "" if wanted.free else f" from {before}"
        yield f"{move.repository}:{move.tag} would move{now} to {to.algorithm}:{to.short}"


def kept(tag: str, digest: Digest | None, reason: str) -> TagOutcome:
    """A tag that is left as it is."""
    return TagOutcome(tag=tag, digest=digest, status=TagStatus.KEPT, reason=reason)
