"""`make bench`: figures as ratios, both sides measured in one run, in turn.

Each row: what, ours, the other, ours / other. Times are the median of several runs, in seconds of
wall time; a machine that does other things makes them unsteady, so read the ratios.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

HELLO = Path(__file__).parents[1] / "examples" / "hello"
POLYARCH = shutil.which("polyarch", path=Path(sys.executable).parent) or "polyarch"

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


@dataclass(frozen=True)
class Row:
    what: str
    ours: float
    other: float
    limit: float | None = None

    def __str__(self) -> str:
        ratio = self.ours / self.other
        limit = f"(at most {self.limit:g})" if self.limit else ""
        return f"{self.what:<66} {self.ours:9.3f} {self.other:9.3f} {ratio:7.2f} {limit}"


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(
    ours: Callable[[], object], other: Callable[[], object], runs: int
) -> tuple[float, float]:
    """Medians of both, measured in turn after one round that does not count."""
    ours()
    other()
    pairs = [(timed(ours), timed(other)) for _ in range(runs)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def run(
    *arguments: str, folder: Path | None = None, more: Mapping[str, str] = MappingProxyType({})
) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **more}
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True, env=environment)


def start_up() -> Row:
    ours, other = in_turn(
        lambda: run(sys.executable, "-m", "polyarch", "--version"),
        lambda: run(sys.executable, "-c", "pass"),
        runs=15,
    )
    return Row("polyarch --version / python -c pass", ours, other, limit=3)


def plan_offline(project: Path) -> Row:
    ours, other = in_turn(
        lambda: run(POLYARCH, "plan", "--offline", folder=project),
        lambda: run(sys.executable, "-c", "import click, msgspec, rich.table"),
        runs=7,
    )
    return Row("plan --offline, 8 platforms / importing its libraries", ours, other)


def direct_in_parallel(project: Path) -> Row:
    platforms = ("linux/amd64", "linux/arm64", "linux/386", "linux/riscv64")

    def build(chosen: Sequence[str]) -> None:
        run(POLYARCH, "build", "--force", "--platform", ",".join(chosen), folder=project)

    ours, other = in_turn(
        lambda: build(platforms), lambda: [build([each]) for each in platforms], runs=3
    )
    return Row("direct, 4 platforms at once / one after the other", ours, other)


def metadata_of_twenty_rules(folder: Path) -> Row:
    """Against the action itself where METADATA_ACTION is its dist/index.cjs, else bare node.

    Both ask a forge on loopback, so no network is measured.
    """
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


def nothing_changed(project: Path) -> Row:
    ours, other = in_turn(
        lambda: run(POLYARCH, "publish", "--sandbox", folder=project),
        lambda: run(POLYARCH, "publish", "--sandbox", "--force", folder=project),
        runs=3,
    )
    return Row("publish of 8 platforms again, nothing changed / all rebuilt", ours, other)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "hello"
        shutil.copytree(HELLO, project, ignore=shutil.ignore_patterns(".polyarch"))
        print(f"{'what':<66} {'ours s':>9} {'other s':>9} {'ratio':>7}")
        print(start_up(), flush=True)
        print(metadata_of_twenty_rules(Path(folder)), flush=True)
        for row in (plan_offline, direct_in_parallel, nothing_changed):
            print(row(project), flush=True)


if __name__ == "__main__":
    main()
