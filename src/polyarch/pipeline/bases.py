"""Base images for the direct engine: resolved for one platform, layers left where they are."""

import asyncio

from polyarch.content.reader import read_small
from polyarch.engines.base import Base
from polyarch.errors import PlatformNotInBaseError
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import TagReference, parse_reference
from polyarch.pipeline.part import Part, PartsFolder
from polyarch.pipeline.sources import borrowed_from, layouts_of
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.repository import RemoteRepository


def published_base(
    registries: BlockingRegistries,
    reference: str,
    platform: Platform,
    *,
    within_s: float | None = None,
) -> Base:
    """A base in a registry; `within_s` bounds all tries together.

    Raises:
        PlatformNotInBaseError: it does not exist for the platform.
        RegistryError: it cannot be read.
        TimeoutError: not within that time.
    """
    remote = registries.remote(parse_reference(reference).repository)
    return registries.run(asyncio.wait_for(_read(remote, reference, platform), within_s))


async def _read(remote: RemoteRepository, reference: str, platform: Platform) -> Base:
    named = parse_reference(reference)
    wanted = named.tag if isinstance(named, TagReference) else named.digest
    found = await _manifest(remote, wanted)
    if isinstance(found, ImageIndex):
        child = found.image_for(platform)
        if child is None:
            has = [str(each) for each in found.platforms]
            raise PlatformNotInBaseError(reference, str(platform), has)
        found = await _manifest(remote, child.digest)
    if isinstance(found, ImageIndex):
        raise PlatformNotInBaseError(reference, str(platform), ())
    config = await remote.read_blob(found.config)
    has_platform = ImageConfig.parse(config).platform
    if not has_platform.satisfies(platform):
        raise PlatformNotInBaseError(reference, str(platform), (str(has_platform),))
    return Base(repository=str(named.repository), manifest=found, config=config)


async def _manifest(remote: RemoteRepository, wanted: str | Digest) -> ImageManifest | ImageIndex:
    """What a tag or digest is; registries count reads, so what was read once is not read again."""
    if isinstance(wanted, Digest):
        return await remote.known_manifest(Descriptor(media_type="", digest=wanted, size=0))
    return await remote.get_manifest(wanted)


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
