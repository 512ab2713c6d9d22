"""The proxy does to requests what its rules say, and nothing to others."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.fault_proxy import FaultProxy, faulty
from tests.support.faults import Corrupt, Instead, Reset, Rule, Stall, Swallow, Truncate

BODY = bytes(range(256)) * 1024
SOON_S = 0.5
CUT = (ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead)


class Origin(ThreadingHTTPServer):
    """Gives back what was put; `put` lists the bodies that arrived whole."""

    def __init__(self) -> None:
        self.put: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that the proxy cut."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n")
        elif self.path == "/until-the-end":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(BODY)
        else:
            self._answer(200, BODY)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()

    def do_PUT(self) -> None:
        if self.path == "/refused":
            self.close_connection = True
            self._answer(413, b"too large")
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) == int(self.headers["Content-Length"]):
            assert isinstance(self.server, Origin)
            self.server.put.append(body)
            self._answer(201, b"stored")

    def do_POST(self) -> None:
        text = b""
        while size := int(self.rfile.readline(), 16):
            text += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        self._answer(200, text)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def asking(proxy: FaultProxy, timeout: float = 30.0) -> Iterator[http.client.HTTPConnection]:
    address, _, port = proxy.host.rpartition(":")
    client = http.client.HTTPConnection(address, int(port), timeout=timeout)
    try:
        yield client
    finally:
        client.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    client.request(method, path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def test_without_rules_all_passes_on_one_connection(origin: Origin) -> None:
    with faulty(origin.host) as proxy, asking(proxy) as client:
        assert ask(client, "PUT", "/a?b=c", BODY) == (201, b"stored")
        assert ask(client, "GET", "/a") == (200, BODY)
        assert ask(client, "HEAD", "/a") == (200, b"")
        assert ask(client, "GET", "/chunked") == (200, b"hello world")
        client.request("POST", "/", iter([b"one", b"two"]), encode_chunked=True)
        assert client.getresponse().read() == b"onetwo"
        assert ask(client, "GET", "/until-the-end") == (200, BODY)
    assert origin.put == [BODY]
    put, *_ = proxy.seen
    assert (put.method, put.path, put.sent, put.status) == ("PUT", "/a?b=c", len(BODY), 201)
    assert proxy.spoiled() == []


def test_an_early_refusal_reaches_the_client(origin: Origin) -> None:
    with faulty(origin.host) as proxy, asking(proxy) as client:
        assert ask(client, "PUT", "/refused", b"x") == (413, b"too large")


@pytest.mark.parametrize("after", [0, 1, 1000, len(BODY) - 1, len(BODY)])
def test_a_request_is_reset(origin: Origin, after: int) -> None:
    with faulty(origin.host, Rule(fault=Reset(of="request", after=after))) as proxy:
        with asking(proxy) as client, pytest.raises(CUT):
            ask(client, "PUT", "/a", BODY)
        with asking(proxy) as client:
            assert ask(client, "PUT", "/a", BODY) == (201, b"stored")
    spoiled, again = proxy.seen
    assert spoiled.sent <= after
    assert (again.sent, again.fault) == (len(BODY), None)


@pytest.mark.parametrize("kind", [Reset, Truncate])
@pytest.mark.parametrize("after", [0, 1, 70_000])
def test_an_answer_is_cut_short(origin: Origin, kind: type[Reset], after: int) -> None:
    with faulty(origin.host, Rule(fault=kind(after=after))) as proxy:
        with asking(proxy) as client:
            client.request("GET", "/a")
            with pytest.raises(CUT) as caught:
                client.getresponse().read()
        if kind is Truncate:
            assert isinstance(caught.value, http.client.IncompleteRead)
            assert caught.value.partial == BODY[:after]
        with asking(proxy) as client:
            assert ask(client, "GET", "/a") == (200, BODY)


@pytest.mark.parametrize("at", [0, 70_000, len(BODY) - 1])
def test_one_byte_is_another(origin: Origin, at: int) -> None:
    rules = [
        Rule(fault=Corrupt(of="request", at=at), method="PUT"),
        Rule(fault=Corrupt(of="answer", at=at), method="GET"),
    ]
    with faulty(origin.host, *rules) as proxy, asking(proxy) as client:
        ask(client, "PUT", "/a", BODY)
        (put,) = origin.put
        for body in (put, ask(client, "GET", "/a")[1]):
            assert len(body) == len(BODY)
            assert [i for i, byte in enumerate(body) if byte != BODY[i]] == [at]


@pytest.mark.parametrize("after", [0, 1000, 70_000])
def test_a_body_stalls_and_goes_on(origin: Origin, after: int) -> None:
    rules = [
        Rule(fault=Stall(of="request", after=after, seconds=SOON_S), method="PUT"),
        Rule(fault=Stall(of="answer", after=after, seconds=SOON_S), method="GET"),
    ]
    with faulty(origin.host, *rules) as proxy, asking(proxy) as client:
        started = time.monotonic()
        assert ask(client, "PUT", "/a", BODY) == (201, b"stored")
        assert time.monotonic() - started >= SOON_S
        assert ask(client, "GET", "/a") == (200, BODY)
        assert time.monotonic() - started >= 2 * SOON_S
    assert origin.put == [BODY]


def test_a_stall_may_last_forever(origin: Origin) -> None:
    with (
        faulty(origin.host, Rule(fault=Stall(after=10))) as proxy,
        asking(proxy, timeout=SOON_S) as client,
    ):
        client.request("GET", "/a")
        answer = client.getresponse()
        assert answer.read(10) == BODY[:10]
        with pytest.raises(TimeoutError):
            answer.read(1)


@pytest.mark.parametrize("hangs", [False, True])
def test_an_answer_is_swallowed_after_the_deed(origin: Origin, hangs: bool) -> None:
    rule = Rule(fault=Swallow(hangs=hangs), method="PUT")
    with faulty(origin.host, rule) as proxy:
        with asking(proxy, timeout=SOON_S) as client, pytest.raises(TimeoutError if hangs else CUT):
            ask(client, "PUT", "/a", BODY)
        assert origin.put == [BODY]
        assert proxy.seen[0].status == 0


def test_an_answer_is_made_up(origin: Origin) -> None:
    fault = Instead(status=429, headers={"Retry-After": "7"}, body=b"slow down")
    rule = Rule(fault=fault, method="PUT", path=r"/uploads/", skip=1, times=2)
    with faulty(origin.host, rule) as proxy, asking(proxy) as client:
        paths = ["/v2/a/uploads/1?x", "/v2/a/manifests/1", *["/v2/a/uploads/2"] * 3]
        assert [ask(client, "PUT", path, b"x")[0] for path in paths] == [201, 201, 429, 429, 201]
        client.request("HEAD", "/a")
        client.getresponse().read()
    assert len(origin.put) == 3
    assert [seen.path for seen in proxy.spoiled()] == ["/v2/a/uploads/2"] * 2
    assert [seen.sent for seen in proxy.spoiled()] == [0, 0]


def test_a_made_up_answer_has_its_headers_and_a_head_no_body(origin: Origin) -> None:
    fault = Instead(status=503, headers={"Retry-After": "7"}, body=b"later")
    with faulty(origin.host, Rule(fault=fault, times=2)) as proxy, asking(proxy) as client:
        for method, body in (("HEAD", b""), ("GET", b"later")):
            client.request(method, "/a")
            answer = client.getresponse()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
            assert answer.read() == body
        assert ask(client, "GET", "/a") == (200, BODY)


def test_rules_come_and_go(origin: Origin) -> None:
    with faulty(origin.host) as proxy, asking(proxy) as client:
        proxy.add(Rule(fault=Instead(status=500), times=float("inf")))
        assert [ask(client, "GET", "/a")[0] for _ in range(3)] == [500] * 3
        proxy.clear()
        assert ask(client, "GET", "/a")[0] == 200
        proxy.add(Rule(fault=Instead(status=500)), Rule(fault=Instead(status=502)))
        assert [ask(client, "GET", "/a")[0] for _ in range(3)] == [500, 502, 200]


def test_a_reset_is_a_reset(origin: Origin) -> None:
    with faulty(origin.host, Rule(fault=Reset(of="request", after=0))) as proxy:
        address, _, port = proxy.host.rpartition(":")
        with socket.create_connection((address, int(port)), timeout=30) as client:
            client.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert proxy.seen[0].status == 0


def test_what_is_asked_to_continue_is_continued(origin: Origin) -> None:
    with faulty(origin.host, Rule(fault=Instead(status=401), path="/no")) as proxy:
        address, _, port = proxy.host.rpartition(":")
        for path, status in (("/no", b"401"), ("/yes", b"201")):
            with socket.create_connection((address, int(port)), timeout=30) as client:
                head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                client.sendall(f"{head}Content-Length: 1\r\nConnection: close\r\n\r\n".encode())
                answers = client.makefile("rb")
                assert b"100" in answers.readline()
                answers.readline()
                client.sendall(b"x")
                assert status in answers.readline()
                answers.close()
