"""A blob on its way here: bounded, hashed while it is read, taken up again when it is cut off."""

import contextlib
import hashlib
import re
from collections.abc import AsyncGenerator, Callable
from typing import Self

from polyarch.content.reader import CHUNK_BYTES
from polyarch.errors import DigestMismatchError, RegistryUnavailableError, SizeMismatchError
from polyarch.oci.descriptor import Descriptor
from polyarch.registry.call import Answer, Call
from polyarch.registry.session import Session
from polyarch.registry.transport import Response
from polyarch.registry.wire import size_of

_PARTIAL = 206
_RANGE_START = re.compile(r"\s*bytes\s+(\d{1,18})-")


class BlobStream:
    """Chunks of a blob, for `async for`; `call` asks for the blob from an offset on.

    The last chunk is handed out before the digest is known: use nothing until the loop ended. From
    an `offset` other than 0 only the size can be proven here.
    """

    def __init__(
        self,
        session: Session,
        call: Callable[[int], Call],
        blob: Descriptor,
        *,
        offset: int,
        store: str,
    ) -> None:
        self._session = session
        self._call = call
        self._blob = blob
        self._store = store
        self._place = offset
        self._skip = 0
        self._hash = hashlib.new(blob.digest.algorithm) if offset == 0 else None
        self._response: Response | None = None
        self._chunks = self._read()

    async def start(self) -> None:
        """Ask for the blob from the place on that was reached.

        Raises:
            RegistryError, ContentError: it is not there, or not what was asked for.
        """
        response = await self._session.send(self._call(self._place))
        self._response = response
        try:
            self._skip = self._place - self._first(response)
            self._check_promised(response)
        except BaseException:
            await self._drop()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next chunk.

        Raises:
            SizeMismatchError, DigestMismatchError: the bytes are others.
            RegistryError: they cannot be had.
        """
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """Stop reading."""
        await self._chunks.aclose()
        await self._drop()

    async def _drop(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            await response.close()

    async def _read(self) -> AsyncGenerator[bytes, None]:
        attempts, begun = self._session.attempts(), self._place
        try:
            while self._response is not None:
                try:
                    async with contextlib.aclosing(self._response.chunks()) as chunks:
                        async for chunk in chunks:
                            if fresh := self._take(chunk):
                                yield fresh
                    break
                except RegistryUnavailableError as error:
                    await self._drop()
                    if self._place - begun >= CHUNK_BYTES:
                        # It goes on: what was lost before says nothing of the next piece.
                        attempts, begun = self._session.attempts(), self._place
                    await self._session.wait(attempts, error)
                    await self.start()
            self._prove()
        finally:
            await self._drop()

    def _take(self, chunk: bytes) -> bytes:
        """What of a chunk is new; a server that knows no ranges sends all from the start."""
        skipped = min(self._skip, len(chunk))
        self._skip -= skipped
        fresh = chunk[skipped:]
        self._place += len(fresh)
        if self._place > self._blob.size:
            self._wrong_size(self._place)
        if self._hash is not None:
            self._hash.update(fresh)
        return fresh

    def _prove(self) -> None:
        if self._place < self._blob.size:
            self._wrong_size(self._place)
        if self._hash is not None and self._hash.hexdigest() != self._blob.digest.encoded:
            found = f"{self._blob.digest.algorithm}:{self._hash.hexdigest()}"
            raise DigestMismatchError(str(self._blob.digest), found, self._store)

    def _first(self, response: Response) -> int:
        """The place of the first byte that this answer holds."""
        if response.status != _PARTIAL:
            return 0
        match = _RANGE_START.match(response.headers.get("Content-Range"))
        first = int(match[1]) if match else -1
        if first != self._place:
            answer = Answer(
                status=response.status, url=response.url, headers=response.headers, body=b""
            )
            raise self._session.nonsense(answer, "GET", "it sends another range than asked for")
        return first

    def _check_promised(self, response: Response) -> None:
        """Believe no more than the promised length, and that before the first byte."""
        promised = size_of(response.headers)
        if promised is None:
            return
        total = promised + (self._place if response.status == _PARTIAL else 0)
        if total != self._blob.size:
            self._wrong_size(total)

    def _wrong_size(self, found: int) -> None:
        raise SizeMismatchError(str(self._blob.digest), self._blob.size, found, self._store)
