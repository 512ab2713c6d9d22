"""A Go program for two platforms as most Dockerfiles have it, and as `lint --fix` leaves it."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.clients import POLYARCH, Client
from benchmarks.row import Row, run
from tests.lab.bases import running_base_registry
from tests.lab.cache import work_folder
from tests.lab.engine import running_engine
from tests.lab.registries import Registry

CONFIG = """\
[images.server]
engine = "buildx"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example/team/server"]
tags = ["latest"]
"""
DOCKERFILE = """\
FROM {golang} AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /out/server .

FROM {busybox}
COPY --from=build /out/server /bin/server
ENTRYPOINT ["server"]
"""
MODULE = "module example.com/server\n\ngo 1.21\n"
SMALL = """\
package main

import "os"

func main() { os.Stdout.WriteString("hello\\n") }
"""
SERVER = """\
package main

import (
	"encoding/json"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(answer).Encode(map[string]string{"hello": "world"})
	})
	http.ListenAndServe(":8080", nil)
}
"""


def beside_fixed(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """From the checkout to the registries, with nothing built before."""
    del peers
    source = SMALL if quick else SERVER
    with work_folder() as folder:
        (folder / "bases").mkdir()
        with running_base_registry(folder / "bases") as bases:
            emulated_s = published(folder / "emulated", bases, source, fix=False)
            fixed_s = published(folder / "fixed", bases, source, fix=True)
    kind = "hello" if quick else "HTTP server"
    what = f"publish of a Go {kind}, 2 platforms: fixed / emulated"
    yield Row(what, fixed_s, emulated_s)


def published(folder: Path, bases: Registry, source: str, *, fix: bool) -> float:
    """Seconds that `polyarch publish` takes, with an engine that has built nothing yet."""
    project = folder / "project"
    project.mkdir(parents=True)
    names = {"golang": bases.reference("golang:1"), "busybox": bases.reference("busybox:1")}
    files = {
        "polyarch.toml": CONFIG,
        "Dockerfile": DOCKERFILE.format(**names),
        "go.mod": MODULE,
        "main.go": source,
        ".dockerignore": "polyarch.toml\n.polyarch\n",
    }
    for name, text in files.items():
        (project / name).write_text(text)
    if fix:
        run(POLYARCH, "lint", "--fix", "--quiet", folder=project)
        assert "--platform=$BUILDPLATFORM" in (project / "Dockerfile").read_text()
    with running_engine(folder) as engine:
        start = time.perf_counter()
        run(POLYARCH, "publish", "--sandbox", "--quiet", folder=project, more=engine.env)
        return time.perf_counter() - start
