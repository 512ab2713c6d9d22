"""Writing tar archives of images: for `docker load` one image, as an OCI layout any number.

The archive of one image is an OCI layout with Docker's `manifest.json` beside it, as `docker save`
writes it since Engine 25 (moby/moby#44598). Entries are sorted and timeless, so the same images
give the same file; every byte is proven on its way, and the file appears whole or not at all.
"""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from polyarch.content.archivestore import ArchiveStore, blob_path
from polyarch.content.entries import named, with_entry
from polyarch.content.files import replacing
from polyarch.content.graph import walk
from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION
from polyarch.content.reader import proven_chunks, read_small
from polyarch.content.store import Fetcher
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One image that goes into an archive: its entry, names and all, and where its bytes are."""

    entry: Descriptor
    source: Fetcher


Blobs = dict[Digest, tuple[Descriptor, Fetcher]]


def write_archive(path: Path, store: Fetcher, image: Descriptor, name: str) -> None:
    """Write the image of one platform for `docker load`, under `repository:tag` unless empty.

    Raises:
        StorageError: the file cannot be written.
        ContentError: the store lacks a part of it, or holds other bytes.
    """
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    entry = named(image, name.rpartition(":")[2], name)
    docker = [
        {
            "Config": blob_path(manifest.config.digest),
            "RepoTags": [name] if name else None,
            "Layers": [blob_path(layer.digest) for layer in manifest.layers],
        }
    ]
    small = {
        INDEX_FILE: ImageIndex.build([entry]).raw,
        MANIFEST_FILE: json.dumps(docker).encode(),
        LAYOUT_FILE: LAYOUT_VERSION,
    }
    _write(path, _below([Packed(entry=image, source=store)]), small)


def write_layout_archive(
    path: Path, images: Sequence[Packed], *, kept: ArchiveStore | None = None
) -> None:
    """Write an OCI archive of these images, with all that `kept` holds beside them.

    An image takes the place of the kept one of its name, as a tag does that is moved; its bytes
    stay there.

    Raises:
        StorageError: the file cannot be written.
        ContentError: a source lacks a part, or holds other bytes.
        MalformedManifestError: `index.json` of the kept archive is none.
    """
    index = kept.index() if kept else ImageIndex.build([]).raw
    for image in images:
        index = with_entry(index, image.entry)
    blobs = {**(_all(kept) if kept else {}), **_below(images)}
    _write(path, blobs, {INDEX_FILE: index, LAYOUT_FILE: LAYOUT_VERSION})


def _below(images: Sequence[Packed]) -> Blobs:
    return {
        node.digest: (node, image.source)
        for image in images
        for node in walk(image.source, image.entry)
    }


def _all(store: ArchiveStore) -> Blobs:
    return {blob.digest: (blob, store) for blob in store.blobs()}


def _write(path: Path, blobs: Blobs, small: Mapping[str, bytes]) -> None:
    with (
        replacing(path) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for blob, source in sorted(blobs.values(), key=lambda item: str(item[0].digest)):
            with source.open(blob) as content:
                proven = _Proven(blob, content, str(source))
                _add(tar, blob_path(blob.digest), io.BufferedReader(proven), blob.size)
                proven.finish()
        for name, data in sorted(small.items()):
            _add(tar, name, io.BytesIO(data), len(data))


class _Proven(io.RawIOBase):
    """Content that is handed out and compared with what it should be."""

    def __init__(self, descriptor: Descriptor, content: BinaryIO, store: str) -> None:
        super().__init__()
        self._chunks = proven_chunks(descriptor, content, store)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some of it, at least a byte unless it has ended."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def finish(self) -> None:
        """See that it ended as it should."""
        for _ in self._chunks:
            pass


def _add(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    tar.addfile(entry, content)
