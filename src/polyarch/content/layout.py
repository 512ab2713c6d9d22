"""An OCI image layout: a folder of blobs and one `index.json` that names the entry points.

Written so that any reader at any moment sees a whole layout: a blob appears under its name only
when it is proven, `index.json` is replaced in one step under a lock, and nothing is ever changed in
place.

Source: image-spec v1.1 image-layout.md.
"""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from polyarch.content.entries import named, with_entry
from polyarch.content.files import locked, open_regular, replacing, write_bytes
from polyarch.content.reader import proven_chunks
from polyarch.errors import BlobNotFoundError, MalformedManifestError, StorageError
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.oci.manifest import ImageIndex

LAYOUT_FILE = "oci-layout"
INDEX_FILE = "index.json"
LAYOUT_VERSION = b'{"imageLayoutVersion":"1.0.0"}'
_LOCK_FILE = ".lock"


class LayoutStore:
    """One layout folder; made when first written to. Several processes may write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        try:
            file = open_regular(self.path_of(descriptor.digest))
        except OSError as error:
            raise BlobNotFoundError(str(descriptor.digest), str(self)) from error
        file.seek(offset)
        return file

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the blob is there in its full size."""
        try:
            found = self.path_of(descriptor.digest).stat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == descriptor.size

    def push(self, descriptor: Descriptor, content: BinaryIO) -> None:
        """Keep proven content under its digest."""
        if self.exists(descriptor):
            return
        self._prepare()
        with replacing(self.path_of(descriptor.digest)) as file:
            for chunk in proven_chunks(descriptor, content, str(self)):
                file.write(chunk)

    def add(self, media_type: str, data: bytes) -> Descriptor:
        """Keep bytes at hand and say what they are."""
        descriptor = Descriptor.of(media_type, data)
        if not self.exists(descriptor):
            self._prepare()
            write_bytes(self.path_of(descriptor.digest), data)
        return descriptor

    def adopt(self, descriptor: Descriptor, other: "LayoutStore") -> bool:
        """Take a blob over from a layout on the same disk without copying; False where that fails.

        Blobs are never changed in place, so two names of one file are as good as two files.
        """
        if self.exists(descriptor):
            return True
        if not other.exists(descriptor):
            return False
        self._prepare()
        target = self.path_of(descriptor.digest)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(other.path_of(descriptor.digest))
        except OSError:
            return self.exists(descriptor)  # somebody else was quicker, or it cannot be done
        return True

    def remove(self, descriptor: Descriptor) -> None:
        """Let a blob go; only for a layout that nobody else uses yet.

        Raises:
            StorageError: it cannot be removed.
        """
        path = self.path_of(descriptor.digest)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(str(path), error.strerror or str(error)) from error

    def entries(self) -> tuple[Descriptor, ...]:
        """What `index.json` names, in its order; a folder that holds no layout yet has none.

        Raises:
            MalformedManifestError: `index.json` is not an index.
        """
        try:
            raw = self._small(INDEX_FILE)
        except FileNotFoundError:
            return ()
        except OSError as error:
            reason = f"its `{INDEX_FILE}` cannot be read: {error.strerror}"
            raise MalformedManifestError("OCI layout", reason, where=str(self.root)) from error
        return ImageIndex.parse(raw).manifests

    def resolve(self, tag: str) -> Descriptor | None:
        """What the name points to: its last entry counts, names are left out of the result."""
        for entry in reversed(self.entries()):
            if entry.annotations.get(annotation.REF_NAME) == tag:
                return replace(entry, annotations={})
        return None

    def tag(self, descriptor: Descriptor, tag: str) -> None:
        """Let the name point to a manifest that is in the layout."""
        self.add_entries(named(descriptor, tag))

    def add_entries(self, *entries: Descriptor) -> None:
        """Add entry points in one step; each takes the place of the one that has its name.

        Raises:
            BlobNotFoundError: one of them is not in the layout; nothing is changed then.
            MalformedManifestError: `index.json` is not an index, or would be too large.
        """
        for entry in entries:
            if not self.exists(entry):
                raise BlobNotFoundError(str(entry.digest), str(self))
        self._prepare()
        with locked(self.root / _LOCK_FILE):
            raw = self._small(INDEX_FILE)
            for entry in entries:
                raw = with_entry(raw, entry)
            write_bytes(self.root / INDEX_FILE, raw)

    def set_entries(self, descriptors: tuple[Descriptor, ...]) -> None:
        """Let exactly these be the entry points."""
        self._prepare()
        with locked(self.root / _LOCK_FILE):
            self._write_index(list(descriptors))

    def path_of(self, digest: Digest) -> Path:
        """The file that holds the blob; a Digest is checked text, so it cannot escape."""
        return self.root / "blobs" / digest.algorithm / digest.encoded

    def check(self) -> None:
        """Refuse a folder that is no layout of the known version.

        Raises:
            MalformedManifestError: it is none.
        """
        try:
            version = json.loads(self._small(LAYOUT_FILE))["imageLayoutVersion"]
        except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
            reason = f"there is no readable `{LAYOUT_FILE}` in it"
            raise MalformedManifestError("OCI layout", reason, where=str(self.root)) from error
        if not str(version).startswith("1."):
            reason = f"its version is `{version}`"
            raise MalformedManifestError("OCI layout", reason, where=str(self.root))

    def _small(self, name: str) -> bytes:
        """A file of the layout itself: of one that is too large, one byte more than may be."""
        with open_regular(self.root / name) as file:
            return file.read(MAX_MANIFEST_BYTES + 1)

    def _prepare(self) -> None:
        if not (self.root / LAYOUT_FILE).exists():
            write_bytes(self.root / LAYOUT_FILE, LAYOUT_VERSION)
        if not (self.root / INDEX_FILE).exists():
            with locked(self.root / _LOCK_FILE):
                if not (self.root / INDEX_FILE).exists():
                    self._write_index([])

    def _write_index(self, entries: list[Descriptor]) -> None:
        write_bytes(self.root / INDEX_FILE, ImageIndex.build(entries).raw)

    def __str__(self) -> str:
        return os.fspath(self.root)
