"""Base images for the direct engine: resolved for one platform, layers left where they are."""

from polyarch.content.reader import read_small
from polyarch.engines.base import Base
from polyarch.errors import PlatformNotInBaseError
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import TagReference, parse_reference
from polyarch.pipeline.part import Part, PartsFolder
from polyarch.pipeline.sources import borrowed_from, layouts_of
from polyarch.registry.blocking import BlockingRegistries


def published_base(registries: BlockingRegistries, reference: str, platform: Platform) -> Base:
    """A base in a registry.

    Raises:
        PlatformNotInBaseError: it does not exist for the platform.
        RegistryError: it cannot be read.
    """
    named = parse_reference(reference)
    wanted = named.tag if isinstance(named, TagReference) else named.digest
    remote = registries.remote(named.repository)
    found = registries.run(remote.get_manifest(wanted))
    if isinstance(found, ImageIndex):
        child = found.image_for(platform)
        if child is None:
            has = [str(each) for each in found.platforms]
            raise PlatformNotInBaseError(reference, str(platform), has)
        found = registries.run(remote.get_manifest(child.digest))
    if isinstance(found, ImageIndex):
        raise PlatformNotInBaseError(reference, str(platform), ())
    config = registries.run(remote.read_blob(found.config))
    has_platform = ImageConfig.parse(config).platform
    if not has_platform.satisfies(platform):
        raise PlatformNotInBaseError(reference, str(platform), (str(has_platform),))
    return Base(repository=str(named.repository), manifest=found, config=config)


def built_base(parts: PartsFolder, part: Part) -> Base:
    """A base that this project has just built."""
    [layout] = layouts_of(parts, part)
    manifest = ImageManifest.parse(read_small(layout, part.manifest), part.manifest.media_type)
    borrowed = borrowed_from(part)
    return Base(
        repository=str(borrowed[0]) if borrowed else "",
        manifest=manifest,
        config=read_small(layout, manifest.config),
        layout=layout.root,
    )
