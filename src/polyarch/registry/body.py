"""A request body that can be sent again: a source that opens at any place, and a known size."""

import asyncio
import contextlib
import functools
import io
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from polyarch.content.reader import CHUNK_BYTES
from polyarch.errors import BlobNotFoundError, SizeMismatchError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """`size` bytes, read from what `open` gives for an offset; `name` is for messages.

    Reading is done in threads, one chunk of at most 1 MiB at a time: never is a blob in memory.
    """

    size: int
    open: Callable[[int], BinaryIO]
    name: str = "the content to send"

    @classmethod
    def of_path(cls, path: Path, *, offset: int = 0, size: int | None = None) -> Self:
        """A file, or `size` bytes of it from `offset` on.

        Raises:
            BlobNotFoundError: there is no such file.
        """

        def open_at(start: int) -> BinaryIO:
            file = path.open("rb")
            file.seek(offset + start)
            return file

        if size is None:
            try:
                size = path.stat().st_size - offset
            except OSError as error:
                raise BlobNotFoundError(path.name, str(path)) from error
        return cls(size=size, open=open_at, name=path.name)

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """Bytes at hand: manifests, forms, small configs."""
        return cls(size=len(data), open=lambda offset: io.BytesIO(data[offset:]))

    def part(self, offset: int, size: int | None = None) -> "Body":
        """The bytes from `offset` on, at most `size` of them, as a body that can be sent again."""
        rest = max(0, self.size - offset)
        return Body(
            size=rest if size is None else min(size, rest),
            open=lambda start: self.open(offset + start),
            name=self.name,
        )

    def blocks(self) -> Generator[bytes, None, None]:
        """As `chunks`, for a thread that may wait."""
        read = 0
        with self._told(), contextlib.closing(self.open(0)) as file:
            while read < self.size:
                block = file.read(min(CHUNK_BYTES, self.size - read))
                if not block:
                    raise SizeMismatchError(self.name, self.size, read, "the source of the upload")
                read += len(block)
                yield block

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The content from its start, at most `size` bytes of it.

        Raises:
            BlobNotFoundError: the source cannot be read.
            SizeMismatchError: the source ends too early.
        """
        file = await self._in_thread(functools.partial(self.open, 0))
        read = 0
        try:
            while read < self.size:
                wanted = min(CHUNK_BYTES, self.size - read)
                chunk = await self._in_thread(functools.partial(file.read, wanted))
                if not chunk:
                    raise SizeMismatchError(self.name, self.size, read, "the source of the upload")
                read += len(chunk)
                yield chunk
        finally:
            file.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with self._told():
            return await asyncio.to_thread(work)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise BlobNotFoundError(self.name, f"the source of the upload: {reason}") from error
