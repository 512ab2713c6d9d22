"""The manifests below a root, from what was read before where that is kept: registries count."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.content.memory import MemoryStore
from polyarch.errors import (
    ContentError,
    ImageNotWholeError,
    ManifestNotFoundError,
    PolyarchError,
    RepositoryNotFoundError,
    SpecError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.repository import RemoteRepository

Root = ImageIndex | ImageManifest

_DEPTH = 4
"""An index of indexes of images; deeper than that nobody builds."""

_ABSENT = (ManifestNotFoundError, RepositoryNotFoundError, ContentError, SpecError)
"""What says that a manifest is not to be had there, now or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The manifests below a root; `lost` is why one of them cannot be had."""

    store: MemoryStore
    lost: PolyarchError | None = None


async def known_below(root: Root, remotes: Sequence[RemoteRepository]) -> Known:
    """Read the manifests below the root, each from the first repository that has it."""
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
        for child, node in zip(children.values(), read, strict=True):
            if node is None:
                digest = str(root.descriptor.digest)
                places = [str(remote) for remote in remotes]
                return Known(
                    store=store, lost=ImageNotWholeError(digest, str(child.digest), places)
                )
            if isinstance(node, PolyarchError):
                return Known(store=store, lost=node)
            store.add(node.descriptor.media_type, node.raw)
        level = [node for node in read if isinstance(node, Root)]
        if not level:
            break
    return Known(store=store)


async def read_from(
    child: Descriptor, remotes: Sequence[RemoteRepository]
) -> Root | PolyarchError | None:
    """A manifest from the first that has it; None where all say that they have it not.

    An error is of one that did not say, where no other has it.
    """
    silent: PolyarchError | None = None
    for remote in remotes:
        try:
            return await remote.known_manifest(child)
        except _ABSENT:
            continue
        except PolyarchError as error:
            silent = silent or error
    return silent
