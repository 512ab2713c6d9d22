"""Whether what a transaction tells is what stands in the storages."""

from collections.abc import Iterator, Sequence

from polyarch.transaction.values import OnRegistryFailure, Outcome, Status, TagOutcome, TagStatus
from tests.support.hostile import Watched

STANDS = frozenset({Status.PUBLISHED, Status.UNCHANGED})
_NEW = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED, TagStatus.LEFT})
_OLD = frozenset({TagStatus.RESTORED, TagStatus.KEPT})
_AS_BEFORE = frozenset({Status.SKIPPED, Status.FAILED, Status.ROLLED_BACK})


def lies(outcome: Outcome, watched: Watched) -> Iterator[str]:
    """What is told of one repository and is not so.

    Where somebody else is at work, what he may have put there is nobody's lie.
    """
    told = {tag.tag: tag for tag in outcome.tags}
    for tag in watched.new:
        if watched.tag(tag) not in watched.others:
            for lie in _of_tag(tag, told.get(tag), watched):
                yield f"{watched.name}:{tag}: {lie}"
    if watched.others:
        return
    if outcome.status in STANDS and not watched.is_new:
        yield f"{watched.name}: {outcome.status}, and not all tags are new"
    if outcome.status in _AS_BEFORE and not watched.is_old:
        yield f"{watched.name}: {outcome.status}, and not all tags are as before"


def _of_tag(tag: str, told: TagOutcome | None, watched: Watched) -> Iterator[str]:
    now, old, new = watched.tag(tag), watched.old[tag], watched.new[tag]
    if told is None:
        if now != old:
            yield f"untold, and {now} stands there"
        return
    if told.status is TagStatus.LEFT and told.digest is None:
        return  # nobody could ask
    if told.status in _NEW and now != new:
        yield f"{told.status}, and it is not what was published"
    if told.status in _OLD and now != old:
        yield f"{told.status}, and it is not what it was"
    if told.status is TagStatus.FAILED and now == new != old:
        yield f"{told.status}, and it is new"
    if told.digest != now:
        yield f"{told.status}: {told.digest} is told, {now} stands there"


def is_together(
    outcomes: Sequence[Outcome], watched: Sequence[Watched], policy: OnRegistryFailure
) -> bool:
    """Whether all registries show the same, or something left is told.

    With `continue` each of them shows all of the old or all of the new.
    """
    ours = [
        each
        for outcome, each in zip(outcomes, watched, strict=True)
        if outcome.status is not Status.LEFT and not each.others
    ]
    if policy is OnRegistryFailure.CONTINUE:
        return all(each.is_new or each.is_old for each in ours)
    if len(ours) < len(watched):
        return True
    return all(each.is_new for each in ours) or all(each.is_old for each in ours)
