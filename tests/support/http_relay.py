"""HTTP/1.1 as a man in the middle sees it: heads that are read, bodies that pass piece by piece."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Self

PIECE = 1 << 16
INFORMATIONAL = range(100, 200)
NO_BODY = frozenset({204, 304})

Pieces = AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a request or of an answer; `raw` is what was read, with the empty line."""

    raw: bytes

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self | None:
        """Read one, or None where the other side has nothing more to say."""
        try:
            return cls(raw=await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return None

    def __str__(self) -> str:
        return self.raw.partition(b"\r\n")[0].decode("latin-1")

    @property
    def method(self) -> str:
        """Of a request."""
        return str(self).split(" ")[0]

    @property
    def path(self) -> str:
        """Of a request, with its query."""
        return str(self).split(" ")[1]

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(str(self).split(" ")[1])

    @property
    def ends_connection(self) -> bool:
        """Whether it says that nothing follows on this connection."""
        return self.field("Connection").lower() == "close"

    def field(self, name: str) -> str:
        """Return a field's value, empty where it is not there."""
        for line in self.raw.decode("latin-1").split("\r\n")[1:]:
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return ""

    def request_body(self, reader: asyncio.StreamReader) -> Pieces:
        """Read the body that follows this head of a request."""
        if self._is_chunked:
            return chunked(reader)
        return exactly(reader, int(self.field("Content-Length") or "0"))

    def answer_body(self, reader: asyncio.StreamReader, method: str) -> Pieces:
        """Read the body that follows this head of an answer to a request of that method."""
        if method == "HEAD" or self.status in NO_BODY:
            return exactly(reader, 0)
        if self._is_chunked:
            return chunked(reader)
        if length := self.field("Content-Length"):
            return exactly(reader, int(length))
        return until_the_end(reader)

    @property
    def _is_chunked(self) -> bool:
        return self.field("Transfer-Encoding").lower() == "chunked"


async def exactly(reader: asyncio.StreamReader, size: int) -> Pieces:
    """Read so many bytes.

    Raises:
        IncompleteReadError: There are fewer.
    """
    while size:
        piece = await reader.read(min(PIECE, size))
        if not piece:
            raise asyncio.IncompleteReadError(b"", size)
        size -= len(piece)
        yield piece


async def chunked(reader: asyncio.StreamReader) -> Pieces:
    """Read a chunked body as it travels, sizes and trailers with it."""
    while True:
        line = await reader.readuntil(b"\r\n")
        yield line
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        async for piece in exactly(reader, size + len(b"\r\n")):
            yield piece
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        yield line
    yield line


async def until_the_end(reader: asyncio.StreamReader) -> Pieces:
    """Read until the other side closes."""
    while piece := await reader.read(PIECE):
        yield piece
