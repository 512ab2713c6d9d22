"""What an image is made of, as values: its index, its children, and what is about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from polyarch.content.places import Kind, Place
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.transaction.hold import Hold

SCHEMA = "polyarch.inspect/v1"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer, and which other platforms of the image have it too."""

    blob: Descriptor
    shared_with: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "digest": str(self.blob.digest),
            "size": self.blob.size,
            "media_type": self.blob.media_type,
            "shared_with": list(self.shared_with),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One image of an index, or an attestation about one (`about` is what it is about).

    `created` is the config's own text. `holds` are the kinds of statements of an attestation.
    `problem` says why no more is known of it. `raw` are the manifest's bytes.
    """

    descriptor: Descriptor
    platform: Platform | None
    layers: tuple[Layer, ...] = ()
    created: str = ""
    base: str = ""
    base_digest: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    annotations: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    about: str | None = None
    holds: tuple[str, ...] = ()
    problem: str = ""
    raw: bytes = b""

    @property
    def name(self) -> str:
        """The platform, or what stands in its place."""
        return str(self.platform) if self.platform else "unknown"

    @property
    def layer_bytes(self) -> int:
        """The sum of its layers as they are stored."""
        return sum(layer.blob.size for layer in self.layers)

    @property
    def shared_bytes(self) -> int:
        """What of that other platforms have too."""
        return sum(layer.blob.size for layer in self.layers if layer.shared_with)

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "platform": str(self.platform) if self.platform else None,
            "digest": str(self.descriptor.digest),
            "media_type": self.descriptor.media_type,
            "size": self.descriptor.size,
            "layers": len(self.layers),
            "layer_bytes": self.layer_bytes,
            "shared_bytes": self.shared_bytes,
            "layer_list": [layer.to_json() for layer in self.layers],
            "created": self.created or None,
            "base": {"name": self.base or None, "digest": self.base_digest or None},
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "attestation_about": self.about,
            "attestation_holds": list(self.holds),
            "problem": self.problem or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A signature, SBOM or the like that refers to something of the image.

    `hold` is why a tag was put back to it, where that is what it says.
    """

    digest: Digest
    kind: str
    subject: Digest
    hold: Hold | None = None

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "digest": str(self.digest),
            "artifact_type": self.kind or None,
            "subject": str(self.subject),
            "hold": self.hold.to_json() if self.hold else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An image; `children` has one entry where it is no index, `raw` are the root's bytes."""

    place: Place
    root: Descriptor
    raw: bytes
    annotations: Mapping[str, str]
    children: tuple[Child, ...]
    referrers: tuple[Artifact, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it is one image for several platforms."""
        return mediatype.is_index(self.root.media_type)

    @property
    def images(self) -> tuple[Child, ...]:
        """The children that are images of a platform."""
        return tuple(each for each in self.children if each.about is None and each.platform)

    def pull(self, child: Child) -> str:
        """The command that brings one platform's image to the Docker Engine."""
        if not self.place.is_registry:
            return f"polyarch copy --platform {child.platform} {self.place} docker-daemon:NAME"
        name = str(self.place)
        if self.place.repository:
            name = name.replace(str(self.place.repository), self.place.repository.familiar, 1)
        return f"docker pull --platform {child.platform} {name}"

    def pinned(self, child: Child) -> str:
        """The place of exactly one platform's image; empty where there is no such place."""
        if self.place.kind is Kind.DOCKER_DAEMON:
            return ""
        return self.place.pinned(child.descriptor.digest)

    def to_json(self) -> JsonObject:
        """The document `polyarch.inspect/v1`."""
        return {
            "schema": SCHEMA,
            "reference": str(self.place),
            "digest": str(self.root.digest),
            "media_type": self.root.media_type,
            "size": self.root.size,
            "annotations": dict(self.annotations),
            "manifests": [child.to_json() for child in self.children],
            "referrers": [each.to_json() for each in self.referrers],
            "notes": list(self.notes),
            "pull": [
                {
                    "platform": str(child.platform),
                    "command": self.pull(child),
                    "reference": self.pinned(child) or None,
                }
                for child in self.images
            ],
        }
