"""The HTTP face: a registry on a loopback port, on aiohttp's low-level server.

Handlers work on values (`wire.Call`, `wire.Answer`); only this module and `exchange` touch
requests, responses and sockets. aiohttp's router is not used: an early answer must come before the
client is told to send its body (`Expect: 100-continue`), and no limit of bodies may apply.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from aiohttp import web

from polyarch.errors import PortTakenError, SandboxStoppedError
from polyarch.sandbox import dispatch
from polyarch.sandbox.auth import Auth, OpenAuth
from polyarch.sandbox.exchange import IncomingBody, body_length, send
from polyarch.sandbox.faults.apply import Faults
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.scope import NOBODY
from polyarch.sandbox.storage import Storage
from polyarch.sandbox.target import Target
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal

LOOPBACK = "127.0.0.1"
_REQUESTS_KEPT = 100_000
_STOP_TIMEOUT_S = 0.5
_MAX_LINE_BYTES = 64 * 1024
"""Of a request line or header: tokens are long, and so are many tags in one request."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One answered request; a status of 0 means that it got no answer.

    `received` counts the bytes of the body that were read, `sent` those of the answer's body.
    """

    method: str
    path: str
    query: str
    status: int
    had_authorization: bool
    received: int
    sent: int


class SandboxRegistry:
    """A registry that lives between `start` and `stop`, or as an async context manager.

    `port` 0 takes any free one, and the same again after a restart. `storage` may be shared by
    several registries of one event loop.
    """

    def __init__(
        self,
        *,
        storage: Storage | None = None,
        auth: Auth | None = None,
        quirks: Quirks | None = None,
        ssl_context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.storage: Storage = storage or MemoryStorage()
        self.auth: Auth = auth or OpenAuth()
        self._quirks = quirks or Quirks()
        self._faults = Faults(self._quirks)
        self._ssl_context = ssl_context
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._requests: deque[RequestRecord] = deque(maxlen=_REQUESTS_KEPT)
        self._locks: MutableMapping[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def quirks(self) -> Quirks:
        """May be changed while it runs; what was counted begins anew."""
        return self._quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._faults.end()
        self._faults = Faults(quirks)

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, as it stands in references.

        Raises:
            SandboxStoppedError: it never ran, and the port is not fixed.
        """
        if not self._port:
            raise SandboxStoppedError
        return f"{LOOPBACK}:{self._port}"

    @property
    def url(self) -> str:
        """Scheme, address and port, without a final slash."""
        return f"{'https' if self._ssl_context else 'http'}://{self.host}"

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """All requests in the order in which they were answered."""
        return tuple(self._requests)

    def forget_requests(self) -> None:
        """Begin the list of requests anew."""
        self._requests.clear()

    async def start(self) -> None:
        """Listen.

        Raises:
            PortTakenError: something else listens there, or the port may not be used.
        """
        server = web.Server(
            self._handle,
            access_log=None,
            auto_decompress=False,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
        )
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_TIMEOUT_S)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, self._port, ssl_context=self._ssl_context)
        try:
            await site.start()
        except (OSError, OverflowError) as error:  # the latter for a port beyond 65535
            await runner.cleanup()
            address = f"{LOOPBACK}:{self._port}"
            reason = getattr(error, "strerror", None) or str(error)
            raise PortTakenError(address, reason) from error
        self._runner = runner
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection; a request in progress gets half a second."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = IncomingBody(request)
        call = Call(
            method=request.method,
            target=Target.parse(request.path),
            query=request.query,
            headers=request.headers,
            body=body,
            base_url=f"{request.scheme}://{request.headers.get('Host', self.host)}",
            permit=NOBODY,
            storage=self.storage,
            locks=self._locks,
        )
        answer = await self._answer(call)
        self._record(request, answer, body.received)
        try:
            return await send(request, answer, body)
        except OSError:
            if request.transport:
                request.transport.abort()
            return web.Response()

    def _record(self, request: web.BaseRequest, answer: Answer, received: int) -> None:
        """Done before the answer is sent: who has it finds its record."""
        self._requests.append(
            RequestRecord(
                method=request.method,
                path=request.path,
                query=request.query_string,
                status=answer.status,
                had_authorization="Authorization" in request.headers,
                received=received,
                sent=body_length(request.method, answer),
            )
        )

    async def _answer(self, call: Call) -> Answer:
        try:
            return await dispatch.answer(call, self.auth, self._faults)
        except ConnectionError:
            return HANG_UP
        except OSError as error:
            _log.warning("a sandbox registry cannot store anything more: %s", error)
            return refusal("UNKNOWN", f"storage failed: {error.strerror}")
