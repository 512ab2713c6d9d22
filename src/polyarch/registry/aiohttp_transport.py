"""HTTP by aiohttp, used narrowly: the only module that imports it.

No redirects, cookies, decompression or environment: what happens is decided above. Bodies are read
by 1 MiB in threads; measured against other libraries, behaviour on failure decides, not speed.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict
from yarl import URL

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
from polyarch.registry.body import Body
from polyarch.registry.redact import redact_url
from polyarch.registry.tls import trust_of
from polyarch.registry.transport import CONNECT_S, STALL_S, Headers, Request, Response

CONNECTIONS_PER_HOST = 96
"""Above what the session sends at once (`pace.MOST_AT_ONCE`), with room for what is being read."""
_MAX_HEADER_LINE = 64 * 1024
_SLICE_BYTES = 128 * 1024
_FIXED_HEADERS = {
    "User-Agent": f"polyarch/{__version__}",
    # A compressed manifest has another digest than the manifest.
    "Accept-Encoding": "identity",
}


class AiohttpTransport:
    """Connections of one registry; opened with the first request, in the loop that sends it."""

    def __init__(self, registry: str, endpoint: Endpoint, proxies: ProxyRules) -> None:
        self._registry = registry
        self._endpoint = endpoint
        self._proxies = proxies
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Response:
        """Send one request and wait for the head of its answer."""
        exchange = Exchange(
            registry=self._registry, method=request.method, url=redact_url(request.url)
        )
        session = self._open(exchange)
        payload = _Payload(request.body, request.on_sent) if request.body else None
        with _translated(exchange, payload):
            response = await session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=CIMultiDict(request.headers),
                data=payload,
                allow_redirects=False,
                proxy=self._endpoint.proxy or self._proxies.proxy_for(request.url),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_S, sock_read=request.answer_s
                ),
            )
        return _Response(response, exchange, payload)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self, exchange: Exchange) -> aiohttp.ClientSession:
        if self._session is None:
            own = self._endpoint.ca_file is not None or self._endpoint.insecure
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=CONNECTIONS_PER_HOST,
                    # The library has made a context by itself that trusts what the system trusts.
                    ssl=trust_of(self._endpoint, exchange) if own else True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                headers=_FIXED_HEADERS,
                max_line_size=_MAX_HEADER_LINE,
                max_field_size=_MAX_HEADER_LINE,
            )
        return self._session


class _Payload(aiohttp.Payload):
    """A body for one sending; counts what is gone and keeps why its source failed."""

    def __init__(self, body: Body, on_sent: Callable[[int], None]) -> None:
        super().__init__(body)
        self._body = body
        self._size = body.size
        self._on_sent = on_sent
        self.sent = 0
        self.failure: PolyarchError | None = None

    @property
    def whole(self) -> bool:
        """Whether all of it is gone."""
        return self.sent == self._body.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Never whole in memory."""
        raise NotImplementedError

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it, chunk by chunk."""
        # aiohttp repeats a PUT by itself where it thinks that a body is unspent: a commit whose
        # answer was lost must not be repeated unseen.
        self._consumed = True
        try:
            async with contextlib.aclosing(self._body.chunks()) as chunks:
                async for chunk in chunks:
                    await _write_slices(writer, chunk)
                    self.sent += len(chunk)
                    self._on_sent(self.sent)
        except PolyarchError as error:
            self.failure = error
            raise

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """As `write`: the length is that of the body."""
        del content_length
        await self.write(writer)


async def _write_slices(writer: AbstractStreamWriter, chunk: bytes) -> None:
    """Write a chunk in slices so small that even a slow line takes one within the stall time."""
    view = memoryview(chunk)
    for start in range(0, len(view), _SLICE_BYTES):
        async with asyncio.timeout(STALL_S):
            await writer.write(view[start : start + _SLICE_BYTES])


class _Response:
    """An answer whose errors are ours."""

    def __init__(
        self, response: aiohttp.ClientResponse, exchange: Exchange, payload: _Payload | None
    ) -> None:
        self._response = response
        self._exchange = exchange
        self._payload = payload
        self.status = response.status
        self.url = str(response.url)
        self.headers = Headers(response.headers.items())

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives."""
        with _translated(self._exchange, None):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def close(self) -> None:
        """Give the connection back where all was sent and read, else drop it."""
        unsent = self._payload is not None and not self._payload.whole
        if unsent or not self._response.content.at_eof():
            self._response.close()
        else:
            self._response.release()


@contextlib.contextmanager
def _translated(exchange: Exchange, payload: _Payload | None) -> Iterator[None]:
    """Turn aiohttp's exceptions into ours, once, here."""
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if payload is not None and payload.failure is not None:
            raise payload.failure from error
        raise _translate(exchange, error) from error


def _translate(exchange: Exchange, error: Exception) -> PolyarchError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TlsError(exchange, _certificate_reason(error.certificate_error))
    if isinstance(error, aiohttp.ClientSSLError):
        return TlsError(exchange, str(error.os_error))
    if isinstance(error, aiohttp.InvalidURL):
        return UnexpectedAnswerError(exchange, "it names a URL that is none")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return RegistryUnavailableError(exchange, f"the proxy answered {error.status}")
    if isinstance(error, aiohttp.ClientResponseError):
        return UnexpectedAnswerError(exchange, "what answers does not speak HTTP")
    return RegistryUnavailableError(exchange, _why_unavailable(error))


def _why_unavailable(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name cannot be resolved"
        case aiohttp.ClientProxyConnectionError():
            return "no connection to the proxy"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.os_error.strerror or error.os_error})"
        case TimeoutError():
            return "no answer in time"
        case _:
            return "the connection was cut"


def _certificate_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error)
    return str(error)
