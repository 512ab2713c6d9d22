"""Storage that hashes what is uploaded and keeps none of it: for images larger than the machine.

Sizes and digests are right, manifests and tags are kept, and so are blobs of up to 64 KiB (configs
are read back). The content of any other is gone: who reads it gets a connection that breaks off.
"""

import errno
import hashlib
import io
import os
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from polyarch.oci.digest import Digest
from polyarch.sandbox.memory import Blob, MemoryStorage

KEPT_BYTES = 64 * 1024
"""The largest blob of which the content is kept."""

_TAIL_BYTES = 1024 * 1024
"""The end of an upload that is not hashed yet, so that it can be taken back."""


@dataclass(slots=True, kw_only=True)
class _State:
    """An upload up to one byte: what is hashed, and the blocks behind it."""

    algorithm: str
    running: "hashlib._Hash | None" = None
    size: int = 0
    tail: deque[bytes] = field(default_factory=deque)
    tail_size: int = 0

    def copy(self) -> "_State":
        """One that goes its own way."""
        running = self.running.copy() if self.running else None
        return replace(self, running=running, tail=deque(self.tail))

    def append(self, data: bytes) -> None:
        """Add bytes, and hash what gets too far from the end."""
        self.tail.append(data)
        self.size += len(data)
        self.tail_size += len(data)
        while self.tail_size > _TAIL_BYTES:
            block = self.tail.popleft()
            self.tail_size -= len(block)
            self.running = self.running or hashlib.new(self.algorithm)
            self.running.update(block)

    def truncate(self, size: int) -> bool:
        """Take back what lies beyond `size`; False where that is hashed already."""
        if size < self.size - self.tail_size:
            return False
        while self.size > size:
            block = self.tail.pop()
            kept = block[: max(0, len(block) - (self.size - size))]
            self.size -= len(block) - len(kept)
            self.tail_size -= len(block) - len(kept)
            if kept:
                self.tail.append(kept)
        return True

    def hexdigest(self, algorithm: str) -> str | None:
        """Of all of it; None for an algorithm that was not hashed along."""
        if self.running and algorithm != self.algorithm:
            return None
        whole = self.running.copy() if self.running else hashlib.new(algorithm)
        for block in self.tail:
            whole.update(block)
        return whole.hexdigest()


@dataclass(slots=True, kw_only=True)
class _Upload:
    """`mark` is the state when its size was last asked for: where a request began."""

    repository: str
    state: _State
    mark: _State
    spoiled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class DiscardingStorage(MemoryStorage):
    """About 2 MiB of memory for each open upload, whatever arrives.

    An upload of more than 1 MiB is hashed with the announced algorithm alone, so that a digest of
    the other one is refused; and it can be truncated within its last MiB, or to where a request
    began, but no further.
    """

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, _Upload] = {}

    def start_upload(self, repository: str, algorithm: str) -> str:
        """Open a session."""
        session = str(uuid.uuid4())
        state = _State(algorithm=algorithm)
        self._running[session] = _Upload(repository=repository, state=state, mark=state.copy())
        return session

    def upload_size(self, repository: str, session: str) -> int | None:
        """Bytes received so far."""
        upload = self._running.get(session)
        if upload is None or upload.repository != repository:
            return None
        with upload.lock:
            upload.mark = upload.state.copy()
            return upload.state.size

    def append_upload(self, session: str, data: bytes) -> None:
        """Hash along."""
        upload = self._running[session]
        with upload.lock:
            upload.state.append(data)

    def truncate_upload(self, session: str, size: int) -> None:
        """Go back; where that cannot be, the upload will not have its digest."""
        upload = self._running[session]
        with upload.lock:
            if upload.state.truncate(size):
                return
            upload.state = upload.mark.copy()
            upload.spoiled = not upload.state.truncate(size) or upload.state.size != size
            upload.state.size = size

    def finish_upload(self, session: str, digest: Digest) -> bool:
        """Note that it is there when the digest holds."""
        upload = self._running.pop(session)
        state = upload.state
        if upload.spoiled or state.hexdigest(digest.algorithm) != digest.encoded:
            return False
        content = b"".join(state.tail) if state.size <= KEPT_BYTES else None
        self._keep(upload.repository, digest, Blob(size=state.size, content=content))
        return True

    def cancel_upload(self, session: str) -> None:
        """Forget a session."""
        self._running.pop(session, None)

    def open_blob(self, digest: Digest) -> BinaryIO:
        """The content of a small blob.

        Raises:
            OSError: it was discarded.
        """
        content = self._blobs[digest].content
        if content is None:
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA), str(digest))
        return io.BytesIO(content)
