"""Records that a CI hands from job to job packed: `gzip -9 -n | base64 -w 0`.

GitHub drops a job's output in which a secret's text occurs, and a user's name or a repository is a
secret of many projects; packed, no text of a record occurs in the output.
"""

import binascii
import gzip
import zlib
from base64 import b64decode, b64encode

from polyarch.errors import PartUnreadableError

_GZIP = "H4sI"
"""How the first bytes of a gzip member look in base64; no JSON begins so."""

_GZIP_WINDOW = 31
"""What zlib calls a member with gzip's head (zlib.h, inflateInit2)."""


def packed(raw: bytes) -> str:
    """What `unpacked` reads; the same bytes give the same text."""
    return b64encode(gzip.compress(raw, mtime=0)).decode("ascii")


def unpacked(text: str, where: str, limit: int) -> bytes:
    """The text of records, packed or not; of packed ones at most a byte more than `limit`.

    Raises:
        PartUnreadableError: it begins as packed ones do, and is cut off or broken.
    """
    if not text.lstrip().startswith(_GZIP):
        return text.encode(errors="surrogateescape")
    try:
        member = b64decode("".join(text.split()), validate=True)
        inflater = zlib.decompressobj(_GZIP_WINDOW)
        raw = inflater.decompress(member, limit + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise PartUnreadableError(where, f"what is packed there is broken: {error}") from error
    if len(raw) <= limit and not inflater.eof:
        raise PartUnreadableError(where, "what is packed there is cut off")
    return raw
