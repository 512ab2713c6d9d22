"""The manifests below a root, from what was read before where that is kept: registries count."""

import asyncio
from collections.abc import Sequence

from polyarch.content.memory import MemoryStore
from polyarch.errors import ContentError, RegistryError, SpecError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.repository import RemoteRepository

Root = ImageIndex | ImageManifest

_DEPTH = 4
"""An index of indexes of images; deeper than that nobody builds."""


async def known_below(root: Root, remotes: Sequence[RemoteRepository]) -> MemoryStore:
    """What could be read of the manifests below the root, each asked of the first that has it.

    What is not in it is nobody's loss yet: who needs it asks again, and hears why.
    """
    store = MemoryStore()
    level: list[Root] = [root]
    for _ in range(_DEPTH):
        children = {
            child.digest: child
            for node in level
            if isinstance(node, ImageIndex)
            for child in node.manifests
            if mediatype.is_index(child.media_type) or mediatype.is_manifest(child.media_type)
        }
        read = await asyncio.gather(*(read_from(child, remotes) for child in children.values()))
        level = [node for node in read if node]
        for node in level:
            store.add(node.descriptor.media_type, node.raw)
        if not level:
            break
    return store


async def read_from(child: Descriptor, remotes: Sequence[RemoteRepository]) -> Root | None:
    """A manifest from the first that has it; None where nobody has it or says so."""
    for remote in remotes:
        try:
            return await remote.known_manifest(child)
        except (RegistryError, ContentError, SpecError):
            continue
    return None
