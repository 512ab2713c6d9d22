"""`python -m tests.support.hostile_check LAYER short|long`: check one layer within bounded memory.

Prints what was found, how long it took and how much memory was held at most, as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import BinaryIO

from polyarch.checks.architecture import check_architecture
from polyarch.checks.bounds import DEFAULT_BOUNDS, MEBIBYTE, Bounds
from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

LIMIT = 1024 * MEBIBYTE
SMALL = Bounds(entries=100_000, memory_bytes=64 * MEBIBYTE)


class _OneFile(MemoryStore):
    """A store whose one layer is a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        with path.open("rb") as file:
            import hashlib

            digest = Digest.parse(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
        self.layer = Descriptor(
            media_type=mediatype.OCI_LAYER_GZIP, digest=digest, size=path.stat().st_size
        )

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The file, or what is in memory."""
        if descriptor.digest != self.layer.digest:
            return super().open(descriptor, offset)
        return self._path.open("rb")


def main(words: list[str]) -> None:
    """Check it and print what was seen."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    store = _OneFile(Path(words[0]))
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"diff_ids": []}}
    manifest = ImageManifest.build(
        config=store.add(mediatype.OCI_CONFIG, json.dumps(config).encode()), layers=[store.layer]
    )
    store.add(manifest.descriptor.media_type, manifest.raw)
    started = time.monotonic()
    report = check_architecture(
        store,
        manifest.descriptor,
        Platform.parse("linux/amd64"),
        subject="x",
        bounds=SMALL if words[1] == "short" else DEFAULT_BOUNDS,
    )
    told = {
        "codes": [found.code for found in report.findings],
        "seconds": time.monotonic() - started,
        "peak": _peak(),
    }
    sys.stdout.write(json.dumps(told))


def _peak() -> int:
    """Bytes; what `getrusage` tells begins with what the process was forked from, however large."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1:])
