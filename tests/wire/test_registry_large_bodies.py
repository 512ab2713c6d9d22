"""Bodies that go by threads: the same behaviour on every failure as by the event loop."""

import asyncio
import io
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from polyarch.errors import (
    BlobNotFoundError,
    PolyarchError,
    RegistryUnavailableError,
    SizeMismatchError,
    TlsError,
    UnexpectedAnswerError,
)
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.registry import wire_link
from polyarch.registry.body import Body
from polyarch.registry.client import connect_by_aiohttp
from polyarch.registry.transport import Request, Response, Transport, read_up_to
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call
from tests.support.remote import Connected, blob_of, read
from tests.support.servers import Handler, serving
from tests.support.tls import self_signed

MIB = 1024 * 1024
LARGE = bytes(range(256)) * 4096 * 4
OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Said: a\r\nX-Said: b\r\n\r\nok"


def transport_to(host: str, endpoint: Endpoint | None = None) -> Transport:
    endpoint = endpoint or Endpoint(url=f"http://{host}")
    return connect_by_aiohttp(ProxyRules())(host, endpoint)


@asynccontextmanager
async def transport(handler: Handler) -> AsyncIterator[Callable[..., Awaitable[Response]]]:
    """A way to a server that behaves as the handler does; gives what sends one large body."""
    async with serving(handler) as host:
        way = transport_to(host)

        async def send(body: Body | None = None, **more: object) -> Response:
            request = Request(
                method="PUT", url=f"http://{host}/x?y=%2F", body=body or Body.of_bytes(LARGE)
            )
            return await way.send(replace(request, **more))  # type: ignore[arg-type]

        try:
            yield send
        finally:
            await way.close()


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ength:" in line)
    return head, await reader.readexactly(length)


