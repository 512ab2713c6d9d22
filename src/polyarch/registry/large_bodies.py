"""Large bodies by threads, all else as before: a transport in front of another one."""

import asyncio
import contextlib
import http.client
import socket
import ssl
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from polyarch._version import __version__
from polyarch.errors import (
    Exchange,
    PolyarchError,
    RegistryUnavailableError,
    TlsError,
    UnexpectedAnswerError,
)
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.oci.fields import MAX_MANIFEST_BYTES
from polyarch.registry.body import Body
from polyarch.registry.call import SMALL_BODY
from polyarch.registry.reach import origin
from polyarch.registry.redact import redact_url
from polyarch.registry.tls import trust_of
from polyarch.registry.transport import Headers, Request, Response, Transport
from polyarch.registry.wire_link import Received, WireLink

MAX_THREADS = 16
_END_S = 2.0


class LargeBodies:
    """Sends bodies above `SMALL_BODY` itself, unless a proxy is to carry them."""

    def __init__(
        self, inner: Transport, registry: str, endpoint: Endpoint, proxies: ProxyRules
    ) -> None:
        self._inner = inner
        self._registry = registry
        self._endpoint = endpoint
        self._proxies = proxies
        self._threads: ThreadPoolExecutor | None = None
        self._idle: dict[tuple[str, str, int], list[WireLink]] = {}
        self._busy: set[WireLink] = set()

    async def send(self, request: Request) -> Response:
        """Send one request and wait for its answer."""
        body = request.body
        proxy = self._endpoint.proxy or self._proxies.proxy_for(request.url)
        if body is None or body.size <= SMALL_BODY or proxy:
            return await self._inner.send(request)
        exchange = Exchange(
            registry=self._registry, method=request.method, url=redact_url(request.url)
        )
        try:
            link = self._link(request.url, exchange)
            received = await self._in_thread(link, request, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _translate(exchange, error) from error
        if received.is_kept:
            self._idle.setdefault(origin(request.url), []).append(link)
        else:
            link.close()
        return _Answer(received, request.url, exchange)

    async def close(self) -> None:
        """Close all connections."""
        for link in self._busy:
            link.abort()
        for links in self._idle.values():
            for link in links:
                link.close()
        self._idle.clear()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        await self._inner.close()

    def _link(self, url: str, exchange: Exchange) -> WireLink:
        idle = self._idle.get(origin(url), [])
        while idle:
            link = idle.pop()
            if link.is_idle:
                return link
            link.close()
        return WireLink(url, trust_of(self._endpoint, exchange))

    async def _in_thread(self, link: WireLink, request: Request, body: Body) -> Received:
        loop = asyncio.get_running_loop()

        def on_sent(sent: int) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(request.on_sent, sent)

        def work() -> Received:
            try:
                link.connect()
                return link.exchange(
                    request.method,
                    _head(request, body.size),
                    body,
                    on_sent,
                    answer_s=request.answer_s,
                    limit=MAX_MANIFEST_BYTES,
                )
            except BaseException:
                link.close()
                raise

        if self._threads is None:
            self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="polyarch-upload")
        self._busy.add(link)
        working = asyncio.ensure_future(loop.run_in_executor(self._threads, work))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            # Whoever cancels may take the source of the body away next.
            link.abort()
            await asyncio.wait({working}, timeout=_END_S)
            working.cancel()
            raise
        finally:
            self._busy.discard(link)


class _Answer:
    """An answer that is here already."""

    def __init__(self, received: Received, url: str, exchange: Exchange) -> None:
        self._received = received
        self._exchange = exchange
        self.status = received.status
        self.url = url
        self.headers = Headers(received.headers)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body."""
        yield self._received.body
        if not self._received.is_whole:
            raise RegistryUnavailableError(self._exchange, "the connection was cut")

    async def close(self) -> None:
        """Nothing is left to close."""


def _head(request: Request, size: int) -> bytes:
    """The request line and headers.

    Raises:
        ValueError: something in them would end a line.
    """
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    fields = (
        ("Host", parts.netloc),
        ("User-Agent", f"polyarch/{__version__}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", str(size)),
        *request.headers,
    )
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{n}: {value}" for n, value in fields)]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def _translate(exchange: Exchange, error: Exception) -> PolyarchError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(exchange, error.verify_message or str(error))
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        return TlsError(exchange, error.reason or str(error))
    if isinstance(error, socket.gaierror):
        return RegistryUnavailableError(exchange, "its name cannot be resolved")
    if isinstance(error, TimeoutError):
        return RegistryUnavailableError(exchange, "no answer in time")
    if isinstance(error, ConnectionError):
        refused = isinstance(error, ConnectionRefusedError)
        reason = f"no connection ({error.strerror})" if refused else "the connection was cut"
        return RegistryUnavailableError(exchange, reason)
    if isinstance(error, OSError):
        return RegistryUnavailableError(exchange, f"no connection ({error.strerror or error})")
    if isinstance(error, http.client.HTTPException):
        return UnexpectedAnswerError(exchange, "what answers does not speak HTTP")
    return UnexpectedAnswerError(exchange, "it names a URL that is none")
