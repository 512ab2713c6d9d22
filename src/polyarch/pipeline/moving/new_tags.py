"""The last step of undoing: tags that were new go, once all others show what they showed before."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from polyarch.errors import PolyarchError, TagsLeftError
from polyarch.events import DestinationFailed, TagMoved
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.act import Terms
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.removing import UNSURE, remove_new, would_remove
from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.moving.wanted import Move
from polyarch.pipeline.outcomes import STANDS
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.values import Outcome, Status, TagOutcome, TagStatus

NOT_ALL = "not all other tags could be put back, and so it stays"

NOT_HELD = "what is gone cannot be held back, and publishing that version again makes it again"

NewTags = Mapping[Repository, Mapping[str, Digest]]
"""By repository the tags that are to go, and what they show."""

Gone = Mapping[Repository, tuple[TagOutcome, ...] | PolyarchError]


def remove_all(
    images: Sequence[MovedImage],
    new: Sequence[NewTags],
    moves: Sequence[Move],
    terms: Terms,
    desk: Desk,
) -> tuple[MovedImage, ...]:
    """Take the new tags of each image away; the images with what became of these.

    Where another tag could not be put back none goes: what is half undone stays whole. `moves` are
    of the other tags.
    """
    if not any(new):
        return tuple(images)
    outcomes = [outcome for image in images for outcome in image.outcomes]
    if terms.dry_run:
        if any(outcome.error for outcome in outcomes):
            found = _left(new, TagStatus.KEPT)
        else:
            found = desk.runner.run(_looked(new, moves, desk))
        return tuple(
            replace(image, notes=(*image.notes, *_would(each, found), *_again(each, found)))
            for image, each in zip(images, new, strict=True)
        )
    if all(outcome.status in STANDS for outcome in outcomes):
        gone = desk.runner.run(_remove(new, desk))
    else:
        moved = any(outcome.status is Status.PUBLISHED for outcome in outcomes)
        gone = _left(new, TagStatus.LEFT if moved else TagStatus.KEPT)
    return tuple(
        replace(
            image,
            outcomes=tuple(_with(image, each, gone)),
            notes=(*image.notes, *_again(each, gone)),
        )
        for image, each in zip(images, new, strict=True)
    )


async def _looked(new: Sequence[NewTags], moves: Sequence[Move], desk: Desk) -> Gone:
    """What would become of them once the others have moved."""
    wanted = {repository: tags for each in new for repository, tags in each.items()}

    async def one(
        repository: Repository, tags: Mapping[str, Digest]
    ) -> tuple[TagOutcome, ...] | PolyarchError:
        after = {move.tag: move.root for move in moves if move.repository == repository}
        try:
            return await would_remove(desk.client.repository(repository), tags, after)
        except PolyarchError as error:
            return error

    found = await asyncio.gather(*(one(*each) for each in wanted.items()))
    return dict(zip(wanted, found, strict=True))


def _would(new: NewTags, found: Gone) -> Iterator[str]:
    for repository in new:
        became = found[repository]
        if isinstance(became, PolyarchError):
            yield f"what would become of new tags in {repository} is not known: {became.message}"
            continue
        for tag in became:
            if tag.status is TagStatus.REMOVED:
                told = f", {UNSURE}" if tag.reason == UNSURE else ""
                yield f"{repository}:{tag.tag} would be removed{told}: it was new"
            else:
                yield f"{repository}:{tag.tag} was new, and would stay: {tag.reason}"


def _again(new: NewTags, gone: Gone) -> Iterator[str]:
    """A tag that is gone has nowhere to be held."""
    found = (gone[repository] for repository in new)
    became = [tag for each in found if not isinstance(each, PolyarchError) for tag in each]
    going = dict.fromkeys(tag.tag for tag in became if tag.status is TagStatus.REMOVED)
    if going:
        names = ", ".join(f"`{tag}`" for tag in going)
        yield f"{names}: {NOT_HELD}"


def _left(new: Sequence[NewTags], status: TagStatus) -> Gone:
    return {
        repository: tuple(
            TagOutcome(tag=tag, digest=digest, status=status, reason=NOT_ALL)
            for tag, digest in tags.items()
        )
        for each in new
        for repository, tags in each.items()
    }


async def _remove(new: Sequence[NewTags], desk: Desk) -> Gone:
    wanted = {repository: tags for each in new for repository, tags in each.items()}
    with Journal.create(desk.run.path / FILE) as journal:

        async def one(
            repository: Repository, tags: Mapping[str, Digest]
        ) -> tuple[TagOutcome, ...] | PolyarchError:
            try:
                return await remove_new(desk.client.repository(repository), tags, journal)
            except PolyarchError as error:
                reason = error.message
                desk.world.listen(DestinationFailed(repository=str(repository), reason=reason))
                return error

        found = await asyncio.gather(*(one(*each) for each in wanted.items()))
        journal.end()
    for (repository, tags), each in zip(wanted.items(), found, strict=True):
        for tag in each if isinstance(each, tuple) else ():
            desk.world.listen(
                TagMoved(
                    repository=str(repository),
                    tag=tag.tag,
                    digest=tags[tag.tag],
                    status=tag.status,
                    reason=tag.reason,
                )
            )
    return dict(zip(wanted, found, strict=True))


def _with(image: MovedImage, new: NewTags, gone: Gone) -> Iterator[Outcome]:
    """The image's outcomes with what became of its new tags."""
    waiting = set(new)
    for outcome in image.outcomes:
        if outcome.repository not in waiting:
            yield outcome
            continue
        waiting.discard(outcome.repository)
        yield _joined(outcome, gone[outcome.repository])


def _joined(outcome: Outcome, found: tuple[TagOutcome, ...] | PolyarchError) -> Outcome:
    if isinstance(found, PolyarchError):
        status = Status.LEFT if outcome.tags else Status.FAILED
        return replace(outcome, status=status, error=outcome.error or found)
    became = {tag.status for tag in found}
    status, error = outcome.status, outcome.error
    if TagStatus.LEFT in became:
        status, error = Status.LEFT, error or _why_left(outcome.repository, found)
    elif TagStatus.REMOVED in became:
        status = Status.PUBLISHED
    elif status is Status.UNCHANGED and not outcome.tags:
        status = Status.SKIPPED
    return replace(outcome, status=status, error=error, tags=(*outcome.tags, *found))


def _why_left(repository: Repository, found: Sequence[TagOutcome]) -> TagsLeftError:
    left = [tag for tag in found if tag.status is TagStatus.LEFT]
    reasons = dict.fromkeys(tag.reason for tag in left)
    return TagsLeftError(str(repository), [tag.tag for tag in left], list(reasons))
