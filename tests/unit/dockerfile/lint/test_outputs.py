"""What leaves a stage, and for whom."""

from polyarch.dockerfile.lint.outputs import transfers
from tests.support.emulated_work import laid_out


def test_paths_are_absolute_with_what_the_file_knows() -> None:
    view = laid_out("""
        ARG NAME=app
        FROM golang AS build
        RUN true
        FROM alpine
        ARG NAME OTHER
        ENV DIR=/opt/$NAME
        WORKDIR /srv
        COPY --from=build $DIR/bin ${OTHER}/x ./here/
        COPY --from=build ["/a b", "c"]
        RUN --mount=type=bind,from=build,source=lib,target=/lib true
        COPY --from=busybox:1 /bin/busybox /bin/
        COPY x y
    """)
    found = transfers(view)
    assert [(one.path, one.destination, one.is_mount) for one in found.of(view.stages[0])] == [
        ("/opt/app/bin", "/srv/here/", False),
        ("/$OTHER/x", "/srv/here/", False),
        ("/a b", "/srv/c", False),
        ("/lib", "/lib", True),
    ]
    assert [one.origin for one in found.into(view.stages[1])] == ["build"] * 4 + ["busybox:1"]
    assert found.into(view.stages[1])[-1].giver is None
    assert found.workdirs == {0: ("/",), 1: ("/srv",)}


def test_a_stage_has_what_its_parent_set() -> None:
    view = laid_out("""
        FROM alpine AS base
        ENV A=/a
        WORKDIR /w
        FROM busybox AS data
        FROM base AS other
        ENV A=/b
        FROM base
        COPY --from=data $A .
    """)
    (one,) = transfers(view).of(view.stages[1])
    assert (one.path, one.destination) == ("/a", "/w/")
