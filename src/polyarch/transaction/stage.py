"""Bringing content to a repository by digest: nothing that a tag shows changes here."""

import asyncio
import time
from collections.abc import Iterator, Mapping

from polyarch.content.reader import proven_chunks, read_small
from polyarch.content.store import Fetcher
from polyarch.errors import (
    BlobNotFoundError,
    ContentError,
    ManifestNotFoundError,
    RepositoryNotFoundError,
    UploadRefusedError,
)
from polyarch.events import (
    BlobProgress,
    BlobStored,
    Listener,
    ManifestStored,
    Staged,
    Transfer,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.registry.memory import NO_MEMORY, UploadMemory
from polyarch.transaction.destination import Destination
from polyarch.transaction.settle import settled
from polyarch.transaction.supply import Supply

Manifests = Mapping[Digest, ImageManifest | ImageIndex]

STOCK_S = 60.0
"""How long it counts that something stood there: other registries may take an hour meanwhile, and
some collect what no tag holds (vllm-project/vllm-ascend#10347)."""


def read_manifests(
    root: ImageManifest | ImageIndex, source: Fetcher
) -> dict[Digest, ImageManifest | ImageIndex]:
    """Every manifest below the root and the root itself, children before parents.

    Raises:
        ContentError, SpecError: the source is not whole or not an image.
    """
    found: dict[Digest, ImageManifest | ImageIndex] = {}

    def read(node: ImageManifest | ImageIndex) -> None:
        for child in node.manifests if isinstance(node, ImageIndex) else ():
            if child.digest not in found:
                raw = read_small(source, child)
                read(parse_any(raw, child.media_type))
        found[node.descriptor.digest] = node

    read(root)
    return found


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


async def stage(
    destination: Destination,
    manifests: Manifests,
    listen: Listener,
    *,
    supply: Supply,
    memory: UploadMemory = NO_MEMORY,
) -> None:
    """Let the repository hold what it lacks of the root and all below it, by digest.

    How many requests go at once is the session's to know: it sees how the host takes them.

    Raises:
        RegistryError: it refused something or could not be reached.
        ContentError: the source lacks something, or its bytes are others.
    """
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for blob in blobs_of(manifests):
            if blob.digest in destination.lacking:
                group.create_task(_push_blob(destination, blob, listen, supply, memory))
            else:
                _stored(destination, blob, "present", listen)
    for level in _levels(manifests):
        async with asyncio.TaskGroup() as group:
            for manifest in level:
                group.create_task(_put_manifest(destination, manifest, listen))
    traffic, seconds = destination.traffic, time.monotonic() - begun
    listen(
        Staged(
            repository=destination.name,
            uploaded=traffic.uploaded,
            mounted=traffic.mounted,
            present=traffic.present,
            seconds=seconds,
            manifests=sum(digest in destination.lacking for digest in manifests),
        )
    )


def _levels(manifests: Manifests) -> Iterator[list[ImageManifest | ImageIndex]]:
    """Manifests in groups: what is in one refers only to what is in groups before it."""
    depth: dict[Digest, int] = {}
    for digest, node in manifests.items():  # children come before parents
        children = node.manifests if isinstance(node, ImageIndex) else ()
        below = [depth[child.digest] for child in children]
        depth[digest] = 1 + max(below, default=0)
    for level in range(1, 1 + max(depth.values(), default=0)):
        yield [node for digest, node in manifests.items() if depth[digest] == level]


async def _put_manifest(
    destination: Destination, manifest: ImageManifest | ImageIndex, listen: Listener
) -> None:
    lacking = manifest.descriptor.digest in destination.lacking
    if lacking:
        await destination.remote.put_manifest(manifest, look=False)
    listen(
        ManifestStored(
            repository=destination.name,
            descriptor=manifest.descriptor,
            how="uploaded" if lacking else "present",
        )
    )


async def _push_blob(
    destination: Destination,
    blob: Descriptor,
    listen: Listener,
    supply: Supply,
    memory: UploadMemory,
) -> None:
    def progress(sent: int) -> None:
        listen(BlobProgress(repository=destination.name, descriptor=blob, sent=sent))

    source = destination.submission.source
    try:
        how = await destination.remote.push_blob(
            blob,
            supply.body(source, blob),
            mount_from=destination.submission.mount_from,
            on_progress=progress,
            memory=memory,
            look=False,
        )
    except UploadRefusedError:
        # Told of what is sent: are these the bytes that the digest says?
        await asyncio.to_thread(_prove, source, blob)
        raise
    _stored(destination, blob, how, listen)


def _stored(destination: Destination, blob: Descriptor, how: Transfer, listen: Listener) -> None:
    destination.traffic = destination.traffic.plus(how, blob.size)
    listen(BlobStored(repository=destination.name, descriptor=blob, how=how))


def _prove(source: Fetcher, blob: Descriptor) -> None:
    try:
        with source.open(blob) as content:
            for _ in proven_chunks(blob, content, str(source)):
                pass
    except ContentError as error:
        error.hint = "the copy on this disk is damaged; make it anew with `--force`"
        raise


async def read_back(destination: Destination, manifests: Manifests) -> None:
    """Ask the repository for all that was sent and for what it refers to, and compare it.

    Where nothing was lacking, the question whether it was is the proof, unless that is long ago.

    Raises:
        BlobNotFoundError: it does not hold a blob that it took.
        RegistryError, ContentError: a manifest is absent or other bytes.
    """
    long_ago = time.monotonic() - destination.asked > STOCK_S
    if not destination.lacking and not long_ago:
        return
    async with asyncio.TaskGroup() as group:
        for digest in manifests:
            if digest in destination.lacking:
                group.create_task(_read(destination, digest))
            elif long_ago:
                group.create_task(_find(destination, digest))
        for blob in blobs_of(manifests):
            group.create_task(_see(destination, blob))


async def _read(destination: Destination, digest: Digest) -> None:
    """The bytes, which prove themselves; a registry that lags is waited for."""
    if not await settled(lambda: _is_there(destination, digest)):
        raise BlobNotFoundError(str(digest), destination.name)


async def _is_there(destination: Destination, digest: Digest) -> bool:
    try:
        await destination.remote.get_manifest(digest)
    except (ManifestNotFoundError, RepositoryNotFoundError):
        return False
    return True


async def _find(destination: Destination, digest: Digest) -> None:
    if await destination.remote.head(digest) is None:
        raise BlobNotFoundError(str(digest), destination.name)


async def _see(destination: Destination, blob: Descriptor) -> None:
    if not await settled(lambda: destination.remote.blob_exists(blob)):
        raise BlobNotFoundError(str(blob.digest), destination.name)
