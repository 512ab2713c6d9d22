"""What a memory knows of the upload of one blob, and what of that is still true."""

from polyarch.errors import RegistryError
from polyarch.oci.descriptor import Descriptor
from polyarch.registry.memory import NO_MEMORY, Upload, UploadMemory
from polyarch.registry.place import Place
from polyarch.registry.upload_calls import UploadCalls


class KeptUpload:
    """The upload of `blob`, as it is kept for another process."""

    def __init__(self, memory: UploadMemory, calls: UploadCalls, blob: Descriptor) -> None:
        self._memory = memory
        self._calls = calls
        self._blob = blob

    @property
    def outlives(self) -> bool:
        """Whether anything is kept at all."""
        return self._memory is not NO_MEMORY

    async def recall(self) -> Place | None:
        """Where the upload stands, if it lives.

        Its location may have been changed by anybody: only a question goes there, and goes nowhere
        that the registry could not name, until it is known for an upload.
        """
        upload = self._memory.recall(self._calls.repository, self._blob.digest)
        if upload is None:
            return None
        try:
            self._calls.check(upload.location)
            before = Place(location=upload.location, next=max(0, upload.acknowledged))
            found = await self._calls.ask(before)
        except RegistryError:
            found = None
        if found is None or found.next > self._blob.size:
            self.forget()
            return None
        return found

    def keep(self, place: Place) -> None:
        """Know the upload at this place."""
        self._memory.keep(
            Upload(
                repository=self._calls.repository,
                digest=self._blob.digest,
                location=place.location,
                acknowledged=place.next,
            )
        )

    def forget(self) -> None:
        """The upload has ended."""
        self._memory.forget(self._calls.repository, self._blob.digest)
