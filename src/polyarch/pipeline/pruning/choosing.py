"""Which tags are old enough to go, by the rules of their images. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from polyarch.host.git_refs import LivingRefs
from polyarch.host.moment import read_time
from polyarch.metadata.tagname import why_reserved
from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.pipeline.naming import EPOCH
from polyarch.pipeline.pruning.kinds import Judged, Kind, Refs, TagRules
from polyarch.pipeline.survey import Survey

AT_ONCE = 2000
"""Tags of a repository that go in one run; the rest goes with the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What stays whatever it is: younger than `max_age`, among the newest `keep`, or named."""

    now: datetime
    max_age: timedelta
    keep: int
    keep_tags: tuple[str, ...] = ()

    def is_old(self, time: datetime) -> bool:
        """Whether something of this time may go."""
        return self.now - time > self.max_age


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRules:
    """One image of a repository; only of those that are `asked` for tags may go."""

    name: str
    rules: TagRules
    asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One tag. `kind` is None where no rule of those kinds gives it; `reason` says why it stays.

    `named`: somebody says that it stays.
    """

    tag: str
    digest: Digest
    kind: Kind | None = None
    time: datetime | None = None
    image: str = ""
    goes: bool = False
    named: bool = False
    reason: str = ""


def choose(
    found: Survey, images: Sequence[ImageRules], bounds: Bounds, refs: Refs
) -> tuple[Choice, ...]:
    """Judge all tags of a repository, in the order of their names."""
    judged = [_judge(found, tag, images, bounds, refs) for tag in sorted(found.tags)]
    going = [choice for choice in judged if choice.goes]
    newest = sorted(going, key=lambda choice: (choice.time or EPOCH, choice.tag), reverse=True)
    counted: dict[tuple[str, Kind | None], int] = {}
    fates: dict[str, Choice] = {}
    for choice in newest:
        key = choice.image, choice.kind
        counted[key] = counted.get(key, 0) + 1
        fates[choice.tag] = _aged(choice, counted[key], bounds)
    oldest = [choice.tag for choice in reversed(newest) if fates[choice.tag].goes]
    for tag in oldest[AT_ONCE:]:
        fates[tag] = replace(fates[tag], goes=False, reason="it goes with the next run")
    return tuple(fates.get(choice.tag, choice) for choice in judged)


def _judge(
    found: Survey, tag: str, images: Sequence[ImageRules], bounds: Bounds, refs: Refs
) -> Choice:
    """One tag without regard to its age; it goes as far as only that is left to be asked."""
    digest = found.tags[tag].digest
    node = found.manifests.get(digest)
    said = node.annotations if node else {}
    created = read_time(said.get(annotation.CREATED))
    time = None if created == EPOCH else created
    version, revision = said.get(annotation.VERSION, ""), said.get(annotation.REVISION, "")
    choice = Choice(tag=tag, digest=digest, time=time)
    glob = next((glob for glob in bounds.keep_tags if fnmatchcase(tag, glob)), "")
    if glob:
        return replace(choice, named=True, reason=f"`keep-tags` has `{glob}`")
    if reserved := why_reserved(tag):
        return replace(choice, reason=reserved)
    verdicts = [(each, each.rules.judge(tag, version, revision, refs)) for each in images]
    image, judged = _first(verdicts)
    choice = replace(choice, kind=judged.kind, image=image.name if image else "")
    stays = next(_reasons(verdicts), "") or judged.stays
    if stays:
        return replace(choice, reason=stays)
    if time is None:
        return replace(choice, reason="its index does not say when it was committed")
    return replace(choice, goes=True)


def _first(verdicts: Sequence[tuple[ImageRules, Judged]]) -> tuple[ImageRules | None, Judged]:
    """The image whose tag it is, and what its rules say."""
    own = [each for each in verdicts if each[1].kind]
    asked = [each for each in own if each[0].asked]
    if asked or own:
        return (asked or own)[0]
    return None, verdicts[0][1] if verdicts else Judged(stays="it is of no image")


def _reasons(verdicts: Sequence[tuple[ImageRules, Judged]]) -> Iterator[str]:
    """Why it stays by the rules of one of the images that share the repository."""
    for _image, judged in verdicts:
        if judged.stays and (judged.kind or judged.fixed):
            yield judged.stays
    own = [image for image, judged in verdicts if judged.kind]
    if own and not any(image.asked for image in own):
        yield f"it is of `{own[0].name}`, which was not asked for"


def _aged(choice: Choice, number: int, bounds: Bounds) -> Choice:
    if choice.time is None:
        return choice
    days = (bounds.now - choice.time).days
    if number <= bounds.keep:
        kind = choice.kind.value if choice.kind else "kind"
        return replace(choice, goes=False, reason=f"it is among the {bounds.keep} newest ({kind})")
    if not bounds.is_old(choice.time):
        return replace(choice, goes=False, reason=f"its commit is {_days(days)} old")
    return replace(choice, reason=f"{_TITLES[choice.kind]}, {_days(days)} old")


def _days(days: int) -> str:
    return "less than a day" if days < 1 else f"{days} day{'' if days == 1 else 's'}"


_TITLES = {
    Kind.PULL: "a pull request",
    Kind.COMMIT: "a single commit",
    Kind.BRANCH: "a branch that is gone",
    None: "",
}


def no_refs(why: str) -> Refs:
    """Where git was not asked: no branch goes."""
    return Refs(living=LivingRefs(unknown=why))
