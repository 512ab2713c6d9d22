"""Storage in a folder: survives the process, and never holds a whole blob in memory.

    blobs/sha256/<hex>/data                       content, once
    blobs/sha256/<hex>/holders/<repository>       an empty file for each repository that holds it
    repositories/<repository>/manifests/<digest>  media type, subject, then the bytes as pushed
    repositories/<repository>/tags/<tag>          a digest
    repositories/<repository>/referrers/<subject>/<digest>
    uploads/<session>/data, uploads/<session>/repository

`/` in a repository's name is written `+`, and `:` in a digest `-`: characters that neither can
hold, so each name is one path component. Files are written beside their place and renamed; they
are not synced to disk, because a sandbox must survive a killed process and not a power cut.
"""

import hashlib
import os
import shutil
import threading
import uuid
from pathlib import Path
from typing import BinaryIO

from polyarch.errors import InvalidReferenceError, StorageError
from polyarch.oci.digest import Digest
from polyarch.sandbox.files import (
    component,
    file_name,
    is_session,
    names,
    parse_file_name,
    read,
    write,
)
from polyarch.sandbox.names import is_tag
from polyarch.sandbox.storage import StoredManifest


class FolderStorage:
    """One folder, one process at a time; opening it again shows what was there.

    Raises:
        StorageError: the folder cannot be made.
        OSError: from any method when the disk is full or gone; nothing half-written is visible.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._running: dict[str, hashlib._Hash] = {}
        self._linking = threading.Lock()
        try:
            for name in ("blobs", "repositories", "uploads"):
                (root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(str(root), error.strerror or str(error)) from error

    # --- uploads ---

    def start_upload(self, repository: str, algorithm: str) -> str:
        """Open a session and hash along as its bytes arrive."""
        session = str(uuid.uuid4())
        folder = self._upload(session)
        folder.mkdir()
        (folder / "data").touch()
        write(folder / "repository", repository.encode())
        self._running[session] = hashlib.new(algorithm)
        return session

    def upload_size(self, repository: str, session: str) -> int | None:
        """Bytes received so far."""
        if not is_session(session):
            return None
        folder = self._upload(session)
        owner = read(folder / "repository")
        if owner is None or owner.decode() != repository:
            return None
        return (folder / "data").stat().st_size

    def append_upload(self, session: str, data: bytes) -> None:
        """Add bytes to the end; what a full disk could not take is cut off again."""
        path = self._upload(session) / "data"
        before = path.stat().st_size
        try:
            with path.open("ab") as file:
                file.write(data)
        except OSError:
            self.truncate_upload(session, before)
            raise
        if session in self._running:
            self._running[session].update(data)

    def truncate_upload(self, session: str, size: int) -> None:
        """Forget what lies beyond `size`; the hash begins anew when the session is finished."""
        self._running.pop(session, None)
        os.truncate(self._upload(session) / "data", size)

    def finish_upload(self, session: str, digest: Digest) -> bool:
        """Make it a blob when the digest holds, by renaming the file."""
        folder = self._upload(session)
        repository = (folder / "repository").read_text()
        try:
            if self._hash(session, digest.algorithm) != digest.encoded:
                return False
            with self._linking:
                place = self._blob(digest)
                (place / "holders").mkdir(parents=True, exist_ok=True)
                (folder / "data").replace(place / "data")
                self._hold(repository, digest)
        finally:
            self.cancel_upload(session)
        return True

    def cancel_upload(self, session: str) -> None:
        """Forget a session and its bytes."""
        self._running.pop(session, None)
        shutil.rmtree(self._upload(session), ignore_errors=True)

    # --- blobs ---

    def blob_size(self, repository: str, digest: Digest) -> int | None:
        """Size, where this repository holds it."""
        if not self._holder(repository, digest).exists():
            return None
        return (self._blob(digest) / "data").stat().st_size

    def open_blob(self, digest: Digest) -> BinaryIO:
        """The file itself; it stays readable when the blob is deleted meanwhile."""
        return (self._blob(digest) / "data").open("rb")

    def holders(self, digest: Digest) -> tuple[str, ...]:
        """The repositories that hold it."""
        return tuple(
            sorted(name.replace("+", "/") for name in names(self._blob(digest) / "holders"))
        )

    def link_blob(self, repository: str, digest: Digest) -> bool:
        """Let one more repository hold it."""
        with self._linking:
            if not self.holders(digest):
                return False
            self._hold(repository, digest)
        return True

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Take it from one repository; the content goes with the last."""
        with self._linking:
            try:
                self._holder(repository, digest).unlink()
            except FileNotFoundError:
                return False
            if not self.holders(digest):
                shutil.rmtree(self._blob(digest))
        return True

    # --- manifests, tags, referrers ---

    def has_repository(self, repository: str) -> bool:
        """Whether it came into being."""
        return self._repository(repository).is_dir()

    def put_manifest(self, repository: str, digest: Digest, manifest: StoredManifest) -> None:
        """Keep a manifest; its referrer entry first, which counts only with the manifest."""
        folder = self._repository(repository)
        subject = file_name(manifest.subject) if manifest.subject else ""
        if subject:
            write(folder / "referrers" / subject / file_name(digest), b"")
        head = f"{manifest.media_type}\n{subject}\n".encode()
        write(folder / "manifests" / file_name(digest), head + manifest.raw)

    def manifest(self, repository: str, digest: Digest) -> StoredManifest | None:
        """The manifest as it was pushed."""
        content = read(self._repository(repository) / "manifests" / file_name(digest))
        if content is None:
            return None
        media_type, subject, raw = content.split(b"\n", 2)
        return StoredManifest(
            media_type=media_type.decode(),
            raw=raw,
            subject=parse_file_name(subject.decode()) if subject else None,
        )

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Remove the tags that point to a manifest, then the manifest."""
        path = self._repository(repository) / "manifests" / file_name(digest)
        if not path.exists():
            return False
        for tag in self.tags(repository):
            if self.tag(repository, tag) == digest:
                self.delete_tag(repository, tag)
        path.unlink()
        return True

    def put_tag(self, repository: str, tag: str, digest: Digest) -> None:
        """Move a tag by replacing its file."""
        write(self._tag(repository, tag), str(digest).encode())

    def tag(self, repository: str, tag: str) -> Digest | None:
        """What a tag points to."""
        content = read(self._tag(repository, tag))
        return Digest.parse(content.decode()) if content else None

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags in byte order."""
        return tuple(sorted(names(self._repository(repository) / "tags")))

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Remove a tag alone."""
        try:
            self._tag(repository, tag).unlink()
        except FileNotFoundError:
            return False
        return True

    def referrers(self, repository: str, subject: Digest) -> tuple[Digest, ...]:
        """The manifests still stored that name `subject`."""
        folder = self._repository(repository)
        named = sorted(names(folder / "referrers" / file_name(subject)))
        return tuple(
            parse_file_name(name) for name in named if (folder / "manifests" / name).exists()
        )

    # --- places ---

    def _hash(self, session: str, algorithm: str) -> str:
        running = self._running.get(session)
        if running is not None and running.name == algorithm:
            return running.hexdigest()
        with (self._upload(session) / "data").open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()

    def _hold(self, repository: str, digest: Digest) -> None:
        self._repository(repository).mkdir(exist_ok=True)
        self._holder(repository, digest).touch()

    def _upload(self, session: str) -> Path:
        return self._root / "uploads" / session

    def _blob(self, digest: Digest) -> Path:
        return self._root / "blobs" / digest.algorithm / digest.encoded

    def _holder(self, repository: str, digest: Digest) -> Path:
        return self._blob(digest) / "holders" / component(repository)

    def _repository(self, repository: str) -> Path:
        return self._root / "repositories" / component(repository)

    def _tag(self, repository: str, tag: str) -> Path:
        if not is_tag(tag):
            raise InvalidReferenceError(tag, "it is not a tag")
        return self._repository(repository) / "tags" / tag
