"""Receivers of notices on loopback, which check signatures as their makers document them."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

AN_HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request; `query` is decoded, as a service reads it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a receiver answers."""

    body: bytes = b"ok"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Receive = Callable[[Received], Reply]


def says(document: object, status: int = 200) -> Reply:
    return Reply(body=json.dumps(document).encode(), status=status)


def takes(_: Received) -> Reply:
    return Reply()


def answers(reply: Reply) -> Receive:
    return lambda _: reply


def busy(times: int, then: Receive = takes, *, wait: str = "0.1", status: int = 429) -> Receive:
    """Too many requests, that often."""
    left = [times]

    def receive(received: Received) -> Reply:
        left[0] -= 1
        if left[0] >= 0:
            return Reply(status=status, headers={"Retry-After": wait} if wait else {})
        return then(received)

    return receive


def dingtalk(secret: str) -> Receive:
    """Milliseconds, at most an hour off; the secret signs them, a new line and itself."""

    def receive(received: Received) -> Reply:
        stamp = received.query.get("timestamp", "")
        wanted = base64.b64encode(
            hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
        ).decode()
        if not stamp.isdigit() or abs(time.time() * 1000 - int(stamp)) > AN_HOUR_S * 1000:
            return says({"errcode": 310000, "errmsg": "invalid timestamp"})
        if received.query.get("sign") != wanted:
            return says({"errcode": 310000, "errmsg": "sign not match"})
        if received.json["msgtype"] != "text" or not received.json["text"]["content"]:
            return says({"errcode": 40035, "errmsg": "bad body"})
        return says({"errcode": 0, "errmsg": "ok"})

    return receive


def feishu(secret: str) -> Receive:
    """Seconds, at most an hour off, as text; they, a new line and the secret sign nothing."""

    def receive(received: Received) -> Reply:
        body = received.json
        stamp = body.get("timestamp", "")
        key = f"{stamp}\n{secret}".encode()
        wanted = base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()
        fresh = isinstance(stamp, str) and abs(time.time() - int(stamp or 0)) < AN_HOUR_S
        if not fresh or body.get("sign") != wanted:
            return says({"code": 19021, "msg": "sign match fail"})
        if body["msg_type"] != "post" or not body["content"]["post"]["zh_cn"]["content"]:
            return says({"code": 9499, "msg": "Bad Request"})
        return says({"code": 0, "msg": "success", "StatusCode": 0})

    return receive


def webhook(secret: str) -> Receive:
    """As docs/reference/notify.md says it."""

    def receive(received: Received) -> Reply:
        stamp = received.headers.get("X-Polyarch-Timestamp", "")
        signed = hmac.new(secret.encode(), f"{stamp}.".encode() + received.body, hashlib.sha256)
        good = hmac.compare_digest(
            received.headers.get("X-Polyarch-Signature", ""), f"sha256={signed.hexdigest()}"
        )
        fresh = stamp.isdigit() and abs(time.time() - int(stamp)) < AN_HOUR_S
        return Reply(status=204, body=b"") if good and fresh else Reply(status=401)

    return receive


class Issues:
    """The part of GitHub's API that issues have, for whoever has the token."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[int, str]] = []

    def __call__(self, received: Received) -> Reply:
        if received.headers.get("Authorization") != f"Bearer {self.token}":
            return says({"message": "Bad credentials"}, 401)
        rest = received.path.partition("/issues")[2].strip("/").split("/")
        if received.method == "GET":
            label, state = received.query["labels"], received.query["state"]
            fit = [e for e in self.issues if label in e["labels"] and e["state"] == state]
            return says(fit)
        if not rest[0]:
            issue = {"number": len(self.issues) + 1, "state": "open", **received.json}
            self.issues.append(issue)
            return says(issue, 201)
        number = int(rest[0])
        if rest[1:] == ["comments"]:
            self.comments.append((number, received.json["body"]))
            return says({}, 201)
        self.issues[number - 1] |= received.json
        return says(self.issues[number - 1])


@dataclass
class Receivers:
    """`ways` by the beginning of a path; `got` is all that came, in order."""

    ways: dict[str, Receive] = field(default_factory=dict)
    got: list[Received] = field(default_factory=list)
    host: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def at(self, path: str, receive: Receive = takes) -> str:
        """Let somebody receive there; gives the address."""
        self.ways[path] = receive
        return f"{self.url}{path}"

    def of(self, path: str) -> list[Received]:
        return [each for each in self.got if each.path.startswith(path)]

    def answer(self, received: Received) -> Reply:
        self.got.append(received)
        fit = [path for path in self.ways if received.path.startswith(path)]
        return self.ways[max(fit, key=len)](received) if fit else Reply(status=404)


@contextmanager
def receivers(tls: ssl.SSLContext | None = None) -> Iterator[Receivers]:
    """Serve until the end of the block."""
    known = Receivers()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            url = urlsplit(self.path)
            query = parse_qs(url.query, keep_blank_values=True)
            received = Received(
                method=self.command,
                path=url.path,
                query={name: values[-1] for name, values in query.items()},
                headers=dict(self.headers.items()),
                body=self.rfile.read(length),
            )
            reply = known.answer(received)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815 - the server looks for these names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        known.host = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()
