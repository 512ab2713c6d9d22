"""Bringing one blob to a repository: found there, mounted from a sibling, or sent.

Sources: distribution-spec v1.1 "Pushing Blobs"; goharbor/harbor#17097 (mounts that fail).
"""

import contextlib
from collections.abc import Sequence

from polyarch.errors import DigestMismatchError, RegistryError, RegistryUnavailableError
from polyarch.events import Transfer
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.memory import NO_MEMORY, UploadMemory
from polyarch.registry.place import Place
from polyarch.registry.sending import Sending
from polyarch.registry.session import Session
from polyarch.registry.upload_calls import Progress, UploadCalls

_HERE = None
"""In place of where a blob is to be sent: it is there."""


class Uploader:
    """Brings blobs to one repository."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self._habits = session.habits
        self._repository = repository
        self._calls = UploadCalls(session, repository)

    async def push(
        self,
        blob: Descriptor,
        body: Body,
        *,
        mount_from: Sequence[Repository],
        on_progress: Progress,
        memory: UploadMemory = NO_MEMORY,
        look: bool = True,
    ) -> Transfer:
        """Let the repository hold the blob; without `look` it is known not to be there.

        Raises:
            RegistryError: refused, or out of reach for longer than the retry policy waits.
            ContentError: the source is absent, or its bytes are others.
        """
        if look and await self._calls.exists(blob):
            return "present"
        place: Place | None = None
        for source in self._siblings(mount_from):
            # No failure of a mount is a reason to fail: the blob is sent instead.
            with contextlib.suppress(RegistryError):
                place = await self._calls.mount(blob, source)
                if place is _HERE:
                    return "mounted"
                break
        if place is None and self._habits.try_single_post(blob.size):
            stored, place = await self._post_whole(blob, body, on_progress)
            if stored:
                return "uploaded"
        sending = Sending(self._calls, blob, body, memory=memory, on_progress=on_progress)
        await sending.run(place)
        return "uploaded"

    async def open(self) -> str:
        """See that uploads are taken here: one is opened; this is its place, to cancel it.

        Raises:
            RegistryError: they are not.
        """
        return (await self._calls.open()).location

    async def cancel(self, location: str) -> None:
        """Give an upload up, as well as it goes: half uploads count against quotas."""
        await self._calls.cancel(location)

    def _siblings(self, sources: Sequence[Repository]) -> Sequence[Repository]:
        ours = self._repository
        return [s for s in sources if s.registry == ours.registry and s != ours]

    async def _post_whole(
        self, blob: Descriptor, body: Body, on_progress: Progress
    ) -> tuple[bool, Place | None]:
        """Try the shortest way for a small blob; whether it is stored, else where to send it.

        Success is believed after the registry has shown the blob once.
        """
        proven = self._habits.single_post_proven
        try:
            place = await self._calls.post_whole(blob, body, on_progress)
        except DigestMismatchError:
            raise
        except RegistryUnavailableError:
            return await self._calls.exists(blob), None
        except RegistryError:
            return False, None
        if place is not None:
            return False, place
        if not proven:
            if not await self._calls.exists(blob):
                return False, None
            self._habits.single_post_worked()
        return True, None
