"""The forge's API, as far as jobs ask it how runs ended.

Source: docs.github.com, "REST API endpoints for workflow runs".
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.workflow.events import REPOSITORY

Runs = dict[int, list[str]]
"""By its number, how each attempt at a run ended."""

_RUNS = re.compile(rf"/repos/{REPOSITORY}/actions/workflows/[\w.-]+\.yml/runs(?:\?.*)?")
_ATTEMPT = re.compile(rf"/repos/{REPOSITORY}/actions/runs/(\d+)/attempts/(\d+)")


@contextmanager
def serving(runs: Runs, tokens: set[str]) -> Iterator[str]:
    """Answer who has a token until the end of the block; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization", "").removeprefix("Bearer ") in tokens
            found = _answer(runs, self.path) if known else None
            body = json.dumps(found or {"message": "Not Found"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _answer(runs: Runs, path: str) -> dict[str, Any] | None:
    if _RUNS.fullmatch(path):
        rows = [
            {"id": number, "conclusion": ended[-1] if ended else None}
            for number, ended in runs.items()
        ]
        return {"total_count": len(rows), "workflow_runs": rows}
    if found := _ATTEMPT.fullmatch(path):
        ended = dict(enumerate(runs.get(int(found[1]), ()), 1)).get(int(found[2]))
        return {"id": int(found[1]), "conclusion": ended} if ended else None
    return None
