"""A layer's bytes unpacked as they stream by: gzip, zstd or as they are, each piece bounded.

Which of them is told by the first bytes, as containerd and Docker do; media types are wrong too
often. gzip may have several members (eStargz has one for each file), zstd several frames, some of
them to be skipped (zstd:chunked has its table of contents in one).
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol, cast

from polyarch.errors import LayerBoundsError, LayerDamagedError

PIECE_BYTES = 512 * 1024
"""What one piece holds at most: small enough for a processor's cache, large for few calls."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPED = frozenset(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))
_OTHERS = {b"\xfd7zXZ": "xz", b"BZh": "bzip2", b"Salted__": "encryption"}
_MAX_WINDOW_LOG = 27
"""128 MiB, which is what containerd's and zstd's own readers take."""


class _Inflater(Protocol):
    """What the objects of isal and of zlib have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def unpacked(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The layer in pieces; `limit` is for their sum.

    Raises:
        LayerDamagedError: cut off, damaged, or of a compression that layers do not have.
        LayerBoundsError: more than `limit` bytes.
    """
    first = next(chunks, b"")
    count = 0
    for piece in _chosen(first)(chain([first], chunks)):
        count += len(piece)
        if count > limit:
            raise LayerBoundsError(f"it unpacks to more than {limit} bytes")
        yield piece


def _chosen(first: bytes) -> Callable[[Iterable[bytes]], Iterator[bytes]]:
    if first.startswith(_GZIP):
        return _gzip
    if first[:4] == _ZSTD or first[:4] in _SKIPPED:
        return _zstd
    other = next((name for begin, name in _OTHERS.items() if first.startswith(begin)), None)
    if other:
        raise LayerDamagedError(f"it is packed with {other}; layers have gzip, zstd or nothing")
    return _plain


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return (chunk for chunk in chunks if chunk)


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    new, failure = _gzip_library()
    member: _Inflater | None = None
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if member is None:
                    if not data.strip(b"\0"):
                        break  # some writers fill up with zeros
                    member = new()
                yield from filter(None, [member.decompress(data, PIECE_BYTES)])
                data = member.unused_data if member.eof else member.unconsumed_tail
                if member.eof:
                    member = None
    except failure as error:
        raise LayerDamagedError(f"its gzip is damaged ({error})") from error
    if member is not None:
        yield from _rest(member, failure)


def _rest(member: _Inflater, failure: type[Exception]) -> Iterator[bytes]:
    """What the library still holds back; a member that does not end here was cut off."""
    try:
        while piece := member.decompress(member.unconsumed_tail, PIECE_BYTES):
            yield piece
    except failure as error:
        raise LayerDamagedError(f"its gzip is damaged ({error})") from error
    if not member.eof:
        raise LayerDamagedError("its gzip is cut off")


def _gzip_library() -> tuple[Callable[[], _Inflater], type[Exception]]:
    """The one of isal where there is a build of it; zlib is the same, and takes twice as long."""
    window = 16 + 15  # gzip with its header, in a window of 32 KiB
    try:
        from isal import isal_zlib
    except ImportError:
        import zlib

        return lambda: zlib.decompressobj(window), zlib.error
    return lambda: isal_zlib.decompressobj(window), cast("type[Exception]", isal_zlib.error)


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    zstd = _zstd_library()
    options = {zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG}
    frame = None
    try:
        for chunk in chunks:
            data = chunk
            while data or (frame and not frame.needs_input):
                if frame is None:
                    frame = zstd.ZstdDecompressor(options=options)
                yield from filter(None, [frame.decompress(data, PIECE_BYTES)])
                data = b""
                if frame.eof:
                    data, frame = frame.unused_data, None
    except zstd.ZstdError as error:
        raise LayerDamagedError(f"its zstd is damaged ({error})") from error
    if frame is not None:
        raise LayerDamagedError("its zstd is cut off")


def _zstd_library() -> Any:
    """What Python 3.14 brings, and before it the same under another name."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
