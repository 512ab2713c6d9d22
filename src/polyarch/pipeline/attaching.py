"""`[verify] attach`: the proof of an image goes along to each registry, before any tag moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from polyarch.errors import PolyarchError
from polyarch.events import Listener, Warned
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.attached_proof import (
    AttachedProof,
    ProofArtifact,
    attached_proofs,
    proof_artifact,
    read_proof,
)
from polyarch.pipeline.proof import ImageProof
from polyarch.pipeline.proof_record import statement
from polyarch.registry.body import Body
from polyarch.registry.repository import RemoteRepository

FRESH = timedelta(days=1)
"""A proof that says as much and is younger is not attached again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attaching:
    """Attaches one image's proof, made at `time`; `source` says of which commit and run it is.

    What a registry does not take is told and keeps nobody from publishing: the image is proven.
    """

    proof: ImageProof
    source: JsonObject
    time: datetime
    listen: Listener

    async def __call__(self, remote: RemoteRepository, root: ImageIndex | ImageManifest) -> None:
        """Let the proof stand beside the root.

        Raises:
            PolyarchError: the registry could not be asked; trying again may help.
        """
        artifact = proof_artifact(self._statement(remote, root), root.descriptor, self.time)
        try:
            if not await self._is_there(remote, root, artifact):
                await _push(remote, artifact)
        except PolyarchError as error:
            if error.retryable:
                raise
            told = error.message.partition("\n")[0]
            self.listen(Warned(text=f"{remote}: the proof is not attached: {told}"))

    def _statement(self, remote: RemoteRepository, root: ImageIndex | ImageManifest) -> JsonObject:
        """About what stands there as well, where the registry gets less than was proven."""
        made = statement(self.proof, self.source)
        digest = root.descriptor.digest
        if digest != self.proof.digest:
            name = f"{self.proof.name} at {remote}"
            made["subject"].append({"name": name, "digest": {digest.algorithm: digest.encoded}})
        return made

    async def _is_there(
        self,
        remote: RemoteRepository,
        root: ImageIndex | ImageManifest,
        artifact: ProofArtifact,
    ) -> bool:
        ours = _read(artifact)
        standing = await attached_proofs(remote, root.descriptor.digest)
        return any(
            ours is not None and each.says_as_much(ours) and abs(self.time - each.time) < FRESH
            for each in standing
        )


def _read(artifact: ProofArtifact) -> AttachedProof | None:
    layer = artifact.manifest.layers[0].bare()
    return read_proof(artifact.manifest, artifact.blobs[layer])


async def _push(remote: RemoteRepository, artifact: ProofArtifact) -> None:
    for blob, raw in artifact.blobs.items():
        await remote.push_blob(blob, Body.of_bytes(raw))
    await remote.push_referrer(artifact.manifest)
