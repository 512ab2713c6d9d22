"""Registries that are asked without HTTP: for tests that need many of them to be well-behaved."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, MutableMapping
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit
from weakref import WeakValueDictionary

from multidict import CIMultiDict, MultiDict

from polyarch.errors import Exchange, RegistryUnavailableError
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.registry.aiohttp_transport import AiohttpTransport
from polyarch.registry.body import Body
from polyarch.registry.client import Connect
from polyarch.registry.transport import Headers, Request, Transport
from polyarch.sandbox import dispatch
from polyarch.sandbox.auth import OpenAuth
from polyarch.sandbox.faults.apply import Faults
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.scope import NOBODY
from polyarch.sandbox.target import Target
from polyarch.sandbox.wire import Answer, Call


class _Incoming:
    def __init__(self, body: Body | None) -> None:
        self._body = body

    async def blocks(self) -> AsyncIterator[bytes]:
        if self._body is not None:
            async for chunk in self._body.chunks():
                yield chunk


class _Response:
    def __init__(self, answer: Answer, request: Request) -> None:
        self.status = answer.status
        self.url = request.url
        length = ("Content-Length", str(answer.length))
        self.headers = Headers((*answer.headers, length))
        self._body = answer.body if request.method != "HEAD" else b""

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if isinstance(self._body, bytes):
            yield self._body
            return
        with self._body.open() as file:
            file.seek(self._body.offset)
            yield file.read(self._body.length)

    async def close(self) -> None:
        """Nothing is open."""


class InProcessRegistry:
    """A sandbox registry and the way to it. `host` is nobody's address."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.storage = MemoryStorage()
        self._faults = Faults(Quirks())
        self._locks: MutableMapping[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def quirks(self) -> Quirks:
        raise AttributeError("only to be set")

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._faults = Faults(quirks)

    async def send(self, request: Request) -> _Response:
        """Answer at once."""
        url = urlsplit(request.url)
        call = Call(
            method=request.method,
            target=Target.parse(unquote(url.path)),
            query=MultiDict(parse_qsl(url.query, keep_blank_values=True)),
            headers=CIMultiDict(request.headers),
            body=_Incoming(request.body),
            base_url=f"{url.scheme}://{url.netloc}",
            permit=NOBODY,
            storage=self.storage,
            locks=self._locks,
        )
        answer = await dispatch.answer(call, OpenAuth(), self._faults)
        if answer.status == 0:
            exchange = Exchange(registry=self.host, method=request.method, url=request.url)
            raise RegistryUnavailableError(exchange, "the connection was cut")
        if request.body is not None:
            request.on_sent(request.body.size)
        return _Response(answer, request)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass


def connecting(registries: Mapping[str, InProcessRegistry]) -> Connect:
    """The ways to these registries, and HTTP to all others."""

    def connect(registry: str, endpoint: Endpoint) -> Transport:
        found = registries.get(registry)
        return found or AiohttpTransport(registry, endpoint, ProxyRules())

    return connect
