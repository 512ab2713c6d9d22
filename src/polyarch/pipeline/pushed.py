"""Images that builders push by digest from where they build, so that layers do not come here."""

from collections.abc import Iterable
from dataclasses import replace

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Built
from polyarch.errors import InvalidReferenceError, MalformedManifestError
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import DigestReference, Repository, parse_reference
from polyarch.pipeline.world import Ask
from polyarch.registry.blocking import BlockingRegistries


def push_places(wanted: Iterable[tuple[str, Repository]], ask: Ask) -> dict[str, Repository]:
    """The first repository of each image; none for a rehearsal, of whose stand-ins nobody knows."""
    if ask.sandbox:
        return {}
    found: dict[str, Repository] = {}
    for image, repository in wanted:
        found.setdefault(image, repository)
    return found


def take_over(built: Built, layout: LayoutStore, registries: BlockingRegistries) -> Built:
    """Bring manifest and config of a pushed image into `layout`; its layers are borrowed.

    Raises:
        RegistryError: the repository does not have it, or does not answer.
        MalformedManifestError, SpecError: it is no image.
    """
    reference = parse_reference(built.pushed)
    if not isinstance(reference, DigestReference):
        raise InvalidReferenceError(built.pushed, "it has no digest")
    remote = registries.remote(reference.repository)
    manifest = registries.run(remote.get_manifest(reference.digest))
    if not isinstance(manifest, ImageManifest):
        raise MalformedManifestError("image manifest", "it is an index", where=built.pushed)
    raw = registries.run(remote.read_blob(manifest.config))
    config = ImageConfig.parse(raw, manifest.config.media_type)
    layout.add(manifest.config.media_type, raw)
    layout.add(manifest.descriptor.media_type, manifest.raw)
    return replace(
        built,
        manifest=manifest.descriptor.with_platform(config.platform),
        borrowed=(*built.borrowed, built.pushed),
    )
