"""A tar archive of one image that OCI tools and `docker load` both read.

It is an OCI image layout with Docker's `manifest.json` beside it, as `docker save` writes it since
Engine 25 (moby/moby#44598); entries are sorted and timeless, so the same image gives the same file.
"""

import io
import json
import tarfile
from pathlib import Path
from typing import BinaryIO

from polyarch.content.files import replacing
from polyarch.content.graph import walk
from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest

CONTAINERD_NAME = "io.containerd.image.name"
"""Under this annotation containerd looks for the full name when it imports an archive."""


def write_archive(path: Path, store: Fetcher, image: Descriptor, name: str) -> None:
    """Write the image of one platform under the full name `repository:tag`.

    Raises:
        StorageError: the file cannot be written.
        ContentError: the store lacks a part of it.
    """
    manifest = ImageManifest.parse(read_small(store, image), image.media_type)
    tag = name.rpartition(":")[2]
    named = Descriptor(
        media_type=image.media_type,
        digest=image.digest,
        size=image.size,
        platform=image.platform,
        annotations={annotation.REF_NAME: tag, CONTAINERD_NAME: name},
    )
    docker = [
        {
            "Config": _blob_path(manifest.config.digest),
            "RepoTags": [name],
            "Layers": [_blob_path(layer.digest) for layer in manifest.layers],
        }
    ]
    nodes = sorted(walk(store, image), key=lambda node: str(node.digest))
    with (
        replacing(path) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for node in nodes:
            with store.open(node) as content:
                _add(tar, _blob_path(node.digest), content, node.size)
        _add_bytes(tar, INDEX_FILE, ImageIndex.build([named]).raw)
        _add_bytes(tar, "manifest.json", json.dumps(docker).encode())
        _add_bytes(tar, LAYOUT_FILE, LAYOUT_VERSION)


def _blob_path(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.encoded}"


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    _add(tar, name, io.BytesIO(data), len(data))


def _add(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    tar.addfile(entry, content)
