"""Uploads that were begun and not closed, kept where another process can find them.

What is kept may have been changed by anybody who can write the file: a location from here is judged
like one that a registry names, and its registry is asked how far the upload came.
"""

from dataclasses import dataclass, field
from typing import Protocol

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload: where it goes on, and how many bytes the registry said to have.

    `location` is absolute and may hold a signature: whoever keeps it keeps it from others.
    """

    repository: Repository
    digest: Digest
    location: str = field(repr=False)
    acknowledged: int


class UploadMemory(Protocol):
    """Keeps uploads; called in the event loop, so it must be quick."""

    def recall(self, repository: Repository, digest: Digest) -> Upload | None:
        """The upload that was begun for this blob, if any is known."""
        ...

    def keep(self, upload: Upload) -> None:
        """Know this upload, in place of any other of the same blob."""
        ...

    def forget(self, repository: Repository, digest: Digest) -> None:
        """The upload has ended: the blob is stored, or the registry knows it no more."""
        ...


class _NoMemory:
    """Keeps nothing."""

    def recall(self, _repository: Repository, _digest: Digest) -> None:
        return None

    def keep(self, upload: Upload) -> None:
        pass

    def forget(self, repository: Repository, digest: Digest) -> None:
        pass


NO_MEMORY: UploadMemory = _NoMemory()
"""Every upload begins anew in every process."""
