"""`--prove`: the proof of what is published already, by the means of publishing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.pipeline.attaching import Attaching
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.known_layers import remembered_layers
from polyarch.pipeline.part import Part
from polyarch.pipeline.promoting.evidence import Evidence
from polyarch.pipeline.promoting.origin import Origin
from polyarch.pipeline.promoting.targets import Promotion
from polyarch.pipeline.proof import ImageProof
from polyarch.pipeline.proof_record import ProofRecord
from polyarch.pipeline.prove import Prover
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.world import World
from polyarch.registry.blocking import BlockingRegistries
from polyarch.runs.folder import RunFolder

if TYPE_CHECKING:
    from polyarch.pipeline.smoke import Smoke


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """Proves images where they are; the record of it lands in this run's folder."""

    project: Project
    run: RunFolder
    world: World
    reach: Reach
    registries: BlockingRegistries
    scratch: Path

    def prove(
        self, images: Sequence[Promotion], event: CiEvent
    ) -> tuple[tuple[Promotion, ...], Mapping[str, Evidence]]:
        """Prove all of them, and go on only if all proofs hold; gives what shows it, by name.

        `[verify] attach` lets the proofs go along.

        Raises:
            VerificationError: one does not hold; each finding is a line of it.
            RegistryError: a layer could not be read.
            StorageError: the record cannot be written.
        """
        prover = Prover(
            project=self.project,
            memory=remembered_layers(self.world.state),
            smoke=self._smoke(),
            record=ProofRecord(self.run, event.sha, event.ci_run),
            listen=self.world.listen,
        )
        proven: list[Promotion] = []
        found: dict[str, Evidence] = {}
        for image in images:
            proof = self._proof(prover, image.origin)
            proven.append(self._attaching(image, proof, event))
            found[image.origin.name] = Evidence(
                kind="now",
                where=str(prover.record.path),
                run=self.run.id,
                time=self.world.now,
                levels={str(each.digest): str(each.level) for each in proof.platforms},
            )
        return tuple(proven), found

    def _proof(self, prover: Prover, origin: Origin) -> ImageProof:
        children = origin.root.images
        parts = [_part(origin, child, child.platform) for child in children if child.platform]
        proof = prover.prove_index(origin.name, origin.root, parts, origin.store)
        prover.insist(proof)
        return proof

    def _attaching(self, image: Promotion, proof: ImageProof, event: CiEvent) -> Promotion:
        """The same with its proof beside it, where the config says so."""
        if not self.project.verify.attach:
            return image
        world = self.world
        attach = Attaching(
            proof=proof,
            source={"revision": image.ours.revision or None, "ci_run": event.ci_run},
            time=world.clock() if world.clock else world.now,
            listen=world.listen,
        )
        return replace(image, attach=attach)

    def _smoke(self) -> "Smoke | None":
        """What runs smoke tests, where there are any."""
        images = self.project.images.values()
        builds = (each for image in images for each in image.per_platform.values())
        if not any(build.smoke_test for build in builds):
            return None
        from polyarch.pipeline.smoke import Smoke
        from polyarch.pipeline.smoke_place import SmokePlaces

        secret = self.project.secret_variables
        return Smoke(
            places=SmokePlaces(
                environment=without_logins(self.world.environment, secret),
                nodes={},
                project=self.project,
                reach=self.reach,
                registries=self.registries,
            ),
            scratch=self.scratch,
            run=self.run,
            listen=self.world.listen,
            mask=self.world.mask,
        )


def _part(origin: Origin, child: Descriptor, platform: Platform) -> Part:
    """One platform as the proof takes it; who built it, and where, is not asked any more."""
    return Part(
        image=origin.name,
        platform=platform,
        manifest=child,
        built=child,
        sources=(),
        input_key="",
        revision="",
    )
