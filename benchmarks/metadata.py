"""`polyarch metadata` beside the action that it stands in for."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.clients import POLYARCH
from benchmarks.row import Row, in_turn, run

METADATA_LIMIT_S = 0.25

TWENTY_RULES = (
    "type=schedule",
    "type=schedule,pattern={{date 'YYYYMMDD'}}",
    "type=ref,event=branch",
    "type=ref,event=tag",
    "type=ref,event=pr",
    "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}",
    "type=semver,pattern={{major}}",
    "type=pep440,pattern={{version}}",
    "type=pep440,pattern={{major}}.{{minor}}",
    "type=match,pattern=v(.*),group=1",
    r"type=match,pattern=/^V(\d+)/i,group=1",
    "type=edge",
    "type=edge,branch=main",
    "type=sha",
    "type=sha,format=long",
    "type=raw,value={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}",
    "type=raw,value={{commit_date 'YYYY.WW'}}",
    "type=raw,value=nightly-{{branch}},enable={{is_default_branch}}",
    "type=raw,value=x,prefix={{sha}}-,suffix=-y",
)


def metadata_of_twenty_rules() -> Row:
    """Against the action itself where METADATA_ACTION is its dist/index.cjs, else bare node.

    Both ask a forge on loopback, so no network is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _metadata(Path(folder))


def _metadata(folder: Path) -> Row:
    environment = {
        "INPUT_IMAGES": "ghcr.io/team/app",
        "INPUT_TAGS": "\n".join(TWENTY_RULES),
        "INPUT_CONTEXT": "workflow",
        "INPUT_GITHUB-TOKEN": "none",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REF": "refs/tags/v1.2.3",
        "GITHUB_SHA": "860c1904a1ce19322e91ac35af1ab07466440c37",
        "GITHUB_REPOSITORY": "team/app",
        "RUNNER_TEMP": str(folder),
    }
    action, node = os.environ.get("METADATA_ACTION"), shutil.which("node")
    with repository_api() as url:
        files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
        for path in files.values():
            Path(path).touch()
        given = {**environment, **files, "GITHUB_API_URL": url}

        def theirs() -> None:
            if node and action:
                run(node, action, folder=folder, more=given)
            else:
                run(*((node, "-e", "0") if node else (sys.executable, "-c", "pass")))

        ours, other = in_turn(
            lambda: run(POLYARCH, "metadata", folder=folder, more=given), theirs, runs=15
        )
    name = "the action" if node and action else "node -e 0" if node else "python -c pass"
    return Row(f"metadata, 20 rules, at most {METADATA_LIMIT_S} s / {name}", ours, other)


@contextlib.contextmanager
def repository_api() -> Iterator[str]:
    """A forge on loopback that knows one repository, so that both sides ask the same."""
    about = {
        "name": "app",
        "full_name": "team/app",
        "description": "",
        "html_url": "https://github.com/team/app",
        "default_branch": "main",
        "license": {"spdx_id": "MIT"},
        "commit": {"committer": {"date": "2020-01-10T00:30:00Z"}},
    }
    body = json.dumps(about).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
