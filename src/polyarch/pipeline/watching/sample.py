"""Proving some platforms again in full: a few of each image each day, others the next day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from polyarch.content.places import Kind, Place
from polyarch.findings import Finding, Severity
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.verify_result import VerifyOutcome
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One platform of one root, in a repository that holds all of it."""

    image: str
    platform: Platform
    root: Digest
    tags: tuple[str, ...]
    repository: Repository

    @property
    def place(self) -> Place:
        """Where it is read from."""
        return Place(kind=Kind.REGISTRY, repository=self.repository, digest=self.root)

    def to_json(self, outcome: VerifyOutcome) -> JsonObject:
        """As it stands in the document."""
        [state] = [each.state(Severity.ERROR) for each in outcome.proofs] or ["unknown"]
        return {
            "platform": str(self.platform),
            "digest": str(self.root),
            "repository": str(self.repository),
            "tags": list(self.tags),
            "state": "wrong" if outcome.report.errors else state,
        }


def choose(subject: Subject, count: int) -> tuple[Sample, ...]:
    """The platforms that are due today, and those that were wrong when they were looked at last."""
    tags: dict[Digest, list[str]] = {}
    for tag in subject.current or subject.tags:
        for root in subject.view.roots(tag):
            tags.setdefault(root, []).append(tag)
    found = [
        Sample(
            image=subject.name,
            platform=image.platform,
            root=root,
            tags=tuple(on),
            repository=repository,
        )
        for root, on in tags.items()
        for image in subject.view.images(root)
        if image.platform and (repository := _whole(subject, root, image))
    ]
    if not found or not count:
        return ()
    start = subject.now.toordinal() * count
    due = {(start + step) % len(found) for step in range(min(count, len(found)))}
    suspects = subject.memory.suspects
    return tuple(
        each
        for at, each in enumerate(found)
        if at in due or (each.image, str(each.platform)) in suspects
    )


def _whole(subject: Subject, root: Digest, image: Descriptor) -> Repository | None:
    """A repository that has all of an image, one whose reads are free if there is one."""
    needed = subject.view.below([image.digest]).keys() | {root}
    there = [
        sight.repository
        for sight in subject.view.sights
        if root in subject.shown(sight) and not (sight.absent | sight.lacking) & needed
    ]
    free = [each for each in there if each not in subject.metered] or there
    return free[_turn(subject.now) % len(free)] if free else None


def _turn(now: datetime) -> int:
    return now.toordinal()


def judge_samples(
    samples: Sequence[Sample], outcomes: Sequence[VerifyOutcome]
) -> Iterator[Finding]:
    """What is wrong with them."""
    for sample, outcome in zip(samples, outcomes, strict=True):
        wrong = [each for each in outcome.report.errors if each.platform in {None, sample.platform}]
        if wrong:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            place = f"{sample.repository}@{sample.root}"
            yield codes.NOT_ITS_PLATFORM.found(
                sample.image,
                "",
                f"`{sample.tags[0]}` is not what it says ({wrong[0].code}): "
                f"{wrong[0].place}: {wrong[0].message}{more}",
                platform=sample.platform,
                hint=f"`polyarch verify -p {sample.platform} {place}` tells all",
                details={"repository": str(sample.repository), "digest": str(sample.root)},
            )
