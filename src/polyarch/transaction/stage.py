"""Bringing content to a repository by digest: nothing that a tag shows changes here."""

import asyncio
from collections.abc import Mapping

from polyarch.content.reader import read_small
from polyarch.errors import BlobNotFoundError
from polyarch.events import BlobProgress, BlobStored, Listener, ManifestStored, Transfer
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.registry.body import Body
from polyarch.transaction.destination import Destination
from polyarch.transaction.values import Submission

PARALLEL_BLOBS = 4
"""Blobs on their way to one repository at once; the session bounds connections per host as well."""

Manifests = Mapping[Digest, ImageManifest | ImageIndex]


def read_manifests(submission: Submission) -> dict[Digest, ImageManifest | ImageIndex]:
    """Every manifest below the index and the index itself, children before parents.

    Raises:
        ContentError, SpecError: the source is not whole or not an image.
    """
    found: dict[Digest, ImageManifest | ImageIndex] = {}

    def read(node: ImageManifest | ImageIndex) -> None:
        for child in node.manifests if isinstance(node, ImageIndex) else ():
            if child.digest not in found:
                raw = read_small(submission.source, child)
                read(parse_any(raw, child.media_type))
        found[node.descriptor.digest] = node

    read(submission.root)
    return found


async def stage(destination: Destination, manifests: Manifests, listen: Listener) -> None:
    """Let the repository hold the index and all below it, by digest.

    Raises:
        RegistryError: it refused something or could not be reached.
        ContentError: the source lacks something.
    """
    limit = asyncio.Semaphore(PARALLEL_BLOBS)
    async with asyncio.TaskGroup() as group:
        for blob in blobs_of(manifests):
            group.create_task(_push_blob(destination, blob, limit, listen))
    for manifest in manifests.values():
        stored = await destination.remote.put_manifest(manifest)
        how: Transfer = "uploaded" if stored else "present"
        descriptor = manifest.descriptor
        listen(ManifestStored(repository=destination.name, descriptor=descriptor, how=how))


def blobs_of(manifests: Manifests) -> tuple[Descriptor, ...]:
    """Every config and layer that registries hold, largest first, each once."""
    blobs = {
        blob.digest: blob.bare()
        for manifest in manifests.values()
        if isinstance(manifest, ImageManifest)
        for blob in manifest.blobs
        if mediatype.is_distributed(blob.media_type)
    }
    return tuple(sorted(blobs.values(), key=lambda blob: -blob.size))


async def _push_blob(
    destination: Destination, blob: Descriptor, limit: asyncio.Semaphore, listen: Listener
) -> None:
    def progress(sent: int) -> None:
        listen(BlobProgress(repository=destination.name, descriptor=blob, sent=sent))

    source = destination.submission.source
    async with limit:
        how = await destination.remote.push_blob(
            blob,
            Body(size=blob.size, open=lambda offset: source.open(blob, offset)),
            mount_from=destination.submission.mount_from,
            on_progress=progress,
        )
    listen(BlobStored(repository=destination.name, descriptor=blob, how=how))


async def read_back(destination: Destination, manifests: Manifests) -> None:
    """Ask the repository for all that was staged and compare it.

    Raises:
        BlobNotFoundError: it does not hold a blob that it took.
        RegistryError, ContentError: a manifest is absent or other bytes.
    """
    for digest in manifests:
        await destination.remote.get_manifest(digest)
    for blob in blobs_of(manifests):
        if not await destination.remote.blob_exists(blob):
            raise BlobNotFoundError(str(blob.digest), destination.name)
