"""Manifests that were read once, kept by digest: what is known is not asked for again.

Registries count reads of manifests against quotas; a digest's bytes never change.
"""

import contextlib
from pathlib import Path

from polyarch.content.files import open_regular, write_bytes
from polyarch.errors import StorageError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES

MOST = 2000
"""Kept manifests; when there are more, the older half goes."""


class Shelf:
    """A folder of small files. A disk that fails makes it forget, and nothing else.

    `was_empty`: no earlier run has kept anything.
    """

    def __init__(self, root: Path, *, most: int = MOST) -> None:
        self._root = root
        self._most = most
        self.was_empty = True
        with contextlib.suppress(OSError):
            self.was_empty = next(root.iterdir(), None) is None

    def get(self, digest: Digest) -> bytes | None:
        """The bytes of this digest, proven; None where they are not here any more."""
        with contextlib.suppress(OSError), open_regular(self._path(digest)) as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
            if Digest.of(raw, digest.algorithm) == digest:
                return raw
        return None

    def put(self, digest: Digest, raw: bytes) -> None:
        """Keep bytes that were proven to have this digest."""
        path = self._path(digest)
        with contextlib.suppress(OSError, StorageError):
            if not path.exists():
                write_bytes(path, raw, mode=0o600)
                self._make_room()

    def _make_room(self) -> None:
        kept = list(self._root.iterdir())
        if len(kept) > self._most:
            for path in sorted(kept, key=_age)[: len(kept) // 2]:
                path.unlink(missing_ok=True)

    def _path(self, digest: Digest) -> Path:
        return self._root / f"{digest.algorithm}-{digest.encoded}"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
