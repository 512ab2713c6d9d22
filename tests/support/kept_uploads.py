"""Uploads as another process finds them."""

import asyncio

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.memory import Upload


class Kept:
    """A memory of uploads; `told` is every change in order, None for one that was forgotten.

    With `dies_at` whoever pushes is ended when so many bytes are acknowledged.
    """

    def __init__(self, *uploads: Upload, dies_at: int | None = None) -> None:
        self.uploads = {(u.repository, u.digest): u for u in uploads}
        self.told: list[int | None] = []
        self._dies_at = dies_at

    def recall(self, repository: Repository, digest: Digest) -> Upload | None:
        return self.uploads.get((repository, digest))

    def keep(self, upload: Upload) -> None:
        self.uploads[upload.repository, upload.digest] = upload
        self.told.append(upload.acknowledged)
        if upload.acknowledged == self._dies_at:
            raise asyncio.CancelledError

    def forget(self, repository: Repository, digest: Digest) -> None:
        self.uploads.pop((repository, digest), None)
        self.told.append(None)
