"""From the checkout to three registries: polyarch beside one build of the same engine.

A cross-compiling Dockerfile with nothing there, not even the bases; the same with all there but
what one changed line makes anew; and one changed line where a costly stage serves four platforms.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence

from benchmarks.building import Ground, Source, grounds
from benchmarks.checkout import Checkout
from benchmarks.clients import Client
from benchmarks.emulated import MODULE, SERVER, SMALL
from benchmarks.row import Row
from tests.lab.buildah import own_buildah
from tests.lab.cache import work_folder
from tests.lab.engine import running_engine

LIMIT = 1.05
GO = """\
FROM --platform=$BUILDPLATFORM {golang} AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/server .

FROM {busybox}
COPY --from=build /out/server /bin/server
ENTRYPOINT ["server"]
"""
SHARED = """\
FROM --platform=$BUILDPLATFORM {busybox} AS assets
WORKDIR /src
COPY page.txt .
RUN i=0; while [ $i -lt LOOPS ]; do i=$((i+1)); done; cp page.txt /assets

FROM {busybox}
COPY --from=assets /assets /assets
CMD ["cat", "/assets"]
"""
CHEAP, COSTLY = "1000000", "30000000"
"""How often the stage counts: for about a second, or for half a minute."""
TWO = ("linux/amd64", "linux/arm64")
FOUR = (*TWO, "linux/386", "linux/arm/v7")

Side = Callable[[], float]


def cross_compiled(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """Plan, build, prove and publish, beside `docker buildx build --push`."""
    del peers
    main = SMALL if quick else SERVER
    files = {"go.mod": MODULE, "main.go": main}
    source = Source(platforms=TWO, dockerfile=GO, files=files, line=("main.go", "// {}"))
    kind = "hello" if quick else "HTTP server"
    what = f"Go {kind}, 2 platforms, 3 registries / buildx --push"
    with grounds(source) as (ours, other):
        pairs = [_both_cold(ours, other) for _ in range(1 if quick else 3)]
        yield _row(f"{what}, all cold", pairs)
        with work_folder() as folder, running_engine(folder) as engine:
            mine, theirs = ours.checkout("buildx"), other.checkout("buildx")
            pairs = _changed(
                lambda: _again(ours, mine, lambda: ours.polyarch(mine, engine.env)),
                lambda: _again(other, theirs, lambda: other.buildx(theirs, engine.env)),
                runs=2 if quick else 5,
            )
        yield _row(f"{what}, one line changed", pairs)


def one_line(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """One line changed before a costly stage that all four platforms take from."""
    del peers
    line = ("page.txt", "page {}")
    dockerfile = SHARED.replace("LOOPS", CHEAP if quick else COSTLY)
    source = Source(platforms=FOUR, dockerfile=dockerfile, files={}, line=line)
    runs = 2 if quick else 3
    what = "one line, 4 platforms, a costly shared stage"
    with grounds(source) as (ours, other), work_folder() as folder:
        with running_engine(folder) as engine:
            mine, theirs = ours.checkout("buildx"), other.checkout("buildx")
            pairs = _changed(
                lambda: _again(ours, mine, lambda: ours.polyarch(mine, engine.env)),
                lambda: _again(other, theirs, lambda: other.buildx(theirs, engine.env)),
                runs=runs,
            )
        yield _row(f"{what} / one buildx build", pairs)
        with own_buildah(folder) as buildah:
            mine, theirs = ours.checkout("buildah"), other.checkout("buildah")
            pairs = _changed(
                lambda: _again(ours, mine, lambda: ours.polyarch(mine, buildah.env)),
                lambda: _again(other, theirs, lambda: other.buildah(theirs, buildah.env)),
                runs=runs,
            )
        yield _row(f"{what} / one Buildah build", pairs)


def _both_cold(ours: Ground, other: Ground) -> tuple[float, float]:
    """Each with an engine that has neither bases nor caches."""
    with work_folder() as folder, running_engine(folder) as engine:
        mine = ours.polyarch(ours.checkout("buildx"), engine.env)
    with work_folder() as folder, running_engine(folder) as engine:
        theirs = other.buildx(other.checkout("buildx"), engine.env)
    return mine, theirs


def _again(ground: Ground, checkout: Checkout, side: Side) -> float:
    """The same after one line has changed; making the commit is not measured."""
    ground.change(checkout)
    return side()


def _changed(ours: Side, other: Side, *, runs: int) -> list[tuple[float, float]]:
    """In turn, after one round that does not count."""
    return [(ours(), other()) for _ in range(runs + 1)][1:]


def _row(what: str, pairs: Sequence[tuple[float, float]]) -> Row:
    ours, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    told = ", ".join(f"{mine:.2f}/{theirs:.2f}" for mine, theirs in pairs)
    return Row(what, ours, other, limit=LIMIT, note=told)
