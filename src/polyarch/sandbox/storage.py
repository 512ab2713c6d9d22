"""Where a sandbox registry keeps what is pushed: the protocols, in three parts.

Methods are synchronous. The server calls them from one event loop; only `append_upload` and
`finish_upload` run in worker threads, never two at once for one session. A repository comes into
being with its first blob or manifest.
"""

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from polyarch.oci.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredManifest:
    """A manifest exactly as it was pushed."""

    media_type: str
    raw: bytes
    subject: Digest | None = None


class UploadStorage(Protocol):
    """Bytes that are still arriving; a session belongs to one repository."""

    def start_upload(self, repository: str, algorithm: str) -> str:
        """Open a session whose digest will probably use `algorithm`; returns its id."""

    def upload_size(self, repository: str, session: str) -> int | None:
        """Bytes received so far; None for a session that is not open in this repository."""

    def append_upload(self, session: str, data: bytes) -> None:
        """Add bytes to the end of an open session."""

    def truncate_upload(self, session: str, size: int) -> None:
        """Forget what lies beyond `size` bytes of an open session."""

    def finish_upload(self, session: str, digest: Digest) -> bool:
        """Make a session's bytes a blob of its repository; it is closed either way.

        False: the bytes have another digest, and nothing of them is kept.
        """

    def cancel_upload(self, session: str) -> None:
        """Forget a session; one that is not open is no error."""


class BlobStorage(Protocol):
    """Blobs: each content kept once, and linked into the repositories that hold it."""

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        """Size in bytes; None when this repository does not hold the blob."""

    def open_blob(self, digest: Digest) -> BinaryIO:
        """The content, to be closed by the caller; the blob must be held somewhere."""

    def holders(self, digest: Digest) -> tuple[str, ...]:
        """The repositories that hold a blob, sorted."""

    def link_blob(self, repository: str, digest: Digest) -> bool:
        """Let a repository hold a blob that another one holds; False when none does."""

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Take a blob from one repository; its content goes with the last link. False: not held."""


class ManifestStorage(Protocol):
    """Manifests, tags and referrers of each repository."""

    def has_repository(self, repository: str) -> bool:
        """Whether it ever held a blob or a manifest."""

    def put_manifest(self, repository: str, digest: Digest, manifest: StoredManifest) -> None:
        """Keep a manifest, and count it among its subject's referrers."""

    def manifest(self, repository: str, digest: Digest) -> StoredManifest | None:
        """The manifest as it was pushed; its subject is told as well."""

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Remove a manifest and every tag that points to it; False when it is not there."""

    def put_tag(self, repository: str, tag: str, digest: Digest) -> None:
        """Let a tag point to a manifest of the same repository."""

    def tag(self, repository: str, tag: str) -> Digest | None:
        """What a tag points to."""

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags, in byte order."""

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Remove a tag alone; False when it is not there."""

    def referrers(self, repository: str, subject: Digest) -> tuple[Digest, ...]:
        """The manifests still stored that name `subject`, sorted."""


class Storage(UploadStorage, BlobStorage, ManifestStorage, Protocol):
    """All that a registry needs."""
