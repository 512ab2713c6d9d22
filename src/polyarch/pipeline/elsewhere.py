"""Images of parts that other machines built, in place of a build.

A record is believed nothing but names: content comes from layouts below the folder that was handed
over and from repositories that the project itself names, and counts once its digest is proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from polyarch.content.filling import FillingStore
from polyarch.content.graph import walk
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.errors import BlobNotFoundError, ContentError, PartNotHeldError, SpecError
from polyarch.events import BuildFinished
from polyarch.oci.descriptor import Descriptor
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.held import Held
from polyarch.pipeline.job import Job, ProvenImage
from polyarch.pipeline.joining import Parts, Scrutiny
from polyarch.pipeline.part import Part
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.reached import places_of
from polyarch.pipeline.records import Record, RecordSource
from polyarch.pipeline.sources import OpenRepository
from polyarch.pipeline.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The parts of one run; `top` is the folder that their layouts must lie below."""

    work: Job
    scrutiny: Scrutiny
    parts: Parts
    top: Path | None

    @classmethod
    def of(cls, work: Job, source: RecordSource) -> Self:
        """Read the records and hold them against the plan; without images there are none to read.

        Raises:
            NoPartsGivenError, PartsError: they are not the parts of this run.
        """
        prepared = work.prepared
        ask, plan = prepared.ask, prepared.plan
        scrutiny = Scrutiny(
            plan=plan,
            event=prepared.event,
            images=tuple(prepared.project.images),
            narrowed=bool(ask.selectors or ask.changed_since),
            in_ci=work.world.in_ci,
            listen=work.world.listen,
        )
        records = source.read() if plan.images else ()
        parts = scrutiny.matching(records, source.place)
        return cls(work=work, scrutiny=scrutiny, parts=parts, top=source.top)

    def build(self, opened: OpenRepository) -> tuple[ProvenImage, ...]:
        """Assemble and prove every image that is published, in plan order; no engine runs.

        Raises:
            PartNotHeldError: nothing that may be read holds a part.
            VerificationError: a part is not what its record says.
            RegistryError: a repository did not say what it holds.
        """
        images = self.work.prepared.plan.images
        return tuple(self._joined(image, opened) for image in images if image.publish)

    def _joined(self, image: ImagePlan, opened: OpenRepository) -> ProvenImage:
        layout = LayoutStore(self.work.scratch / "images" / image.name)
        platforms = [planned.platform for planned in image.platforms]
        found = [self._whereabouts(image, self.parts[image.name, each]) for each in platforms]
        members = [self._member(each, layout) for each in found]
        index = assemble_index(
            members, platforms, image.index_annotations, beside=image.descriptor_annotations
        )
        layout.set_entries((layout.add(index.descriptor.media_type, index.raw),))
        repositories = dict.fromkeys(place for each in found for place in each.repositories)
        source = FillingStore(layout, (Held([opened(place) for place in repositories]),))
        for member, each in zip(members, found, strict=True):
            self._see(member, each, source)
        proof = self.work.prover.prove(image, index, members, source)
        self.work.prover.insist(proof)
        parts = tuple(BuiltPart(part=member, reused=True) for member in members)
        return ProvenImage(plan=image, index=index, parts=parts, source=source, proof=proof)

    def _whereabouts(self, image: ImagePlan, records: Sequence[Record]) -> Whereabouts:
        allowed = places_of(self.work.prepared.project, image)
        return Whereabouts(records=records, top=self.top, allowed=allowed)

    def _member(self, where: Whereabouts, layout: LayoutStore) -> Part:
        """The part, with no sources but those that count; `layout` gets what came along of it."""
        part = self.scrutiny.part(where.records)
        for own in where.layouts:
            for root in (part.manifest, *part.attestations):
                _adopt(layout, own, root)
        return replace(part, sources=()).staged_in(where.repositories)

    def _see(self, part: Part, where: Whereabouts, source: FillingStore) -> None:
        """Tell early, and by its name, of a part that is nowhere; all else is the proof's."""
        try:
            for root in (part.manifest, *part.attestations):
                read_small(source, root)
        except BlobNotFoundError as error:
            record = where.records[0]
            raise PartNotHeldError(str(record), record.where, list(where.reasons())) from error
        except (ContentError, SpecError):
            return
        digest = part.manifest.digest
        self.work.world.listen(
            BuildFinished(image=part.image, platform=part.platform, digest=digest, reused=True)
        )


def _adopt(layout: LayoutStore, own: LayoutStore, root: Descriptor) -> None:
    """Take over what a layout holds below `root`; what it lacks may stand in a repository."""
    try:
        for node in walk(own, root):
            if not layout.adopt(node, own) and own.exists(node):
                with own.open(node) as content:
                    layout.push(node, content)
    except (ContentError, SpecError):
        return
