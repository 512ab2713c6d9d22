"""Images of one platform put together entry by entry, honest or not."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a layer."""

    name: str
    data: bytes = b""
    mode: int = 0o755
    kind: bytes = tarfile.REGTYPE
    link: str = ""


def file(name: str, data: bytes, mode: int = 0o755) -> Item:
    return Item(name=name, data=data, mode=mode)


def plain(name: str, data: bytes = b"text\n") -> Item:
    return Item(name=name, data=data, mode=0o644)


def folder(name: str) -> Item:
    return Item(name=name, kind=tarfile.DIRTYPE)


def link(name: str, target: str) -> Item:
    return Item(name=name, kind=tarfile.SYMTYPE, link=target)


def hard(name: str, target: str) -> Item:
    return Item(name=name, kind=tarfile.LNKTYPE, link=target)


def whiteout(name: str) -> Item:
    head, _, base = name.rpartition("/")
    return Item(name=f"{head}/.wh.{base}" if head else f".wh.{base}", mode=0o644)


def opaque(name: str) -> Item:
    return Item(name=f"{name}/.wh..wh..opq", mode=0o644)


def tar_of(items: Sequence[Item]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for item in items:
            entry = tarfile.TarInfo(item.name)
            entry.type, entry.mode, entry.linkname = item.kind, item.mode, item.link
            entry.size = len(item.data)
            tar.addfile(entry, io.BytesIO(item.data))
    return buffer.getvalue()


Layer = Sequence[Item] | bytes
"""Its entries, or a whole archive."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an image is made of; `layers` base first."""

    layers: Sequence[Layer] = ()
    platform: str = "linux/amd64"
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    env: Sequence[str] = (PATH,)
    working_dir: str = ""
    pack: Callable[[bytes], bytes] = field(default=lambda tar: gzip.compress(tar, 1, mtime=0))
    media_type: str = mediatype.OCI_LAYER_GZIP
    diff_ids: Sequence[str] | None = None
    steps: Sequence[str] = ()

    def put(self, store: MemoryStore) -> Descriptor:
        """Put it into a store and return its manifest."""
        tars = [layer if isinstance(layer, bytes) else tar_of(layer) for layer in self.layers]
        platform = Platform.parse(self.platform)
        diff_ids = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
        run = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "Env": list(self.env),
            "WorkingDir": self.working_dir,
        }
        config = {
            "architecture": platform.architecture,
            "os": platform.os,
            "variant": platform.variant,
            "config": run,
            "rootfs": {
                "type": "layers",
                "diff_ids": diff_ids if self.diff_ids is None else list(self.diff_ids),
            },
            "history": [{"created_by": step} for step in self.steps],
        }
        manifest = ImageManifest.build(
            config=store.add(mediatype.OCI_CONFIG, json.dumps(config).encode()),
            layers=[store.add(self.media_type, self.pack(tar)) for tar in tars],
        )
        store.add(manifest.descriptor.media_type, manifest.raw)
        return replace(manifest.descriptor, platform=platform)
