"""Image manifests and indexes: raw bytes kept, everything derived from them at once.

Sources: image-spec v1.1 manifest.md and image-index.md; Docker image manifest v2 schema 2.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from polyarch.errors import MalformedManifestError
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import (
    JsonObject,
    decode_object,
    encode,
    object_list,
    optional_object,
    string,
    string_map,
)
from polyarch.oci.platform import Platform, nearest

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """One image of one platform, or an artifact; layers in order, base first."""

    raw: bytes
    descriptor: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    artifact_type: str
    subject: Descriptor | None

    @classmethod
    def parse(cls, raw: bytes, media_type: str = "") -> Self:
        """Read a manifest from its bytes.

        `media_type` is what the descriptor or Content-Type said; it must agree with the bytes.

        Raises:
            MalformedManifestError: not a manifest of schema 2.
        """
        value = decode_object(raw, "image manifest")
        found = _media_type(value, media_type, "image manifest", mediatype.OCI_MANIFEST)
        if not mediatype.is_manifest(found):
            raise MalformedManifestError("image manifest", f"its media type is `{found}`")
        config = optional_object(value, "config", "image manifest")
        if config is None:
            raise MalformedManifestError("image manifest", "`config` is missing")
        subject = optional_object(value, "subject", "image manifest")
        return cls(
            raw=raw,
            descriptor=Descriptor.of(found, raw),
            config=Descriptor.parse(config),
            layers=_descriptors(value, "layers", "image manifest"),
            annotations=string_map(value, "annotations", "image manifest"),
            artifact_type=string(value, "artifactType", "image manifest", default=""),
            subject=Descriptor.parse(subject) if subject is not None else None,
        )

    @classmethod
    def build(
        cls,
        *,
        config: Descriptor,
        layers: Sequence[Descriptor],
        annotations: Mapping[str, str] | None = None,
        artifact_type: str = "",
        subject: Descriptor | None = None,
    ) -> Self:
        """Write a new OCI manifest; the same arguments give the same bytes.

        One with `artifact_type` is no image; `subject` is what it is about.
        """
        value: JsonObject = {
            "schemaVersion": SCHEMA_VERSION,
            "mediaType": mediatype.OCI_MANIFEST,
            **({"artifactType": artifact_type} if artifact_type else {}),
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
            **({"subject": subject.to_json()} if subject else {}),
        }
        if annotations:
            value["annotations"] = dict(sorted(annotations.items()))
        return cls.parse(encode(value))

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers, each digest once."""
        return tuple({blob.digest: blob for blob in (self.config, *self.layers)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageIndex:
    """A list of manifests, usually one per platform; the order of children is kept."""

    raw: bytes
    descriptor: Descriptor
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    subject: Descriptor | None

    @classmethod
    def parse(cls, raw: bytes, media_type: str = "") -> Self:
        """Read an OCI index or a Docker manifest list from its bytes.

        Raises:
            MalformedManifestError: not an index.
        """
        value = decode_object(raw, "image index")
        found = _media_type(value, media_type, "image index", mediatype.OCI_INDEX)
        if not mediatype.is_index(found):
            raise MalformedManifestError("image index", f"its media type is `{found}`")
        subject = optional_object(value, "subject", "image index")
        return cls(
            raw=raw,
            descriptor=Descriptor.of(found, raw),
            manifests=_descriptors(value, "manifests", "image index"),
            annotations=string_map(value, "annotations", "image index"),
            subject=Descriptor.parse(subject) if subject is not None else None,
        )

    @classmethod
    def build(
        cls, manifests: Iterable[Descriptor], *, annotations: Mapping[str, str] | None = None
    ) -> Self:
        """Write a new OCI index; the same arguments give the same bytes."""
        value: JsonObject = {
            "schemaVersion": SCHEMA_VERSION,
            "mediaType": mediatype.OCI_INDEX,
            "manifests": [manifest.to_json() for manifest in manifests],
        }
        if annotations:
            value["annotations"] = dict(sorted(annotations.items()))
        return cls.parse(encode(value))

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The children that are images of a platform, attestations left out."""
        return tuple(child for child in self.manifests if not is_attestation(child))

    def attestations_of(self, image: Descriptor) -> tuple[Descriptor, ...]:
        """The attestation children that name `image` as what they are about."""
        about = str(image.digest)
        return tuple(
            child
            for child in self.manifests
            if is_attestation(child)
            and child.annotations.get(annotation.DOCKER_REFERENCE_DIGEST) == about
        )

    def image_for(self, platform: Platform) -> Descriptor | None:
        """The image to run on `platform`: its own, else the nearest older variant's."""
        found = nearest(self.platforms, platform)
        return next((child for child in self.images if found and child.platform == found), None)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms of its images, in order; children that name none are left out."""
        return tuple(child.platform for child in self.images if child.platform)


def is_attestation(child: Descriptor) -> bool:
    """Whether an index's child is BuildKit's attestation manifest and not an image."""
    kind = child.annotations.get(annotation.DOCKER_REFERENCE_TYPE)
    return kind == annotation.ATTESTATION_MANIFEST


def parse_any(raw: bytes, media_type: str = "") -> ImageManifest | ImageIndex:
    """Read an image manifest or an index, whichever the bytes are.

    Raises:
        MalformedManifestError: neither.
    """
    value = decode_object(raw, "manifest")
    found = media_type or str(value.get("mediaType") or "")
    if not found:
        # image-spec v1.1: mediaType SHOULD be there; without it the children tell the two apart.
        found = mediatype.OCI_INDEX if "manifests" in value else mediatype.OCI_MANIFEST
    if mediatype.is_index(found):
        return ImageIndex.parse(raw, found)
    return ImageManifest.parse(raw, found)


def _media_type(value: JsonObject, told: str, kind: str, default: str) -> str:
    if value.get("schemaVersion") != SCHEMA_VERSION:
        raise MalformedManifestError(kind, "schemaVersion is not 2 (schema 1 is not supported)")
    written = string(value, "mediaType", kind, default="")
    if written and told and written != told:
        raise MalformedManifestError(kind, f"it is sent as `{told}` and says `{written}`")
    # An ambiguous document could be read as two different things by two readers
    # (opencontainers/image-spec security advisory GHSA-77vh-xpmg-72qh).
    if "manifests" in value and ("layers" in value or "config" in value):
        raise MalformedManifestError(kind, "it is an index and a manifest at once")
    return written or told or default


def _descriptors(value: JsonObject, key: str, kind: str) -> tuple[Descriptor, ...]:
    return tuple(Descriptor.parse(item) for item in object_list(value, key, kind))