def answering(*answers: bytes) -> Handler:
    """Read one request for each answer, on one connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            try:
                seen.append(await read_request(reader))
            except asyncio.IncompleteReadError:
                return
            writer.write(answer)
            await writer.drain()

    seen: list[tuple[bytes, bytes]] = []
    handler.seen = seen  # type: ignore[attr-defined]
    return handler


async def test_a_large_body_arrives_whole_with_the_target_as_it_is_written():
    handler = answering(OK)
    told: list[int] = []
    async with transport(handler) as send:
        response = await send(headers=(("X-Mine", "1"),), on_sent=told.append)
        assert (response.status, response.headers.all("X-Said")) == (201, ("a", "b"))
        assert await read_up_to(response, 100) == b"ok"
    [(head, body)] = handler.seen  # type: ignore[attr-defined]
    assert head.startswith(b"PUT /x?y=%2F HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"X-Mine: 1\r\n" in head
    assert b"Accept-Encoding: identity\r\n" in head
    assert body == LARGE
    assert told == [MIB, 2 * MIB, 3 * MIB, 4 * MIB]


async def test_a_connection_is_used_again():
    handler = answering(OK, OK)
    async with transport(handler) as send:
        for _ in range(2):
            await send()
    assert len(handler.seen) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "first",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
async def test_a_connection_that_is_spent_is_not(first):
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await read_request(reader)
        writer.write(first if connections == 1 else OK)
        await writer.drain()
        await reader.read()

    async with transport(handler) as send:
        for _ in range(2):
            assert (await send()).status == 201
    assert connections == 2


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"413 Too Large"])
@pytest.mark.parametrize("closes", [True, False])
async def test_an_answer_before_the_body_was_sent_is_heard(status, closes):
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\nno!")
        await writer.drain()
        if not closes:
            await reader.read()

    sent: list[int] = []
    async with transport(handler) as send:
        response = await send(ENDLESS, on_sent=sent.append)
        assert response.status == int(status[:3])
        assert await read_up_to(response, 100) == b"no!"
    assert sum(sent[-1:]) < 10**9


class Endless(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        return bytes(size or 0)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    del writer
    while await reader.read(MIB):
        pass


@asynccontextmanager
async def deaf() -> AsyncIterator[str]:
    """A server that takes connections and reads nothing."""

    async def handler(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await stop.wait()

    stop = asyncio.Event()
    async with serving(handler) as host:
        try:
            yield host
        finally:
            stop.set()


ENDLESS = Body(size=10**12, open=lambda _offset: Endless())


async def test_no_answer_in_time_is_told():
    async with transport(silent) as send:
        with pytest.raises(RegistryUnavailableError, match="no answer in time"):
            await send(answer_s=0.2)


async def test_a_server_that_takes_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(wire_link, "STALL_S", 0.2)
    monkeypatch.setattr(wire_link, "_LAST_WORDS_S", 0.1)
    async with deaf() as host:
        way = transport_to(host)
        with pytest.raises(RegistryUnavailableError, match="no answer in time"):
            await way.send(Request(method="PUT", url=f"http://{host}/x", body=ENDLESS))
        await way.close()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", RegistryUnavailableError, "the connection was cut"),
        (b"220 mail.example ESMTP\r\n\r\n", UnexpectedAnswerError, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, UnexpectedAnswerError, "HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, UnexpectedAnswerError, "HTTP"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", UnexpectedAnswerError, "HTTP"),
    ],
)
async def test_what_is_no_answer_is_told(answer, error, words):
    async with transport(answering(answer)) as send:
        with pytest.raises(error, match=words):
            await send()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort",
    ],
)
async def test_an_answer_that_breaks_off_is_not_taken_for_whole(answer):
    async with transport(answering(answer)) as send:
        response = await send()
        with pytest.raises(RegistryUnavailableError, match="was cut"):
            await read_up_to(response, 1000)


async def test_an_answer_without_end_fills_no_memory(monkeypatch):
    monkeypatch.setattr("polyarch.registry.large_bodies.MAX_MANIFEST_BYTES", 1000)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(MIB))
            try:
                await writer.drain()
            except ConnectionError:
                return

    async with transport(handler) as send:
        assert len(await read_up_to(await send(), 1000)) == 1001


async def test_nobody_there_is_told():
    way = transport_to("127.0.0.1:1")
    request = Request(method="PUT", url="http://127.0.0.1:1/x", body=Body.of_bytes(LARGE))
    with pytest.raises(RegistryUnavailableError, match=r"no connection \(Connection refused\)"):
        await way.send(request)
    named = replace(request, url="http://no-such-host.invalid/x")
    with pytest.raises(RegistryUnavailableError, match="cannot be resolved"):
        await way.send(named)
    for url in ("file:///x", "http://127.0.0.1:1/\r\nX: y", "http://127.0.0.1:1/é"):
        with pytest.raises(PolyarchError):
            await way.send(replace(request, url=url))
    await way.close()


async def test_a_source_that_fails_is_told_as_such(tmp_path):
    short = tmp_path / "short"
    short.write_bytes(bytes(MIB))
    async with transport(silent) as send:
        with pytest.raises(SizeMismatchError):
            await send(Body.of_path(short, size=3 * MIB))
        body = Body.of_path(short, size=3 * MIB)
        short.unlink()
        with pytest.raises(BlobNotFoundError):
            await send(body)


async def test_whoever_is_cancelled_leaves_no_thread_at_work():
    async with deaf() as host:
        way = transport_to(host)
        sending = await begin_sending(way, host)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await way.close()
        await all_threads_end()


async def test_closing_ends_what_is_under_way():
    async with deaf() as host:
        way = transport_to(host)
        sending = await begin_sending(way, host)
        await way.close()
        with pytest.raises(RegistryUnavailableError):
            await sending
        await all_threads_end()


async def begin_sending(way: Transport, host: str) -> asyncio.Future[Response]:
    """A request that is being sent."""
    reading = threading.Event()

    class Told(Endless):
        def read(self, size: int | None = -1, /) -> bytes:
            reading.set()
            return super().read(size)

    body = Body(size=10**12, open=lambda _offset: Told())
    sending = asyncio.ensure_future(
        way.send(Request(method="PUT", url=f"http://{host}/x", body=body))
    )
    await asyncio.to_thread(reading.wait, 10)
    return sending


async def all_threads_end() -> None:
    uploads = [t for t in threading.enumerate() if t.name.startswith("polyarch-upload")]
    for thread in uploads:
        await asyncio.to_thread(thread.join, 10)
    assert not [t for t in uploads if t.is_alive()]


# --- TLS ----------------------------------------------------------------------------------------


async def test_tls_is_checked_here_too(tmp_path):
    pair = self_signed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    stranger = self_signed(other)
    registry = SandboxRegistry(ssl_context=pair.server)
    async with registry:
        url = f"https://{registry.host}"
        request = Request(method="PUT", url=f"{url}/v2/", body=Body.of_bytes(LARGE))
        for endpoint in (Endpoint(url=url, ca_file=pair.ca), Endpoint(url=url, insecure=True)):
            way = transport_to(registry.host, endpoint)
            assert (await way.send(request)).status >= 400
            await way.close()
        for trust in (None, stranger.ca, tmp_path / "absent.pem"):
            way = transport_to(registry.host, Endpoint(url=url, ca_file=trust))
            with pytest.raises(TlsError):
                await way.send(request)
            await way.close()
    plain = SandboxRegistry()
    async with plain:
        way = transport_to(plain.host, Endpoint(url=f"https://{plain.host}"))
        with pytest.raises(TlsError):
            await way.send(replace(request, url=f"https://{plain.host}/v2/"))
        await way.close()


async def test_a_name_that_the_certificate_has_not_is_refused(tmp_path):
    pair = self_signed(tmp_path)
    registry = SandboxRegistry(ssl_context=pair.server)
    async with registry:
        port = registry.host.partition(":")[2]
        url = f"https://127.0.0.2:{port}"
        way = transport_to(registry.host, Endpoint(url=url, ca_file=pair.ca))
        with pytest.raises((TlsError, RegistryUnavailableError)):
            await way.send(Request(method="PUT", url=url, body=Body.of_bytes(LARGE)))
        await way.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_large_blobs_over_tls_go_on_after_cuts(tmp_path, version):
    """TLS 1.3 says things of its own while we send: they are no answer."""
    pair = self_signed(tmp_path)
    pair.server.maximum_version = version
    registry = SandboxRegistry(ssl_context=pair.server, quirks=Quirks(cut_dropped=2, cut_after=MIB))
    async with registry:
        endpoint = Endpoint(url=f"https://{registry.host}", ca_file=pair.ca)
        place = Connected(registry, endpoint=endpoint)
        async with place.client:
            blob, body = blob_of(LARGE)
            assert await place.repository().push_blob(blob, body) == "uploaded"
            assert await read(place.repository(), blob) == LARGE
            assert len(place.seen("POST")) == 1


async def test_an_early_413_of_a_registry_is_heard_over_tls(tmp_path):
    async def hook(call: Call) -> Answer | None:
        return Answer(status=413, body=b"too large") if call.method == "PUT" else None

    pair = self_signed(tmp_path)
    registry = SandboxRegistry(ssl_context=pair.server, quirks=Quirks(on_request=hook))
    async with registry:
        way = transport_to(registry.host, Endpoint(url=f"https://{registry.host}", ca_file=pair.ca))
        url = f"https://{registry.host}/v2/a/blobs/uploads/x"
        response = await way.send(Request(method="PUT", url=url, body=ENDLESS))
        assert response.status == 413
        await way.close()
