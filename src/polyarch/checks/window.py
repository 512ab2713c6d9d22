"""What is at hand of a file that streams by: its beginning, and pieces further on."""

from bisect import bisect_right
from dataclasses import dataclass, field

Range = tuple[int, int]
"""From an offset up to another, in bytes."""


@dataclass(slots=True)
class Window:
    """Pieces of one file of `size` bytes, kept without copying; `read` copies little."""

    size: int
    _starts: list[int] = field(default_factory=list)
    _pieces: list[memoryview] = field(default_factory=list)

    @classmethod
    def of(cls, data: bytes | memoryview) -> "Window":
        """A whole file that is in memory."""
        window = cls(len(data))
        window.add(0, memoryview(data))
        return window

    def add(self, offset: int, piece: memoryview) -> None:
        """Keep a piece; those that are added later lie further on."""
        if piece:
            self._starts.append(offset)
            self._pieces.append(piece)

    def read(self, offset: int, size: int) -> bytes | None:
        """Exactly these bytes, None where any of them is not at hand."""
        if size <= 0 or offset < 0:
            return b"" if size == 0 and offset >= 0 else None
        at = bisect_right(self._starts, offset) - 1
        found: list[memoryview] = []
        while size and 0 <= at < len(self._pieces):
            skip = offset - self._starts[at]
            part = self._pieces[at][skip : skip + size] if skip >= 0 else None
            if not part:
                return None
            found.append(part)
            offset, size, at = offset + len(part), size - len(part), at + 1
        return b"".join(found) if not size else None

    def text(self, offset: int, limit: int) -> str | None:
        """The text that ends with a zero byte within `limit`, or with the file."""
        data = self.read(offset, min(limit, self.size - offset))
        if data is None:
            return None
        text, zero, _ = data.partition(b"\0")
        return text.decode("utf-8", "surrogateescape") if zero else None
