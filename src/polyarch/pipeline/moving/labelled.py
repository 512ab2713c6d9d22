"""What an image says of itself: in its annotations, else in the labels of its config."""

from collections.abc import Mapping
from dataclasses import replace

from polyarch.errors import ContentError, RegistryError, SpecError
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.current import NO_LABELS, current_of
from polyarch.pipeline.plan import Current
from polyarch.registry.repository import RemoteRepository

Root = ImageIndex | ImageManifest


async def labelled(remote: RemoteRepository, root: Root, *, version: str = "") -> Current:
    """What a tag has that shows this; `version` is what it is called where it says none."""
    found = current_of(root, await _labels(remote, root))
    return replace(found, version=found.version or version or None)


async def _labels(remote: RemoteRepository, manifest: Root) -> Mapping[str, str]:
    """The labels of an image, of the first one of an index, where it says nothing of itself."""
    if {annotation.VERSION, annotation.REVISION} <= manifest.annotations.keys():
        return NO_LABELS
    try:
        node: Root = manifest
        if isinstance(node, ImageIndex):
            if not node.images:
                return NO_LABELS
            node = await remote.known_manifest(node.images[0])
        if isinstance(node, ImageIndex):
            return NO_LABELS
        return ImageConfig.parse(await remote.read_blob(node.config)).labels
    except (RegistryError, ContentError, SpecError):
        return NO_LABELS
