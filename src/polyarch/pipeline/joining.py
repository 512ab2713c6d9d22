"""Whether the parts that were handed over are those of this run: exactly the plan's platforms.

Pure: it looks at records alone. What their digests stand for is checked where they are read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.errors import (
    PartCommitError,
    PartConflictError,
    PartMissingError,
    PartUnknownError,
    PartUnplannedError,
)
from polyarch.events import Listener, Note, Warned, ignore
from polyarch.host.ci_event import CiEvent
from polyarch.oci.platform import Platform
from polyarch.pipeline.part import Part, Proof
from polyarch.pipeline.plan import ImagePlan, Plan
from polyarch.pipeline.records import Record

Key = tuple[str, Platform]
"""An image and a platform."""

Parts = Mapping[Key, tuple[Record, ...]]
"""The records of each part; several where it was handed over more than once, all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrutiny:
    """What records are held against.

    `images` are all of the project; `narrowed` says that a person asked for some of them only, so
    that records of the others are passed over, as are those of an image's platforms that were not
    asked for. `in_ci`: a proof must be of this run of the CI.
    """

    plan: Plan
    event: CiEvent
    images: Sequence[str]
    narrowed: bool
    in_ci: bool
    listen: Listener = ignore

    def matching(self, records: Iterable[Record], place: str) -> Parts:
        """The parts of every image that is published, by image and platform, in plan order.

        Raises:
            PartUnknownError, PartCommitError, PartUnplannedError, PartConflictError,
            PartMissingError: the set is not the plan's; nothing was read but records.
        """
        found: dict[Key, list[Record]] = {}
        for record in records:
            image = self._image(record)
            if image is None or self._is_not_asked_for(record, image):
                continue
            self._check(record, image)
            found.setdefault((image.name, record.part.platform), []).append(record)
        for same in found.values():
            _refuse_conflict(same)
        wanted = [
            (image.name, planned.platform)
            for image in self.plan.images
            if image.publish
            for planned in image.platforms
        ]
        missing = [key for key in wanted if key not in found]
        if missing:
            raise PartMissingError([(image, str(platform)) for image, platform in missing], place)
        return {key: tuple(found[key]) for key in wanted}

    def _image(self, record: Record) -> ImagePlan | None:
        """The image of the plan that it is of; None for one that nobody asked for."""
        name = record.part.image
        for image in self.plan.images:
            if image.name == name:
                return image
        if self.narrowed and name in self.images:
            self._pass_over(record)
            return None
        known = [image.name for image in self.plan.images]
        raise PartUnknownError(str(record), record.where, known)

    def _is_not_asked_for(self, record: Record, image: ImagePlan) -> bool:
        """Whether it is of a platform that stays as it is published."""
        if record.part.platform not in image.missing:
            return False
        self._pass_over(record)
        return True

    def _pass_over(self, record: Record) -> None:
        self.listen(Note(text=f"the part {record} is passed over: it was not asked for"))

    def _check(self, record: Record, image: ImagePlan) -> None:
        part = record.part
        if part.revision != self.event.sha:
            raise PartCommitError(
                str(record), record.where, found=part.revision, wanted=self.event.sha
            )
        planned = [each.platform for each in image.platforms]
        if part.platform not in planned:
            raise PartUnplannedError(str(record), record.where, [str(each) for each in planned])

    def part(self, records: Sequence[Record]) -> Part:
        """One part of its records, with those proofs alone that hold for this run."""
        part = records[0].part
        proofs = dict.fromkeys(proof for record in records for proof in record.part.proofs)
        return replace(part, proofs=tuple(p for p in proofs if self._accepts(p, records[0])))

    def _accepts(self, proof: Proof, record: Record) -> bool:
        problem = self._problem(proof, record.part)
        if problem:
            text = f"a proof of the part {record} does not count: {problem}"
            self.listen(Warned(text=f"{text} ({record.where})"))
        return not problem

    def _problem(self, proof: Proof, part: Part) -> str:
        if proof.subject != str(part.manifest.digest):
            return "it is about another digest"
        if proof.revision != self.event.sha:
            return "it was made at another commit"
        if self.in_ci and (not proof.ci_run or proof.ci_run != self.event.ci_run):
            return "it was made in another run of the CI"
        return ""


def _refuse_conflict(records: Sequence[Record]) -> None:
    """Handing the same part over twice is no fault; two different ones leave no right one."""
    distinct = {_identity(record.part): record for record in reversed(records)}
    if len(distinct) > 1:
        found = [(str(each.part.manifest.digest), each.where) for each in distinct.values()]
        raise PartConflictError(str(records[0]), found[::-1])


def _identity(part: Part) -> tuple[object, ...]:
    return part.manifest.bare(), tuple(each.bare() for each in part.attestations)
