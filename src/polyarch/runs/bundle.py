"""A record as one small archive, and back: how it travels through a store."""

import gzip
import io
import itertools
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from polyarch.errors import RunUnreadableError
from polyarch.runs.reading import DOCUMENTS

MAX_BYTES = 96 * 1024 * 1024
"""Of an archive that is unpacked, all in all."""

MAX_MEMBERS = 200_000
_GZIP = 16 + zlib.MAX_WBITS


def pack(documents: Mapping[str, bytes]) -> bytes:
    """The documents as a compressed tar; the same documents give the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in DOCUMENTS:
            if name in documents:
                member = tarfile.TarInfo(name)
                member.size = len(documents[name])
                member.mode = 0o600
                archive.addfile(member, io.BytesIO(documents[name]))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def unpack(raw: bytes, where: str) -> dict[str, bytes]:
    """The documents of a compressed tar; what is none of ours in it is left out.

    Raises:
        RunUnreadableError: it is no such archive, or holds more than a record may.
    """
    return {
        path.name: data
        for path, data in tar_members(inflate(raw, where), where)
        if len(path.parts) == 1 and path.name in DOCUMENTS
    }


def inflate(raw: bytes, where: str, limit: int = MAX_BYTES) -> bytes:
    """What was compressed with gzip, never more than `limit` bytes of it.

    Raises:
        RunUnreadableError: it is damaged, cut off, or larger.
    """
    engine = zlib.decompressobj(_GZIP)
    try:
        found = engine.decompress(raw, limit + 1)
    except zlib.error as error:
        raise RunUnreadableError(where, f"it is not gzip: {error}") from error
    if len(found) > limit:
        raise RunUnreadableError(where, f"it holds more than {limit} bytes")
    if not engine.eof:
        raise RunUnreadableError(where, "its end is missing")
    return found


def tar_members(raw: bytes, where: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The files of a tar with their paths, which lead nowhere but down.

    Only plain files count: no links, no devices, no files with holes; and no more than
    `MAX_MEMBERS` are looked at.

    Raises:
        RunUnreadableError: it is no tar.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            for member in itertools.islice(archive, MAX_MEMBERS):
                path = inner_path(member.name)
                if path is None or not member.isreg() or member.issparse():
                    continue
                file = archive.extractfile(member)
                if file is not None:
                    yield path, file.read()
    except (tarfile.TarError, OSError, ValueError, OverflowError, EOFError, zlib.error) as error:
        raise RunUnreadableError(where, f"it is no tar: {error}") from error


def inner_path(name: str) -> PurePosixPath | None:
    """A path of an archive; None where it leads out of it, or is no name of a file."""
    if not name.isprintable() or "\\" in name:
        return None
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return None
    return path
