"""One HTTP exchange: the body as it comes in, the answer as it goes out, whole or damaged."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from multidict import CIMultiDict

from polyarch.sandbox.wire import Answer, Slice

_BLOCK_BYTES = 1024 * 1024
_STALL_TIMEOUT_S = 60.0
"""How long a client may send nothing in the middle of a body."""


class IncomingBody:
    """The body of an aiohttp request."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._waits = request.headers.get("Expect", "").lower() == "100-continue"
        self.received = 0

    @property
    def refused(self) -> bool:
        """Whether the client still waits for leave to send its body."""
        return self._waits

    async def blocks(self) -> AsyncIterator[bytes]:
        """What has arrived, as often as something arrives."""
        if self._waits and self._request.transport:
            self._request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._waits = False
        try:
            while block := await self._next():
                self.received += len(block)
                yield block
        except web.RequestPayloadError as error:
            raise ConnectionResetError(str(error)) from error

    async def _next(self) -> bytes:
        """The next block, empty at the end.

        The limit is there for aiohttp 3.14 as well: it does not tell a handler that is reading that
        the transfer coding broke.
        """
        try:
            async with asyncio.timeout(_STALL_TIMEOUT_S):
                return await self._request.content.readany()
        except TimeoutError as error:
            raise ConnectionAbortedError from error


async def send(request: web.BaseRequest, answer: Answer, body: IncomingBody) -> web.StreamResponse:
    """Send an answer, whole or damaged as it says.

    Raises:
        ConnectionError: the client went away, or is to be left without an answer.
        OSError: the storage failed in the middle of the body.
    """
    if answer.status == 0:
        raise ConnectionAbortedError
    headers = CIMultiDict((*answer.headers, ("Docker-Distribution-Api-Version", "registry/2.0")))
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = answer.length
    if body.refused or answer.close:
        response.force_close()
    transport = request.transport
    await response.prepare(request)
    if request.method != "HEAD":
        async for block in _damaged(answer):
            await response.write(block)
    if answer.close:
        await response.write_eof()
    if (answer.close or answer.cut_after is not None) and transport:
        transport.close()
    return response


def body_length(method: str, answer: Answer) -> int:
    """How many bytes of the body a client is sent."""
    if method == "HEAD" or answer.status == 0:
        return 0
    return answer.length if answer.cut_after is None else min(answer.cut_after, answer.length)


async def _damaged(answer: Answer) -> AsyncIterator[bytes]:
    """The blocks of a body, with one bit turned and the end cut off where the answer says so."""
    place = 0
    async for block in _read(answer.body):
        data = block if answer.cut_after is None else block[: max(0, answer.cut_after - place)]
        if answer.flip_at is not None and place <= answer.flip_at < place + len(data):
            data = _flip(data, answer.flip_at - place)
        yield data
        place += len(block)


async def _read(body: bytes | Slice) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    with body.open() as file:
        file.seek(body.offset)
        left = body.length
        while left and (block := await asyncio.to_thread(file.read, min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
