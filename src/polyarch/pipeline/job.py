"""One run from plan to proven images, with its folder, its record and its lock."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarch.config.project import Project
from polyarch.content.files import locked
from polyarch.content.filling import FillingStore
from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Built
from polyarch.errors import InvalidReferenceError, MalformedManifestError
from polyarch.events import Note, RunStarted
from polyarch.host.ci_event import CiEvent
from polyarch.oci.config import rfc3339
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import DigestReference, Repository, parse_reference
from polyarch.pipeline.again import Again
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.build import BuiltPart, Workshop
from polyarch.pipeline.context_weight import ContextWeights
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.existing import Existing, take
from polyarch.pipeline.known_layers import remembered_layers
from polyarch.pipeline.lineage import Lineages
from polyarch.pipeline.naming import commit_time
from polyarch.pipeline.part import PartsFolder
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.pipeline.prepare import Prepared, prepare
from polyarch.pipeline.proof import ImageProof
from polyarch.pipeline.proof_record import ProofRecord
from polyarch.pipeline.prove import Prover
from polyarch.pipeline.published import PublishedImages
from polyarch.pipeline.pushed import take_over
from polyarch.pipeline.recording import admit_gap, both
from polyarch.pipeline.requests import Requester
from polyarch.pipeline.run_record import RECORD_FILE, record_json
from polyarch.pipeline.schedule import build_all
from polyarch.pipeline.sources import borrowed_from, joined
from polyarch.pipeline.standing import Standing
from polyarch.pipeline.world import Ask, World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.runs.folder import RunFolder, prepare_state
from polyarch.runs.record import Recorder

if TYPE_CHECKING:
    from polyarch.pipeline.smoke import Smoke

PLAN_FILE = "plan.json"

_NOWHERE: Mapping[str, Repository] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenImage:
    """An image that was assembled and proven; `source` reads all that it consists of."""

    plan: ImagePlan
    index: ImageIndex
    parts: tuple[BuiltPart, ...]
    source: FillingStore
    proof: ImageProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that is under way; `scratch` vanishes with it.

    `finished` holds the parts that are done, also when building failed.
    """

    prepared: Prepared
    run: RunFolder
    scratch: Path
    registries: BlockingRegistries
    prover: Prover
    finished: list[BuiltPart] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The world, its listener recording."""
        return self.prepared.world

    @property
    def again(self) -> Again:
        """What is taken again, and the stores that it is read from."""
        return Again(
            facts=self.prepared.facts,
            registries=self.registries,
            state=self.world.state,
            rehearsed=self.prepared.ask.sandbox,
        )

    def build(self, push_to: Mapping[str, Repository] = _NOWHERE) -> tuple[ProvenImage, ...]:
        """Build, assemble and prove every image of the plan, in plan order.

        `push_to` has the repository of each image that builders push to by digest.

        Raises:
            WorkError, HostError, ConfigError, RegistryError: what the build or the proof met.
        """
        prepared, parts = self.prepared, PartsFolder(root=self.world.state / "parts")
        prepared.reach.learn_logins()
        standing = self._standing(parts)
        requester = Requester(
            project=prepared.project,
            event=prepared.event,
            facts=prepared.facts,
            standing=standing,
            run=self.run,
            scratch=self.scratch,
            reach=prepared.reach,
            push_to=push_to,
            no_cache=prepared.ask.no_cache,
            sandbox=prepared.ask.sandbox,
        )
        requester.check(prepared.plan, None if prepared.ask.force else parts)
        workshop = Workshop(
            engines=prepared.engines,
            nodes=prepared.nodes,
            parallel={
                name: each.node.parallel
                for name, each in prepared.facts.nodes.items()
                if each.node.parallel
            },
            parts=parts,
            request=requester,
            lineage=Lineages(
                project=prepared.project,
                facts=prepared.facts,
                registries=self.registries,
                listen=self.world.listen,
            ),
            take=self._take,
            fetch=lambda built, layout: take_over(built, layout, self.registries),
            below=standing.below,
            base=standing.own_base,
            created=rfc3339(int(commit_time(prepared.event).timestamp())),
            revision=prepared.event.sha,
            ci_run=prepared.event.ci_run,
            listen=self.world.listen,
            shared=ContextWeights(prepared.project, prepared.facts).shared,
            force=prepared.ask.force,
            finished=self.finished,
        )
        built = build_all(prepared.plan, workshop)
        return tuple(
            self._proven(image, built[image.name], parts) for image in prepared.plan.images
        )

    def _standing(self, parts: PartsFolder) -> Standing:
        prepared = self.prepared
        return Standing(
            project=prepared.project,
            facts=prepared.facts,
            parts=parts,
            scratch=self.scratch,
            registries=self.registries,
            opened=self.again.opened,
            published=PublishedImages(self.registries, self.world.listen),
        )

    def _take(self, planned: PlannedPlatform, layout: LayoutStore) -> Built:
        if planned.reuse:
            return self.again.take(planned, layout)
        reference = parse_reference(planned.source)
        if not isinstance(reference, DigestReference):
            raise InvalidReferenceError(planned.source, "it has no digest")
        remote = self.registries.remote(reference.repository)
        existing = Existing(reference=reference, reason=planned.reason)
        return self.registries.run(take(remote, existing, planned.platform, layout))

    def _taken_index(self, image: ImagePlan) -> ImageIndex:
        """The index that is published as it stands."""
        reference = parse_reference(image.taken)
        wanted = reference.digest if isinstance(reference, DigestReference) else reference.tag
        remote = self.registries.remote(reference.repository)
        found = self.registries.run(remote.get_manifest(wanted))
        if isinstance(found, ImageManifest):
            raise MalformedManifestError("image index", "it is a manifest", where=image.taken)
        return found

    def _proven(
        self, image: ImagePlan, built: Sequence[BuiltPart], parts: PartsFolder
    ) -> ProvenImage:
        members = [each.part for each in built]
        platforms = [planned.platform for planned in image.platforms]
        index = (
            self._taken_index(image)
            if image.taken
            else assemble_index(
                members, platforms, image.index_annotations, beside=image.descriptor_annotations
            )
        )
        folder = self.scratch / "images" / image.name
        source, _ = joined(folder, parts, members, index, self.again.opened)
        self.again.bring(image, source, self.prover.memory)
        proof = self.prover.prove(image, index, members, source)
        built = [self._kept(each, proof, parts) for each in built]
        self.prover.insist(proof)
        parts.keep_index(image.name, index)
        return ProvenImage(plan=image, index=index, parts=tuple(built), source=source, proof=proof)

    def _kept(self, built: BuiltPart, proof: ImageProof, parts: PartsFolder) -> BuiltPart:
        """The part with what was proven of it, also in its record and among those that are done."""
        found, event = proof.of(built.part.platform), self.prepared.event
        proofs = found.proofs(event.sha, event.ci_run) if found else ()
        if proofs == built.part.proofs:
            return built
        proven = replace(built, part=replace(built.part, proofs=proofs))
        parts.write(proven.part)
        self.finished[self.finished.index(built)] = proven
        return proven


def borrowed(image: ProvenImage) -> tuple[str, ...]:
    """The repositories that hold layers which were taken over by reference."""
    names = (str(name) for each in image.parts for name in borrowed_from(each.part))
    return tuple(dict.fromkeys(names))


@contextmanager
def job(project: Project, event: CiEvent, ask: Ask, world: World) -> Iterator[Job]:
    """Open a run: its folder and record, the plan in it, and the project's lock.

    Raises:
        StorageError: the state folder cannot be written.
        ConfigError, HostError, NothingSelectedError: as planning says.
    """
    with ExitStack() as stack:
        waiting = Note(text="another polyarch is at work in this project; waiting for it")
        lock = prepare_state(world.state) / "lock"
        stack.enter_context(locked(lock, on_wait=lambda: world.listen(waiting)))
        _sweep(world.state)
        clock = world.clock or (lambda: world.now)
        run = RunFolder.create(world.state / "runs", clock())
        recorder = Recorder(run.events, clock, run.push_log)
        stack.callback(admit_gap, recorder, world.listen)
        recording = replace(world, listen=both(world.listen, recorder))
        recording.listen(RunStarted(id=run.id, folder=str(run.path)))
        prepared = prepare(project, event, ask, recording, stack)
        run.write(PLAN_FILE, prepared.plan.to_json())
        record = record_json(project, prepared.event, prepared.facts, prepared.plan, recording)
        run.write(RECORD_FILE, record)
        scratch = world.state / "tmp" / run.id
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        yield Job(
            prepared=prepared,
            run=run,
            scratch=scratch,
            registries=prepared.registries,
            prover=Prover(
                project=project,
                memory=remembered_layers(world.state),
                smoke=_smoke(prepared, run, scratch),
                record=ProofRecord(run, event.sha, event.ci_run),
                listen=recording.listen,
            ),
        )


def _smoke(prepared: Prepared, run: RunFolder, scratch: Path) -> "Smoke | None":
    """What runs smoke tests, where there are any: all that runs programs need not be read else."""
    project, world = prepared.project, prepared.world
    builds = (each for image in project.images.values() for each in image.per_platform.values())
    if not any(build.smoke_test for build in builds):
        return None
    from polyarch.pipeline.smoke import Smoke
    from polyarch.pipeline.smoke_place import SmokePlaces

    return Smoke(
        places=SmokePlaces(
            environment=without_logins(world.environment, project.secret_variables),
            nodes={name: each.node for name, each in prepared.facts.nodes.items()},
            project=project,
            reach=prepared.reach,
            registries=prepared.registries,
        ),
        scratch=scratch,
        run=run,
        listen=world.listen,
        mask=world.mask,
    )


def _sweep(state: Path) -> None:
    """Remove what runs that were killed left; nobody else is at work while the lock is held."""
    leftovers = (*(state / "tmp").glob("*"), *(state / "parts").glob("*/.*"))
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
