"""Names of images by digest: every place that the target needs, and no other text."""

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.pinned import pinned_text
from polyarch.dockerfile.stages import resolve
from polyarch.oci.platform import Platform

AMD = Platform.parse("amd64")
PINS = {"debian:12": "docker.io/library/debian@sha256:d", "busybox": "docker.io/library/busybox@b"}


def pinned(text: str, target: str | None = None) -> str:
    tree = parse(text)
    graph = resolve(tree, target=target, platform=AMD, build_platform=AMD)
    return pinned_text(tree, graph, PINS)


def test_every_kind_of_place() -> None:
    text = """\
ARG V=12
FROM --platform=$BUILDPLATFORM debian:${V} AS debian
RUN --mount=type=bind,from=busybox,target=/b true # busybox
FROM debian
COPY --from=busybox --chmod=755 /bin/busybox /
COPY --from=debian /a /a
COPY --from=other /a /a
"""
    assert (
        pinned(text)
        == """\
ARG V=12
FROM --platform=$BUILDPLATFORM docker.io/library/debian@sha256:d AS debian
RUN --mount=type=bind,from=docker.io/library/busybox@b,target=/b true # busybox
FROM debian
COPY --from=docker.io/library/busybox@b --chmod=755 /bin/busybox /
COPY --from=debian /a /a
COPY --from=other /a /a
"""
    )


def test_what_the_target_does_not_need_stays() -> None:
    text = "FROM busybox AS one\nFROM debian:12 AS two\n"
    assert pinned(text, "one") == text.replace("busybox", PINS["busybox"])


def test_lines_stay_where_they_are() -> None:
    text = "# busybox\r\nFROM \\\r\n  busybox\r\nRUN <<E\r\nbusybox\r\nE\r\n"
    assert pinned(text).splitlines()[0:2] == text.splitlines()[0:2]
    assert len(pinned(text).splitlines()) == len(text.splitlines())
    assert pinned(text).count("busybox@b") == 1
