"""One HTTP exchange: the body as it comes in, the answer as it goes out, whole or damaged."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from multidict import CIMultiDict

from polyarch.sandbox.wire import Answer, Slice

_BLOCK_BYTES = 1024 * 1024


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
            while block := await self._request.content.readany():
                self.received += len(block)
                yield block
        except web.RequestPayloadError as error:
            raise ConnectionResetError(str(error)) from error


class Sender:
    """Writes one answer; `sent` counts the bytes of its body."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.sent = 0

    async def send(self, answer: Answer, *, body: IncomingBody) -> web.StreamResponse:
        """Send it, whole or damaged as the answer says.

        Raises:
            ConnectionError: the client went away.
        """
        headers = CIMultiDict(
            (*answer.headers, ("Docker-Distribution-Api-Version", "registry/2.0"))
        )
        transport = self._request.transport
        if answer.status == 0:
            if transport:
                transport.abort()
            raise ConnectionAbortedError
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = answer.length
        if body.refused:
            response.force_close()
        await response.prepare(self._request)
        if self._request.method != "HEAD":
            await self._write(response, answer)
        if answer.cut_after is not None and transport:
            transport.close()
        return response

    async def _write(self, response: web.StreamResponse, answer: Answer) -> None:
        limit = answer.length if answer.cut_after is None else answer.cut_after
        async for block in _read(answer.body):
            data = block[: limit - self.sent]
            if answer.flip_at is not None and 0 <= answer.flip_at - self.sent < len(data):
                data = _flip(data, answer.flip_at - self.sent)
            await response.write(data)
            self.sent += len(data)


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
