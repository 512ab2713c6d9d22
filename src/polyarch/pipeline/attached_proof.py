"""A proof that stands in the registry beside the image: its statement, as a referrer of the index.

The manifest is laid out as BuildKit lays out attestations, which every registry takes: the config
of an image, and a layer that is the statement (moby/buildkit, docs/attestations
attestation-storage.md; the layer's media type is in-toto's, spec/v1/envelope.md). What BuildKit
puts into the index is a referrer here, with the type of the statement as its artifact type, so that
the index keeps its digest and others' tools list it. Nobody signs it: it is worth as much as the
login that may push there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from polyarch.errors import ContentError, ManifestNotFoundError, SpecError
from polyarch.findings import Severity
from polyarch.host.moment import read_time
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, decode_object, encode
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.inspect_children import PREDICATE as PREDICATE_KEY
from polyarch.pipeline.proof import Level
from polyarch.pipeline.proof_record import PREDICATE, STATEMENT
from polyarch.registry.repository import RemoteRepository
from polyarch.runs.reading import object_of, objects_of, text_of
from polyarch.transaction.marker import NO_CONFIG

ARTIFACT = "application/vnd.in-toto+json"
"""Type of the artifact and of its one layer."""

MOST = 20
"""Proofs of one index that are read, the newest of those that say when they were made."""

MOST_BYTES = 1024 * 1024
"""Of a statement; larger ones are not read."""

_MOST_SUBJECTS = 200
_MOST_FINDINGS = 10_000
_NEVER = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedPlatform:
    """How far one platform was proven; `level` is None where it was not."""

    platform: Platform
    digest: Digest
    level: Level | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedProof:
    """What a statement says, read from beside an index.

    `artifact` is the digest of its manifest, `time` when the run was that proved it (UTC).
    `subjects` are the index and every manifest that it is about.
    """

    artifact: Digest
    subjects: tuple[Digest, ...]
    time: datetime
    platforms: tuple[AttachedPlatform, ...]
    ok: bool
    revision: str = ""
    ci_run: str = ""

    def proves(self, manifest: Digest) -> bool:
        """Whether it holds, and says of this platform's manifest how far it was proven."""
        return self.ok and any(each.digest == manifest for each in self.platforms)

    def says_as_much(self, other: "AttachedProof") -> bool:
        """Whether all that another proves is proven here as far."""
        mine = {each.digest: each.level for each in self.platforms}
        enough = all(mine.get(each.digest) in (each.level, Level.RUN) for each in other.platforms)
        return self.ok and enough and set(other.subjects) <= set(self.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofArtifact:
    """A proof as it is pushed: the manifest, and the bytes of its config and layer."""

    manifest: ImageManifest
    blobs: Mapping[Descriptor, bytes]


def proof_artifact(statement: JsonObject, subject: Descriptor, time: datetime) -> ProofArtifact:
    """A statement as an artifact about `subject`, made at `time`."""
    raw = encode(statement)
    config = Descriptor.of(mediatype.OCI_CONFIG, NO_CONFIG)
    blob = Descriptor.of(ARTIFACT, raw)
    layer = Descriptor(
        media_type=ARTIFACT,
        digest=blob.digest,
        size=blob.size,
        annotations={PREDICATE_KEY: PREDICATE},
    )
    manifest = ImageManifest.build(
        config=config,
        layers=[layer],
        annotations={
            annotation.CREATED: time.astimezone(UTC).replace(microsecond=0).isoformat(),
            PREDICATE_KEY: PREDICATE,
        },
        artifact_type=ARTIFACT,
        subject=subject.bare(),
    )
    return ProofArtifact(manifest=manifest, blobs={config: NO_CONFIG, blob: raw})


async def attached_proofs(remote: RemoteRepository, digest: Digest) -> tuple[AttachedProof, ...]:
    """The proofs beside an index or image, newest first; what is damaged proves nothing.

    Raises:
        RegistryError: the registry did not say.
    """
    try:
        listed = (await remote.referrers(digest)).entries
    except SpecError:
        return ()
    ours = sorted((each for each in listed if _may_be_ours(each)), key=_made, reverse=True)
    found = [await _read(remote, each, digest) for each in ours[:MOST]]
    return tuple(sorted(filter(None, found), key=lambda each: each.time, reverse=True))


def _may_be_ours(entry: Descriptor) -> bool:
    """By its list alone; registries may leave out annotations there."""
    said = entry.annotations.get(PREDICATE_KEY, PREDICATE)
    return entry.artifact_type == ARTIFACT and said == PREDICATE


def _made(entry: Descriptor) -> str:
    time = read_time(entry.annotations.get(annotation.CREATED))
    return time.isoformat() if time else _NEVER


async def _read(
    remote: RemoteRepository, entry: Descriptor, subject: Digest
) -> AttachedProof | None:
    try:
        manifest = await remote.known_manifest(entry)
        layer = _layer_of(manifest, subject)
        raw = await remote.read_blob(layer) if layer else b""
    except (SpecError, ContentError, ManifestNotFoundError):
        return None
    return read_proof(manifest, raw) if isinstance(manifest, ImageManifest) else None


def _layer_of(manifest: object, subject: Digest) -> Descriptor | None:
    if not isinstance(manifest, ImageManifest) or manifest.artifact_type != ARTIFACT:
        return None
    if manifest.subject is None or manifest.subject.digest != subject:
        return None
    if len(manifest.layers) != 1 or manifest.layers[0].size > MOST_BYTES:
        return None
    return manifest.layers[0]


def read_proof(manifest: ImageManifest, raw: bytes) -> AttachedProof | None:
    """What an artifact and its statement say; None where it is no proof of polyarch's.

    It has to be about the very manifest that it is attached to.
    """
    time = read_time(manifest.annotations.get(annotation.CREATED))
    try:
        value = decode_object(raw, "attached proof")
    except SpecError:
        return None
    told = (text_of(value, "_type"), text_of(value, "predicateType"))
    subjects = _subjects(value)
    about = manifest.subject.digest if manifest.subject else None
    if time is None or told != (STATEMENT, PREDICATE) or about not in subjects:
        return None
    predicate = object_of(value, "predicate")
    entries = list(objects_of(predicate, "platforms", _MOST_SUBJECTS))
    platforms = tuple(filter(None, map(_platform, entries)))
    bare = not platforms or len(platforms) < len(entries)
    parts = [object_of(predicate, "structure"), *entries]
    source = object_of(predicate, "source")
    return AttachedProof(
        artifact=manifest.descriptor.digest,
        subjects=subjects,
        time=time,
        platforms=platforms,
        ok=not bare
        and all(each.level and each.digest in subjects for each in platforms)
        and not any(_has_errors(each) for each in parts),
        revision=text_of(source, "revision"),
        ci_run=text_of(source, "ci_run"),
    )


def _subjects(value: JsonObject) -> tuple[Digest, ...]:
    found = []
    for each in objects_of(value, "subject", _MOST_SUBJECTS):
        for algorithm, encoded in object_of(each, "digest").items():
            try:
                found.append(Digest(algorithm=algorithm, encoded=str(encoded)))
            except SpecError:
                continue
    return tuple(dict.fromkeys(found))


def _platform(value: JsonObject) -> AttachedPlatform | None:
    level = text_of(value, "level")
    try:
        return AttachedPlatform(
            platform=Platform.parse(text_of(value, "platform")),
            digest=Digest.parse(text_of(value, "digest")),
            level=Level(level) if level in set(Level) else None,
        )
    except SpecError:
        return None


def _has_errors(value: JsonObject) -> bool:
    found = objects_of(value, "findings", _MOST_FINDINGS)
    return any(text_of(each, "severity") == Severity.ERROR for each in found)
