"""The last step of undoing: tags that were new go, once all others show what they showed before."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed, TagMoved
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.moving.act import Terms
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.moving.removing import remove_new
from polyarch.pipeline.moving.result import MovedImage
from polyarch.pipeline.outcomes import STANDS
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.values import Outcome, Status, TagOutcome, TagStatus

NOT_ALL = "not all other tags could be put back, and so it stays"

NewTags = Mapping[Repository, Mapping[str, Digest]]
"""By repository the tags that are to go, and what they show."""

Gone = Mapping[Repository, tuple[TagOutcome, ...] | PolyarchError]


def remove_all(
    images: Sequence[MovedImage], new: Sequence[NewTags], terms: Terms, desk: Desk
) -> tuple[MovedImage, ...]:
    """Take the new tags of each image away; the images with what became of these.

    Where another tag could not be put back none goes: what is half undone stays whole.
    """
    if not any(new):
        return tuple(images)
    if terms.dry_run:
        return tuple(
            replace(image, notes=(*image.notes, *_would(each)))
            for image, each in zip(images, new, strict=True)
        )
    outcomes = [outcome for image in images for outcome in image.outcomes]
    if all(outcome.status in STANDS for outcome in outcomes):
        gone = desk.runner.run(_remove(new, desk))
    else:
        moved = any(outcome.status is Status.PUBLISHED for outcome in outcomes)
        gone = _left(new, TagStatus.LEFT if moved else TagStatus.KEPT)
    return tuple(
        replace(image, outcomes=tuple(_with(image, each, gone)))
        for image, each in zip(images, new, strict=True)
    )


def _would(new: NewTags) -> Iterator[str]:
    for repository, tags in new.items():
        for tag in tags:
            yield f"{repository}:{tag} would be removed: it was new"


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
    status = outcome.status
    if TagStatus.LEFT in became:
        status = Status.LEFT
    elif TagStatus.REMOVED in became:
        status = Status.PUBLISHED
    elif status is Status.UNCHANGED and not outcome.tags:
        status = Status.SKIPPED
    return replace(outcome, status=status, tags=(*outcome.tags, *found))
