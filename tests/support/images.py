"""Small true images, made in memory."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform


@dataclass(frozen=True)
class MadeImage:
    store: MemoryStore
    index: ImageIndex
    children: tuple[Descriptor, ...]


def layer_bytes(files: Mapping[str, bytes]) -> bytes:
    """An uncompressed tar with the files, sorted and timeless."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o755
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def make_image(
    store: MemoryStore,
    platform: Platform,
    files: Mapping[str, bytes],
    *,
    says: Platform | None = None,
    labels: Mapping[str, str] | None = None,
) -> Descriptor:
    """One image of one platform; its config says `says` where it is to lie."""
    tar = layer_bytes(files)
    layer = store.add(mediatype.OCI_LAYER_GZIP, gzip.compress(tar, mtime=0))
    told = says or platform
    config = {
        "architecture": told.architecture,
        "os": told.os,
        **({"variant": told.variant} if told.variant else {}),
        "created": "2026-01-02T03:04:05Z",
        "config": {"Labels": dict(labels or {})},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
    }
    manifest = ImageManifest.build(
        config=store.add(mediatype.OCI_CONFIG, json.dumps(config).encode()), layers=[layer]
    )
    store.add(manifest.descriptor.media_type, manifest.raw)
    return replace(manifest.descriptor, platform=platform)


def make_index(
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"), *, content: bytes = b"hello"
) -> MadeImage:
    """A whole index, each platform with a file of its own and one that all share."""
    store = MemoryStore()
    children = tuple(
        make_image(store, platform, {"hello": content + str(platform).encode(), "shared": b"same"})
        for platform in map(Platform.parse, platforms)
    )
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=children)
