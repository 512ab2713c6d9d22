"""Storage in memory: for tests, gone with the process."""

import hashlib
import io
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from polyarch.oci.digest import Digest
from polyarch.sandbox.storage import StoredManifest


@dataclass(slots=True, kw_only=True)
class _Upload:
    repository: str
    data: io.BytesIO = field(default_factory=io.BytesIO)


@dataclass(slots=True, kw_only=True)
class Blob:
    """A blob and who holds it; its content is None where a storage does not keep it."""

    size: int
    content: bytes | None
    holders: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class _Repository:
    manifests: dict[Digest, StoredManifest] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)


class MemoryStorage:
    """Uploads, blobs, manifests and tags in dictionaries."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}
        self._blobs: dict[Digest, Blob] = {}
        self._repositories: dict[str, _Repository] = {}
        self._linking = threading.Lock()

    def start_upload(self, repository: str, _algorithm: str) -> str:
        """Open a session; it is hashed when it is finished."""
        session = str(uuid.uuid4())
        self._uploads[session] = _Upload(repository=repository)
        return session

    def upload_size(self, repository: str, session: str) -> int | None:
        """Bytes received so far."""
        upload = self._uploads.get(session)
        if upload is None or upload.repository != repository:
            return None
        return upload.data.tell()

    def append_upload(self, session: str, data: bytes) -> None:
        """Add bytes to the end."""
        self._uploads[session].data.write(data)

    def truncate_upload(self, session: str, size: int) -> None:
        """Forget what lies beyond `size`."""
        data = self._uploads[session].data
        data.seek(size)
        data.truncate()

    def finish_upload(self, session: str, digest: Digest) -> bool:
        """Make it a blob when the digest holds."""
        upload = self._uploads.pop(session)
        content = upload.data.getvalue()
        if hashlib.new(digest.algorithm, content).hexdigest() != digest.encoded:
            return False
        self._keep(upload.repository, digest, Blob(size=len(content), content=content))
        return True

    def cancel_upload(self, session: str) -> None:
        """Forget a session."""
        self._uploads.pop(session, None)

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        """Size, where this repository holds it."""
        blob = self._blobs.get(digest)
        return blob.size if blob and repository in blob.holders else None

    def open_blob(self, digest: Digest) -> BinaryIO:
        """A reader over the shared bytes, not a copy."""
        return io.BytesIO(self._blobs[digest].content or b"")

    def holders(self, digest: Digest) -> tuple[str, ...]:
        """The repositories that hold it."""
        blob = self._blobs.get(digest)
        return tuple(sorted(blob.holders)) if blob else ()

    def link_blob(self, repository: str, digest: Digest) -> bool:
        """Let one more repository hold it."""
        with self._linking:
            blob = self._blobs.get(digest)
            if blob:
                self._hold(repository, blob)
        return blob is not None

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Take it from one repository."""
        with self._linking:
            blob = self._blobs.get(digest)
            if blob is None or repository not in blob.holders:
                return False
            blob.holders.remove(repository)
            if not blob.holders:
                del self._blobs[digest]
        return True

    def has_repository(self, repository: str) -> bool:
        """Whether it came into being."""
        return repository in self._repositories

    def put_manifest(self, repository: str, digest: Digest, manifest: StoredManifest) -> None:
        """Keep a manifest."""
        self._repositories.setdefault(repository, _Repository()).manifests[digest] = manifest

    def manifest(self, repository: str, digest: Digest) -> StoredManifest | None:
        """The manifest as it was pushed."""
        return self._manifests(repository).get(digest)

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Remove a manifest with its tags."""
        if digest not in self._manifests(repository):
            return False
        held = self._repositories[repository]
        del held.manifests[digest]
        held.tags = {tag: target for tag, target in held.tags.items() if target != digest}
        return True

    def put_tag(self, repository: str, tag: str, digest: Digest) -> None:
        """Move a tag."""
        self._repositories[repository].tags[tag] = digest

    def tag(self, repository: str, tag: str) -> Digest | None:
        """What a tag points to."""
        return self._tags(repository).get(tag)

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags in byte order."""
        return tuple(sorted(self._tags(repository)))

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Remove a tag alone."""
        if tag not in self._tags(repository):
            return False
        del self._repositories[repository].tags[tag]
        return True

    def referrers(self, repository: str, subject: Digest) -> tuple[Digest, ...]:
        """The manifests that name `subject`."""
        held = self._manifests(repository)
        return tuple(sorted(d for d, manifest in held.items() if manifest.subject == subject))

    def _keep(self, repository: str, digest: Digest, blob: Blob) -> None:
        with self._linking:
            self._hold(repository, self._blobs.setdefault(digest, blob))

    def _hold(self, repository: str, blob: Blob) -> None:
        blob.holders.add(repository)
        self._repositories.setdefault(repository, _Repository())

    def _manifests(self, repository: str) -> Mapping[Digest, StoredManifest]:
        held = self._repositories.get(repository)
        return held.manifests if held else {}

    def _tags(self, repository: str) -> Mapping[str, Digest]:
        held = self._repositories.get(repository)
        return held.tags if held else {}
