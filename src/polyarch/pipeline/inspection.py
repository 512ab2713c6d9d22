"""What an image is made of: an index and its children, read from wherever it is."""

from dataclasses import dataclass
from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import (
    InvalidReferenceError,
    LayoutNotFoundError,
    MalformedManifestError,
    NothingSelectedError,
    UsageError,
)
from polyarch.oci import annotation, mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation, parse_any
from polyarch.oci.platform import Platform
from polyarch.oci.reference import TagReference, parse_reference
from polyarch.pipeline.reach import Reach

SCHEMA = "polyarch.inspect/v1"
LAYOUT_PREFIX = "oci:"
_OTHER_PLACES = ("oci-archive:", "docker-archive:", "docker-daemon:", "image:", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One image of an index, or an attestation about one (`about` is what it is about).

    `layer_bytes` is the sum of its layers as they are stored; `created` is the config's own text.
    """

    descriptor: Descriptor
    platform: Platform | None
    layers: int = 0
    layer_bytes: int = 0
    created: str = ""
    about: str | None = None

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.inspect/v1`."""
        return {
            "platform": str(self.platform) if self.platform else None,
            "digest": str(self.descriptor.digest),
            "media_type": self.descriptor.media_type,
            "size": self.descriptor.size,
            "layers": self.layers,
            "layer_bytes": self.layer_bytes,
            "created": self.created or None,
            "attestation_about": self.about,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An image; `children` has one entry where it is no index."""

    place: str
    root: Descriptor
    annotations: dict[str, str]
    children: tuple[Child, ...]

    @property
    def is_index(self) -> bool:
        """Whether it is one image for several platforms."""
        return mediatype.is_index(self.root.media_type)

    def to_json(self) -> JsonObject:
        """The document `polyarch.inspect/v1`."""
        return {
            "schema": SCHEMA,
            "reference": self.place,
            "digest": str(self.root.digest),
            "media_type": self.root.media_type,
            "size": self.root.size,
            "annotations": self.annotations,
            "manifests": [child.to_json() for child in self.children],
        }


def inspect(place: str, reach: Reach, folder: Path) -> Inspection:
    """Read an image at `oci:DIR[:TAG]` (relative to `folder`) or in a registry.

    Raises:
        InvalidReferenceError, UsageError: it is no place that can be inspected.
        NothingSelectedError, RegistryError, ContentError, SpecError: it is not there or broken.
    """
    if place.startswith(_OTHER_PLACES):
        raise UsageError(
            f"`{place}` cannot be inspected yet",
            where="the command line",
            hint="name a registry reference, or a layout as `oci:DIR[:TAG]`",
        )
    if place.startswith(LAYOUT_PREFIX):
        store, root = _in_layout(place.removeprefix(LAYOUT_PREFIX), folder)
        return _read(place, store, root)
    try:
        named = parse_reference(place)
    except InvalidReferenceError as error:
        raise error.at("the command line") from None
    wanted = named.tag if isinstance(named, TagReference) else named.digest
    with reach.blocking() as registries:
        found = registries.run(registries.remote(named.repository).get_manifest(wanted))
        return _read(str(named), registries.store(named.repository), found.descriptor)


def _in_layout(text: str, folder: Path) -> tuple[LayoutStore, Descriptor]:
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, ""
    layout = LayoutStore(folder / path)
    if not layout.root.exists():
        raise LayoutNotFoundError(f"{LAYOUT_PREFIX}{text}", str(layout.root))
    layout.check()
    entries = layout.entries()
    if tag:
        found = layout.resolve(tag)
        if found is None:
            known = [entry.annotations.get(annotation.REF_NAME, "") for entry in entries]
            raise NothingSelectedError(tag, [name for name in known if name], kind="tag")
        return layout, found
    if len(entries) != 1:
        reason = f"it has {len(entries)} entries; name one as `oci:DIR:TAG`"
        raise MalformedManifestError("OCI layout", reason, where=str(layout.root))
    return layout, entries[0]


def _read(place: str, store: Fetcher, root: Descriptor) -> Inspection:
    parsed = parse_any(read_small(store, root), root.media_type)
    nodes = parsed.manifests if isinstance(parsed, ImageIndex) else (parsed.descriptor,)
    return Inspection(
        place=place,
        root=parsed.descriptor,
        annotations=dict(parsed.annotations),
        children=tuple(_child(store, node) for node in nodes),
    )


def _child(store: Fetcher, node: Descriptor) -> Child:
    if is_attestation(node):
        about = node.annotations.get(annotation.DOCKER_REFERENCE_DIGEST, "")
        return Child(descriptor=node, platform=None, about=about)
    parsed = parse_any(read_small(store, node), node.media_type)
    if not isinstance(parsed, ImageManifest) or parsed.config.media_type not in {
        mediatype.OCI_CONFIG,
        mediatype.DOCKER_CONFIG,
    }:
        return Child(descriptor=node, platform=node.platform)
    config = ImageConfig.parse(read_small(store, parsed.config), parsed.config.media_type)
    return Child(
        descriptor=node,
        platform=node.platform or config.platform,
        layers=len(parsed.layers),
        layer_bytes=sum(layer.size for layer in parsed.layers),
        created=config.created,
    )
