"""Write root filesystems as an OCI image layout: the same trees give the same bytes."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
CREATED = "2024-01-01T00:00:00Z"
TYPE = "application/vnd.oci.image"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One platform's image: its layers as plain tar files, lowest first, and how it runs."""

    platform: str
    layers: tuple[Path, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cmd: tuple[str, ...] = ()


class LayoutWriter:
    """An OCI image layout under construction in an empty folder."""

    def __init__(self, folder: Path, *, level: int = 1) -> None:
        # Level 1: a base is packed once and read from this machine only.
        self._level = level
        self._folder = folder
        self._layers: dict[Path, tuple[Document, str]] = {}
        self._tops: list[Document] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def write_index(self, roots: Sequence[Root], tag: str) -> str:
        """Add one index over all roots, named `tag`, and return its digest."""
        children = [self._write_manifest(root) for root in roots]
        index = self._write_json(f"{TYPE}.index.v1+json", {"manifests": children})
        named = {"annotations": {"org.opencontainers.image.ref.name": tag}}
        self._tops.append(index | named)
        tops = {"schemaVersion": 2, "manifests": self._tops}
        (self._folder / "index.json").write_bytes(_encode(tops))
        return str(index["digest"])

    def _write_manifest(self, root: Root) -> Document:
        layers = [self._layer(tar) for tar in root.layers]
        config = {
            "created": CREATED,
            **platform_fields(root.platform),
            "config": {"Env": [f"{k}={v}" for k, v in root.env.items()], "Cmd": list(root.cmd)},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
            "history": [{"created": CREATED, "created_by": tar.name} for tar in root.layers],
        }
        manifest = {
            "config": self._write_blob(f"{TYPE}.config.v1+json", _encode(config)),
            "layers": [descriptor for descriptor, _ in layers],
        }
        written = self._write_json(f"{TYPE}.manifest.v1+json", manifest)
        return written | {"platform": platform_fields(root.platform)}

    def _layer(self, tar: Path) -> tuple[Document, str]:
        if tar not in self._layers:
            self._layers[tar] = self._write_layer(tar)
        return self._layers[tar]

    def _write_layer(self, tar: Path) -> tuple[Document, str]:
        plain = hashlib.sha256()
        partial = self._folder / "layer.partial"
        with (
            tar.open("rb") as source,
            partial.open("wb") as raw,
            # No name and no time in the header, so that the bytes depend on the tree alone.
            gzip.GzipFile("", "wb", compresslevel=self._level, fileobj=raw, mtime=0) as packed,
        ):
            while chunk := source.read(CHUNK):
                plain.update(chunk)
                packed.write(chunk)
        with partial.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        size = partial.stat().st_size
        partial.rename(self._blob(digest))
        descriptor = _descriptor(f"{TYPE}.layer.v1.tar+gzip", digest, size)
        return descriptor, f"sha256:{plain.hexdigest()}"

    def _write_json(self, media_type: str, document: Document) -> Document:
        head = {"schemaVersion": 2, "mediaType": media_type}
        return self._write_blob(media_type, _encode(head | document))

    def _write_blob(self, media_type: str, raw: bytes) -> Document:
        digest = hashlib.sha256(raw).hexdigest()
        self._blob(digest).write_bytes(raw)
        return _descriptor(media_type, digest, len(raw))

    def _blob(self, hexdigest: str) -> Path:
        return self._folder / "blobs" / "sha256" / hexdigest


def platform_fields(platform: str) -> Document:
    """Split `linux/arm/v7` into the fields of an OCI platform."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _descriptor(media_type: str, hexdigest: str, size: int) -> Document:
    return {"mediaType": media_type, "digest": f"sha256:{hexdigest}", "size": size}


def _encode(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
