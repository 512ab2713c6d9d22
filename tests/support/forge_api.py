"""A forge's API on loopback that answers what a test wants it to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class ForgeApi:
    """`answers` by path without query; `seen` are path and headers of each request."""

    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    url: str = ""


def says(document: object, status: int = 200) -> Answer:
    """Answer with a JSON document."""
    return body(json.dumps(document).encode(), status)


def body(raw: bytes, status: int = 200, **headers: str) -> Answer:
    """Answer with these bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte now and then, for as long as anybody listens."""
    handler.send_response(200)
    handler.end_headers()
    stopped = threading.Event()
    try:
        while not stopped.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        return


@contextmanager
def forge_api() -> Iterator[ForgeApi]:
    """Serve until the end of the block."""
    api = ForgeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            api.seen.append((self.path, dict(self.headers.items())))
            api.answers.get(path, says({"message": "Not Found"}, 404))(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
