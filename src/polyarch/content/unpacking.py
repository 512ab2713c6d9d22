"""An archive that is compressed, unpacked into a file of its own that has no name.

A member of a compressed file cannot be read at its place. What it unpacks to is bounded: a few
bytes can be made to unpack to any number.
"""

import gzip
import os
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

from polyarch.content.reader import CHUNK_BYTES
from polyarch.content.tarheader import malformed
from polyarch.errors import StorageError

MAX_GROWTH = 250
"""How many times larger than itself an archive may unpack to; layers in it do not shrink again."""
_ALWAYS_BYTES = 64 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}


def unpacked(file: BinaryIO, spool: Path, where: str) -> BinaryIO:
    """The file itself where it is not compressed, else what it unpacks to; one of them is closed.

    Raises:
        MalformedManifestError: damaged, grows beyond bounds, or of a form that is not unpacked.
        StorageError: there is no room in the folder `spool`.
    """
    magic = os.pread(file.fileno(), 6, 0)
    other = next((name for begin, name in _OTHERS.items() if magic.startswith(begin)), None)
    if other:
        raise malformed(f"it is compressed with {other}, and only gzip is unpacked here", where)
    if not magic.startswith(_GZIP):
        return file
    plain = _nameless(spool)
    try:
        with file, gzip.GzipFile(fileobj=file) as content:
            bound = os.fstat(file.fileno()).st_size * MAX_GROWTH + _ALWAYS_BYTES
            _pour(content, plain, bound, where)
    except BaseException:
        plain.close()
        raise
    return plain


def _nameless(spool: Path) -> BinaryIO:
    try:
        spool.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=spool)
    except OSError as error:
        raise StorageError(str(spool), error.strerror or str(error)) from error


def _pour(content: gzip.GzipFile, plain: BinaryIO, bound: int, where: str) -> None:
    written = 0
    while chunk := _inflated(content, where):
        written += len(chunk)
        if written > bound:
            raise malformed(f"it unpacks to more than {MAX_GROWTH} times its size", where)
        try:
            plain.write(chunk)
            plain.flush()
        except OSError as error:
            raise StorageError(where, error.strerror or str(error)) from error


def _inflated(content: gzip.GzipFile, where: str) -> bytes:
    try:
        return content.read(CHUNK_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise malformed(f"its compression is damaged ({error})", where) from error
