"""A repository of a registry: what publishing, verifying and inspecting ask of it."""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from polyarch.errors import (
    DeniedError,
    MalformedManifestError,
    ManifestNotFoundError,
    RepositoryNotFoundError,
)
from polyarch.events import Transfer
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import Repository
from polyarch.registry.blobs import blob_exists, open_blob
from polyarch.registry.body import Body
from polyarch.registry.call import Call, nothing_sent
from polyarch.registry.condition import ANYWAY, Condition
from polyarch.registry.manifests import Manifests
from polyarch.registry.memory import NO_MEMORY, UploadMemory
from polyarch.registry.profile import Profile
from polyarch.registry.referrers import Listed, Referrers
from polyarch.registry.session import Session
from polyarch.registry.stream import BlobStream
from polyarch.registry.tags import list_tags
from polyarch.registry.upload import Uploader
from polyarch.registry.upload_calls import Progress


class RemoteRepository:
    """One repository. Every method may raise RegistryError; others are named where they can be."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self.repository = repository
        self._session = session
        self._manifests = Manifests(session, repository)
        self._uploader = Uploader(session, repository)
        self._referrers = Referrers(session, repository, self._manifests)
        self._sending: WeakValueDictionary[Digest, asyncio.Lock] = WeakValueDictionary()

    @property
    def profile(self) -> Profile:
        """Of which kind this registry is."""
        return self._session.profile

    async def ping(self) -> None:
        """See that there is a registry, and that it takes the login if it wants one."""
        call = Call(repository=self.repository, method="GET", url="/v2/", accept=frozenset({200}))
        await self._session.ask(call)

    async def check_push(self) -> None:
        """See that this login may push here: an upload is opened and cancelled."""
        await self.cancel_upload(await self.open_upload())

    async def open_upload(self) -> str:
        """See that this login may push here: the place of an upload, which is to be cancelled."""
        return await self._uploader.open()

    async def cancel_upload(self, place: str) -> None:
        """Give up an upload that some process began, as well as it goes.

        Raises:
            UnsafeTargetError: its place is none that this registry may send us to.
        """
        self._session.check_target(place, method="DELETE", kind="the place of an upload")
        await self._uploader.cancel(place)

    async def head(self, reference: str | Digest) -> Descriptor | None:
        """What a tag or digest is; None only where the registry says that it does not exist."""
        return await self._manifests.head(reference)

    async def get_manifest(self, reference: str | Digest) -> ImageManifest | ImageIndex:
        """A manifest or index, its digest proven.

        Raises:
            ManifestNotFoundError, RepositoryNotFoundError: it does not exist.
            DigestMismatchError, MalformedManifestError: it is not what it says.
        """
        return await self._manifests.get(reference)

    async def known_manifest(self, descriptor: Descriptor) -> ImageManifest | ImageIndex:
        """A manifest by digest, from what was read before where it is there: no proof of presence.

        Raises:
            ManifestNotFoundError, RepositoryNotFoundError: it does not exist.
            DigestMismatchError, MalformedManifestError: it is not what it says.
        """
        shelf = self._session.shelf
        if shelf and (raw := await asyncio.to_thread(shelf.get, descriptor.digest)):
            return parse_any(raw, descriptor.media_type)
        found = await self.get_manifest(descriptor.digest)
        if shelf:
            await asyncio.to_thread(shelf.put, descriptor.digest, found.raw)
        return found

    async def standing_manifest(self, reference: str | Digest) -> ImageManifest | ImageIndex | None:
        """What stands there now; None where the registry says that it does not exist.

        Where manifests were kept before, only the digest is asked: registries count reads.

        Raises:
            DigestMismatchError, MalformedManifestError: it is not what it says.
        """
        shelf = self._session.shelf
        if shelf is None or shelf.was_empty:
            try:
                found = await self.get_manifest(reference)
            except (ManifestNotFoundError, RepositoryNotFoundError):
                return None
            except DeniedError:
                pass  # what is missing may be forbidden: asking for the digest tells them apart
            else:
                if shelf:
                    await asyncio.to_thread(shelf.put, found.descriptor.digest, found.raw)
                return found
        head = await self.head(reference)
        return await self.known_manifest(head) if head else None

    async def put_manifest(
        self,
        manifest: ImageManifest | ImageIndex,
        tag: str | None = None,
        *,
        look: bool = True,
        condition: Condition = ANYWAY,
    ) -> bool:
        """Store a manifest by digest, or under a tag; False where it stood there already.

        Without `look` it is known not to be there yet, and sent at once.

        Raises:
            ImmutableTagError, ManifestRefusedError: the registry does not take it.
            PreconditionFailedError: the registry honours conditions, and this one does not hold.
            DigestMismatchError: it stored something else.
        """
        sent = await self._manifests.put(manifest, tag, look=look, condition=condition)
        if tag is not None and self._session.shelf:  # the next run will ask what it is
            await asyncio.to_thread(
                self._session.shelf.put, manifest.descriptor.digest, manifest.raw
            )
        return sent

    async def honours_conditions(self, manifest: ImageManifest | ImageIndex) -> bool:
        """Whether conditions of writes count here, found out with a manifest that stands here.

        It is sent again under the condition that it is absent: who honours that refuses, and for
        all others nothing changes.
        """
        return await self._manifests.honours_conditions(manifest)

    async def blob_exists(self, blob: Descriptor) -> bool:
        """Whether the blob stands here in its full size."""
        return await blob_exists(self._session, self.repository, blob)

    async def push_blob(
        self,
        blob: Descriptor,
        body: Body,
        *,
        mount_from: Sequence[Repository] = (),
        on_progress: Progress = nothing_sent,
        memory: UploadMemory = NO_MEMORY,
        look: bool = True,
    ) -> Transfer:
        """Let the blob stand here, sending it only where nothing else helps.

        Repositories of `mount_from` on other registries are passed over. `on_progress` is called in
        the event loop with the bytes sent so far; it starts over when sending does. `memory` knows
        of uploads that an earlier process began. Without `look` it is known not to be there yet.

        Raises:
            ContentError: the source is absent, or its bytes are others.
            UploadRefusedError: the registry does not take it.
        """
        lock = self._sending.setdefault(blob.digest, asyncio.Lock())
        async with lock:
            how = await self._uploader.push(
                blob,
                body,
                mount_from=mount_from,
                on_progress=on_progress,
                memory=memory,
                look=look or blob.digest in self._manifests.sent,
            )
        if how != "present":
            self._manifests.sent.add(blob.digest)
        return how

    async def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobStream:
        """The blob's bytes from `offset` on, for `async for`; proven when the loop has ended.

        Raises:
            BlobNotFoundError: it is not here.
            SizeMismatchError, DigestMismatchError: while reading, when the bytes are others.
        """
        return await open_blob(self._session, self.repository, blob, offset)

    async def read_blob(self, blob: Descriptor) -> bytes:
        """A small blob (a config), whole and proven.

        Raises:
            MalformedManifestError: larger than a config may be.
            ContentError: absent, or other bytes.
        """
        if blob.size > MAX_MANIFEST_BYTES:
            reason = f"its descriptor says {blob.size} bytes"
            raise MalformedManifestError("config", reason, where=f"{self.repository}@{blob.digest}")
        stream = await self.open_blob(blob)
        return b"".join([chunk async for chunk in stream])

    async def referrers(self, subject: Digest) -> Listed:
        """The artifacts that name a manifest as their subject.

        Raises:
            MalformedManifestError: the list of them is none.
        """
        return await self._referrers.of(subject)

    async def push_referrer(self, manifest: ImageManifest | ImageIndex) -> None:
        """Store an artifact by digest, so that it is found by its subject.

        Raises:
            ManifestRefusedError: the registry does not take it.
            TagOvertakenError: the list of referrers is written by others all the time.
        """
        await self._manifests.put(manifest, None)
        await self._referrers.enlist(manifest)

    async def tags(self, limit: int | None = None) -> tuple[str, ...]:
        """The tags in the registry's order, at most `limit`; none where there is no repository."""
        return await list_tags(self._session, self.repository, limit=limit)

    async def delete_tag(self, tag: str, condition: Condition = ANYWAY) -> bool:
        """Delete a tag; False where there was none.

        Some hosts delete the manifest with it (GHCR): ask nothing here that must not lose that.

        Raises:
            DeleteUnsupportedError: the registry does not delete tags.
            PreconditionFailedError: the condition did not hold any more after a wait.
        """
        return await self._manifests.delete(tag, condition)

    async def delete_manifest(self, digest: Digest) -> bool:
        """Delete a manifest and all tags that point to it; False where there was none.

        Raises:
            DeleteUnsupportedError: the registry does not delete.
        """
        return await self._manifests.delete(digest)

    def __str__(self) -> str:
        return str(self.repository)
