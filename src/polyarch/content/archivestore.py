"""An OCI image layout in a tar archive, read where it is.

Source: image-spec v1.1 image-layout.md, which allows archives of it.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import BinaryIO

from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE
from polyarch.content.tarindex import TarIndex
from polyarch.errors import BlobNotFoundError, InvalidDigestError, MalformedManifestError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.oci.manifest import ImageIndex

BLOBS = "blobs/"
_UNKNOWN = "application/octet-stream"


class ArchiveStore:
    """A fetcher; what it gives is to be proven like all that is fetched."""

    def __init__(self, tar: TarIndex) -> None:
        self.tar = tar

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        found = self.tar.open(blob_path(descriptor.digest), offset)
        if found is None:
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        return found

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the blob is there in its full size."""
        return self.tar.size(blob_path(descriptor.digest)) == descriptor.size

    @property
    def is_layout(self) -> bool:
        """Whether the archive holds an OCI layout at all."""
        return self.tar.size(LAYOUT_FILE) is not None and self.tar.size(INDEX_FILE) is not None

    def check(self) -> None:
        """Refuse an archive that holds no layout of the known version.

        Raises:
            MalformedManifestError: it holds none.
        """
        if not self.is_layout:
            reason = f"there is no `{LAYOUT_FILE}` and `{INDEX_FILE}` in it"
            if self.tar.size("manifest.json") is not None:
                reason += "; it is Docker's own form, read as `docker-archive:`"
            raise self._malformed(reason)
        try:
            version = json.loads(self.tar.read(LAYOUT_FILE, MAX_MANIFEST_BYTES) or b"")
            version = version["imageLayoutVersion"]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise self._malformed(f"its `{LAYOUT_FILE}` cannot be read") from error
        if not str(version).startswith("1."):
            raise self._malformed(f"its version is `{version}`")

    def index(self) -> bytes:
        """The bytes of `index.json`.

        Raises:
            MalformedManifestError: it is absent or far too large.
        """
        raw = self.tar.read(INDEX_FILE, MAX_MANIFEST_BYTES)
        if raw is None:
            raise self._malformed(f"there is no `{INDEX_FILE}` in it")
        return raw

    def entries(self) -> tuple[Descriptor, ...]:
        """What `index.json` names, in its order.

        Raises:
            MalformedManifestError: it is absent or no index.
        """
        return ImageIndex.parse(self.index()).manifests

    def blobs(self) -> Iterator[Descriptor]:
        """Every blob in it, by the digest that its name tells; of no media type that is known."""
        for name in self.tar.names():
            if name.startswith(BLOBS) and name.count("/") == 2:  # noqa: PLR2004 - blobs/alg/digest
                with contextlib.suppress(InvalidDigestError):
                    digest = Digest.parse(name.removeprefix(BLOBS).replace("/", ":"))
                    size = self.tar.size(name) or 0
                    yield Descriptor(media_type=_UNKNOWN, digest=digest, size=size)

    def _malformed(self, reason: str) -> MalformedManifestError:
        return MalformedManifestError("OCI archive", reason, where=str(self))

    def __str__(self) -> str:
        return self.tar.where


def blob_path(digest: Digest) -> str:
    """Where a blob stands in a layout; a Digest is checked text, so it cannot escape."""
    return f"{BLOBS}{digest.algorithm}/{digest.encoded}"
