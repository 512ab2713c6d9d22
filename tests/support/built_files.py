"""The files of an image that BuildKit built, as one value that two builds can be compared by."""

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run
from tests.lab.engine import DockerEngine


@dataclass(frozen=True, kw_only=True)
class BuiltFile:
    """All that an image keeps of a file but its times."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    link: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """The root of one platform's image; `tar` has it as a file."""

    platform: str
    tar: Path

    def files(self) -> Mapping[str, BuiltFile]:
        """Every entry by its path."""
        with tarfile.open(self.tar) as packed:
            return {one.name: _file(packed, one) for one in packed}

    def content(self, path: str) -> bytes:
        """What a file holds."""
        with tarfile.open(self.tar) as packed:
            opened = packed.extractfile(path)
            assert opened
            return opened.read()

    def unpacked(self, folder: Path) -> Path:
        """The root as a folder."""
        folder.mkdir(parents=True)
        run("tar", "--extract", "-f", self.tar, "-C", folder)
        return folder


def build_image(
    engine: DockerEngine, context: Path, dockerfile: str, platform: str, tar: Path
) -> BuiltImage:
    """Build one platform of a Dockerfile's text with BuildKit."""
    file = tar.with_suffix(".Dockerfile")
    file.write_text(dockerfile, newline="")
    engine.docker(
        *("buildx", "build", "--network=host", f"--platform={platform}", f"--file={file}"),
        *("--provenance=false", f"--output=type=tar,dest={tar}"),
        context,
    )
    return BuiltImage(platform=platform, tar=tar)


def _file(packed: tarfile.TarFile, entry: tarfile.TarInfo) -> BuiltFile:
    opened = packed.extractfile(entry) if entry.isfile() else None
    return BuiltFile(
        kind=entry.type,
        mode=entry.mode,
        owner=(entry.uid, entry.gid),
        link=entry.linkname,
        digest=hashlib.sha256(opened.read()).hexdigest() if opened else "",
    )
