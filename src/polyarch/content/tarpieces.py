"""A tar archive that comes in pieces: its blocks one after the other, nothing held but one piece.

Sources: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.content.tarheader import (
    BLOCK,
    LONG_LINK,
    LONG_NAME,
    PAX,
    PAX_GLOBAL,
    Header,
    name_in,
    parse_pax,
)
from polyarch.errors import LayerDamagedError

EXTENSIONS = frozenset({PAX, PAX_GLOBAL, LONG_NAME, LONG_LINK})
"""Headers that say something of the entry that follows."""

_MAX_EXTENSION_BYTES = 1 << 20


@dataclass(slots=True)
class TarPieces:
    """`pieces` is where the bytes come from; `_piece[_at:]` is what was not taken yet."""

    pieces: Iterator[bytes]
    _piece: bytes = field(default=b"", init=False)
    _at: int = field(default=0, init=False)

    def _extension(self, header: Header) -> Mapping[str, str]:
        """What an extension header says of the entry that follows; of all others, nothing.

        Raises:
            LayerDamagedError: cut off, or larger than any can be.
        """
        if header.size > _MAX_EXTENSION_BYTES:
            raise LayerDamagedError("an extended header of its archive is far too large")
        data = self._peek(header.size)
        self._skip(-(-header.size // BLOCK) * BLOCK)
        if header.kind in {LONG_NAME, LONG_LINK}:
            return {"path" if header.kind == LONG_NAME else "linkpath": name_in(data)}
        return parse_pax(data, "") if header.kind == PAX else {}

    def _block(self) -> bytes | None:
        """The next block, None where the stream ended."""
        if len(self._piece) - self._at < BLOCK and not self._fill(BLOCK, at_end=True):
            return None
        self._at += BLOCK
        return self._piece[self._at - BLOCK : self._at]

    def _peek(self, size: int) -> bytes:
        """The next bytes, which stay where they are."""
        self._fill(size)
        return self._piece[self._at : self._at + size]

    def _fill(self, size: int, *, at_end: bool = False) -> bool:
        """Have so many bytes in one piece; false at the stream's end where that may be."""
        if len(self._piece) - self._at >= size:
            return True
        rest = self._piece[self._at :]
        parts, count = [rest], len(rest)
        while count < size:
            piece = next(self.pieces, b"")
            if not piece:
                if at_end and not count:
                    return False
                raise LayerDamagedError("its tar archive is cut off")
            parts.append(piece)
            count += len(piece)
        self._piece, self._at = b"".join(parts), 0
        return True

    def _skip(self, size: int) -> None:
        self._at += size
        while self._at > len(self._piece):
            rest = self._at - len(self._piece)
            self._next()
            self._at = rest

    def _next(self) -> None:
        self._piece, self._at = next(self.pieces, b""), 0
        if not self._piece:
            raise LayerDamagedError("its tar archive is cut off")
