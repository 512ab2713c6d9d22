"""A webhook on loopback that keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class NoticeReceiver:
    """`url` is its address; `told` are the documents, oldest first."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[NoticeReceiver]:
    """Receive until the end of the block."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield NoticeReceiver(
                url=f"http://127.0.0.1:{server.server_port}/hook-0c1d2e3f", told=told
            )
        finally:
            server.shutdown()
            thread.join()
