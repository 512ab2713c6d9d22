"""Images made of nothing, in OCI layouts that are kept with the lab's other things."""

import gzip
import hashlib
import json
import os
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tests.lab.cache import keyed, make_once
from tests.lab.image_writer import platform_fields

TAG = "bench"
TYPE = "application/vnd.oci.image"
PLATFORMS = ("linux/amd64", "linux/arm64")
PIECE = 1 << 20
RECIPE = 1

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of two platforms with so many layers in all, each of so many bytes.

    `sparse` layers are uncompressed tars of zeros, which take no place on the disk; others are
    random, so that nothing makes them smaller.
    """

    layers: int
    layer_bytes: int
    sparse: bool = False

    @property
    def layout(self) -> Path:
        """The layout, which is made when it is first wanted."""
        recipe = (RECIPE, self.layers, self.layer_bytes, self.sparse, TAG, PLATFORMS)
        return make_once(keyed("bench-image", *recipe), self._make)

    @property
    def source(self) -> str:
        return f"oci:{self.layout}:{TAG}"

    @property
    def size(self) -> int:
        """Of all blobs that a registry takes, in bytes."""
        return sum(path.stat().st_size for path in (self.layout / "blobs" / "sha256").iterdir())

    def evict(self) -> None:
        """Let no byte of it be in memory, so that the next who reads it reads the disk."""
        for path in (self.layout / "blobs" / "sha256").iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def _make(self, folder: Path) -> None:
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        each = self.layers // len(PLATFORMS)
        children = []
        for number, platform in enumerate(PLATFORMS):
            names = [f"layer-{number}-{layer}" for layer in range(each)]
            layers = [self._layer(blobs, name) for name in names]
            children.append(_child(blobs, platform, layers))
        head = {"schemaVersion": 2, "mediaType": f"{TYPE}.index.v1+json"}
        index = _write(blobs, f"{TYPE}.index.v1+json", head | {"manifests": children})
        named = {"annotations": {"org.opencontainers.image.ref.name": TAG}}
        tops = {"schemaVersion": 2, "manifests": [index | named]}
        (folder / "index.json").write_text(json.dumps(tops))
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def _layer(self, blobs: Path, name: str) -> tuple[Document, str]:
        """Write a layer; its descriptor, and the digest of its plain tar."""
        part = blobs / "part"
        plain = hashlib.sha256()
        if self.sparse:
            _write_sparse(part, name, self.layer_bytes)
            kind = "tar"
        else:
            kind = "tar+gzip"
            with (
                part.open("wb") as raw,
                gzip.GzipFile("", "wb", compresslevel=0, fileobj=raw, mtime=0) as packed,
            ):
                for piece in _random_tar(name, self.layer_bytes):
                    plain.update(piece)
                    packed.write(piece)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        descriptor = _descriptor(f"{TYPE}.layer.v1.{kind}", digest, part.stat().st_size)
        part.rename(blobs / digest)
        return descriptor, digest if self.sparse else plain.hexdigest()


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf()


def _end(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def _random_tar(name: str, size: int) -> Iterator[bytes]:
    source = random.Random(name)  # noqa: S311 - the same bytes each time, and no secret
    yield _header(name, size)
    for start in range(0, size, PIECE):
        yield source.randbytes(min(PIECE, size - start))
    yield _end(size)


def _write_sparse(path: Path, name: str, size: int) -> None:
    file: BinaryIO
    with path.open("wb") as file:
        file.write(_header(name, size))
        file.truncate(tarfile.BLOCKSIZE + size + len(_end(size)))


def _child(blobs: Path, platform: str, layers: list[tuple[Document, str]]) -> Document:
    diff_ids = [f"sha256:{plain}" for _, plain in layers]
    fields = platform_fields(platform)
    config = {**fields, "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{TYPE}.manifest.v1+json",
        "config": _write(blobs, f"{TYPE}.config.v1+json", config),
        "layers": [descriptor for descriptor, _ in layers],
    }
    return _write(blobs, f"{TYPE}.manifest.v1+json", manifest) | {"platform": fields}


def _write(blobs: Path, media_type: str, document: Document) -> Document:
    raw = json.dumps(document, separators=(",", ":")).encode()
    digest = hashlib.sha256(raw).hexdigest()
    (blobs / digest).write_bytes(raw)
    return _descriptor(media_type, digest, len(raw))


def _descriptor(media_type: str, digest: str, size: int) -> Document:
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}
