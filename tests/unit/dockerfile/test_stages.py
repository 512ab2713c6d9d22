"""Stages, names, platforms and scopes as BuildKit's `dockerfile2llb` has them."""

from collections.abc import Collection, Mapping

import pytest

from polyarch.dockerfile.graph import OriginKind, StageGraph, external_images, named_contexts
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.stages import resolve
from polyarch.errors import DockerfileSyntaxError, StageNotFoundError
from polyarch.oci.platform import Platform

AMD64 = Platform.parse("linux/amd64")
ARM_V7 = Platform.parse("linux/arm/v7")
NOTHING: Mapping[str, str] = {}


def graph(
    text: str,
    *,
    target: str | None = None,
    build_args: Mapping[str, str] = NOTHING,
    contexts: Collection[str] = (),
) -> StageGraph:
    return resolve(
        parse(text),
        target=target,
        platform=ARM_V7,
        build_platform=AMD64,
        build_args=build_args,
        contexts=contexts,
    )


def refused(text: str, **request: object) -> tuple[int, str]:
    with pytest.raises(DockerfileSyntaxError) as caught:
        graph(text, **request)  # type: ignore[arg-type]  # only known keywords are given
    return caught.value.line, caught.value.reason


def bases(text: str, **request: object) -> list[str]:
    found = graph(text, **request)  # type: ignore[arg-type]  # only known keywords are given
    return [reference.text for reference in external_images(found)]


def sources(text: str, **request: object) -> list[str | None]:
    found = graph(text, **request)  # type: ignore[arg-type]  # only known keywords are given
    return [source.path for source in found.context_sources]


# --- which stages ------------------------------------------------------------------------------

TUTORIAL = """\
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
ARG TARGETOS TARGETARCH TARGETVARIANT
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg GOARCH=$TARGETARCH go build -o /app .
FROM unused AS extra
RUN false
FROM alpine:3 AS final
COPY --from=build /app /app
COPY --from=busybox:musl /bin/sh /sh
COPY config /etc/
"""


def test_the_graph_of_a_tutorials_file():
    found = graph(TUTORIAL)
    assert [(stage.index, stage.name) for stage in found.stages] == [(0, "build"), (2, "final")]
    build, final = found.stages
    assert (build.platform, final.platform) == (AMD64, ARM_V7)
    assert build.platform_expression == "$BUILDPLATFORM"
    assert (build.has_run, final.has_run, found.has_run) == (True, False, True)
    assert [use.origin.kind for use in final.copies_from] == [OriginKind.STAGE, OriginKind.IMAGE]
    assert final.copies_from[0].origin.stage == 0
    assert [source.path for source in found.context_sources] == ["go.mod", "go.sum", "config"]
    assert found.final is final


def test_external_images_have_text_platform_and_place():
    dockerfile = parse(TUTORIAL)
    found = [
        (one.text, one.instruction, str(one.platform), one.line, one.span.of(dockerfile.text))
        for one in external_images(graph(TUTORIAL))
    ]
    assert found == [
        ("golang:1.22", "FROM", "linux/amd64", 1, "golang:1.22"),
        ("alpine:3", "FROM", "linux/arm/v7", 7, "alpine:3"),
        ("busybox:musl", "COPY", "linux/arm/v7", 9, "--from=busybox:musl"),
    ]


def test_a_target_needs_only_what_it_needs():
    assert bases(TUTORIAL, target="build") == ["golang:1.22"]
    assert bases(TUTORIAL, target="BUILD") == ["golang:1.22"]
    with pytest.raises(StageNotFoundError, match="`test`") as caught:
        graph(TUTORIAL, target="test")
    assert caught.value.hint == "named stages: `build`, `extra`, `final`"


def test_of_two_stages_of_a_name_the_lower_one_counts():
    text = "FROM a AS x\nFROM x AS x\nFROM b AS x\nFROM scratch\nCOPY --from=x / /\n"
    assert bases(text) == ["b"]
    assert bases(text, target="x") == ["b"]
    assert graph("FROM a AS x\nFROM x AS x\nFROM x\n").final.base.stage == 1


# --- names -------------------------------------------------------------------------------------


def test_a_stage_beats_an_image_even_scratch():
    found = graph("FROM debian AS scratch\nFROM scratch\n")
    assert found.final.base.kind is OriginKind.STAGE
    assert graph("FROM scratch\n").final.base.kind is OriginKind.SCRATCH
    assert bases("FROM scratch\nCOPY --from=scratch / /\n") == []


def test_copy_counts_stages_and_finds_names_in_any_case():
    text = "FROM a AS Build\nFROM b\nFROM c\nCOPY --from=1 / /\nCOPY --from=BUILD / /\n"
    assert [use.origin.stage for use in graph(text).final.copies_from] == [1, 0]


def test_mounts_take_stages_by_name_and_never_by_number():
    text = (
        "FROM a AS one\nFROM b\n"
        "RUN --mount=type=bind,from=ONE,target=/x --mount=type=cache,from=0,target=/y true\n"
    )
    uses = graph(text).final.copies_from
    assert [(use.origin.kind, use.origin.text) for use in uses] == [
        (OriginKind.STAGE, "ONE"),
        (OriginKind.IMAGE, "0"),
    ]
    assert uses[0].span.of(text) == "--mount=type=bind,from=ONE,target=/x"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a\nCOPY --from=7 / /\n", 2),
        ("FROM a\nCOPY --from=0 / /\n", 2),
        ("FROM a AS one\nCOPY --from=two / /\nFROM b AS two\nCOPY --from=one / /\n", 2),
        ("FROM a\nARG X\nCOPY --from=$X / /\n", 3),
        ("FROM a\nRUN --mount=from=a$X,target=/x true\n", 2),
        ("FROM a AS build\nFROM Build\n", 2),
        ("FROM a AS 1st\n", 1),
        ("FROM a AS b c\n", 1),
        ("FROM a b\n", 1),
        ("FROM\n", 1),
        ("FROM --platform a\n", 1),
        ("FROM --link a\n", 1),
        ("FROM $X\n", 1),
        ("FROM --platform=$X a\n", 1),
        ("FROM --platform=linux/nonsense a\n", 1),
        ("FROM ${X\n", 1),
        ("ARG =x\nFROM a\n", 1),
        ("ARG X='\nFROM a\n", 1),
        ("RUN x\nFROM a\n", 1),
        ("ARG X\n", 1),
        ("FROM a\nNONSENSE\n", 2),
        ("FROM a\nCOPY x\n", 2),
        ("FROM a\nCOPY 'x y\n", 2),
        ("FROM a\nENV\n", 2),
        ("FROM a\nARG X=${Y:?no}\nFROM scratch\nARG X=${Y:?no}\n", 4),
    ],
)
def test_what_buildkit_refuses(text: str, line: int):
    if "FROM b AS two" in text:
        assert refused(text, target="one")[0] == line
    else:
        assert refused(text)[0] == line


def test_other_frontends_may_know_other_instructions():
    assert bases("# syntax=example/plus\nFROM a\nINCLUDE+ x\n") == ["a"]
    assert refused("# syntax=docker/dockerfile:1\nFROM a\nINCLUDE+ x\n")[0] == 3


# --- scopes ------------------------------------------------------------------------------------


def test_from_sees_global_and_automatic_arguments_only():
    text = (
        "ARG V=1 W=$V.2\nARG N\nARG X=${N:-none}\n"
        "FROM a:$V AS one\nARG V=9\nENV W=8\n"
        "FROM b:$W-$X-$TARGETARCH$TARGETVARIANT-$BUILDARCH\nCOPY --from=one / /\n"
    )
    assert bases(text) == ["a:1", "b:1.2-none-armv7-amd64"]
    given = {"V": "3", "N": "n", "UNDECLARED": "u", "TARGETARCH": "mine"}
    assert bases(text, build_args=given) == ["a:3", "b:3.2-n-minev7-amd64"]
    assert bases("ARG X=$UNDECLARED\nFROM a$X\n", build_args=given) == ["a"]


def test_a_default_shadows_an_automatic_argument():
    assert bases("ARG TARGETARCH=amd64\nFROM a-$TARGETARCH\n") == ["a-amd64"]
    assert bases("ARG TARGETARCH\nFROM a-$TARGETARCH\n") == ["a-arm"]


@pytest.mark.parametrize(
    ("target", "name"), [(None, "default"), ("one", "one")], ids=["default", "one"]
)
def test_the_target_is_an_argument_too(target: str | None, name: str):
    assert bases("FROM $TARGETSTAGE-x AS one\nFROM one\n", target=target) == [f"{name}-x"]


def test_stage_names_may_stand_on_the_platform():
    text = "FROM a AS base-amd64\nFROM b AS base-arm\nFROM base-${TARGETARCH}\n"
    assert bases(text) == ["b"]


def test_paths_see_the_variables_of_their_stage():
    text = (
        "ARG DIR=global\nARG OTHER=other\nFROM scratch AS base\nENV BASE=from-base\n"
        "FROM base\nCOPY $DIR/a /\nARG DIR\nCOPY $DIR/b $BASE/ /\n"
        "ARG OTHER=mine-$DIR TARGETARCH\nENV DIR=env OLD=$DIR\n"
        'COPY ["$OTHER $DIR", "$OLD", "$TARGETARCH", "/"]\n'
    )
    assert sources(text) == [
        "/a", "global/b", "from-base/", "mine-global env", "global", "arm",
    ]  # fmt: skip
    assert sources(text, build_args={"OTHER": "given"})[3] == "given env"


def test_what_only_the_base_image_knows_is_unknown():
    text = (
        "FROM a\nARG HERE=here\nCOPY $HERE ${THERE:-x} ${THERE:?no} /\n"
        "ENV P=$PATH HERE=$HERE\nCOPY $P $HERE /\nENV $THERE=x\nCOPY $HERE /\n"
    )
    assert sources(text) == ["here", None, None, None, "here", None]
    assert sources("FROM scratch\nCOPY $PATH ${THERE:-x} /\n") == [None, "x"]


# --- what comes from the context ---------------------------------------------------------------


def test_context_sources():
    text = (
        "FROM scratch\nWORKDIR /src\n"
        "ADD https://e/x.tar.gz git@host:a/b.git ssh://h/r.git local.tar /\n"
        "COPY <<EOF <<'B' file.txt /dst/\nx\nEOF\ny\nB\n"
        "COPY --chmod=0755 --parents ./a/./b /\n"
        "RUN --mount=target=. --mount=type=bind,source=sub,target=/s "
        "--mount=type=secret,id=x --mount=type=cache,target=/c --mount=type=tmpfs,target=/t true\n"
    )
    found = graph(text).context_sources
    assert [(one.path, one.instruction) for one in found] == [
        ("local.tar", "ADD"),
        ("file.txt", "COPY"),
        ("./a/./b", "COPY"),
        (".", "RUN"),
        ("sub", "RUN"),
    ]
    assert [one.span.of(text) for one in found][:2] == ["local.tar", "file.txt"]
    assert found[-1].line == 10


def test_stages_without_context():
    assert sources("FROM a AS b\nRUN x\nFROM scratch\nCOPY --from=b / /\n") == []


# --- platforms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("FROM a\n", "linux/arm/v7"),
        ("FROM --platform=$BUILDPLATFORM a\n", "linux/amd64"),
        ("FROM --platform=${BUILDOS}/arm64 a\n", "linux/arm64"),
        ("FROM --platform=$TARGETPLATFORM a\n", "linux/arm/v7"),
        ("ARG P=linux/s390x\nFROM --platform=$P a\n", "linux/s390x"),
        # a stage keeps the platform of the stage that it stands on, whatever it says
        ("FROM --platform=$BUILDPLATFORM a AS b\nFROM b\n", "linux/amd64"),
        ("FROM a AS b\nFROM --platform=$BUILDPLATFORM b\n", "linux/arm/v7"),
        ("FROM --platform=$BUILDPLATFORM scratch\n", "linux/arm/v7"),
    ],
)
def test_platform_of_a_stage(text: str, platform: str):
    assert str(graph(text).final.platform) == platform


# --- ONBUILD -------------------------------------------------------------------------------------


def test_triggers_of_a_base_stage_are_part_of_the_stages_on_it():
    text = (
        "FROM x AS one\nFROM a AS base\nONBUILD COPY --from=one / /\nONBUILD COPY src /src\n"
        "ONBUILD RUN make\nFROM base AS child\nFROM child\n"
    )
    found = graph(text)
    assert [stage.name for stage in found.stages] == ["one", "base", "child", None]
    base, child, last = found.stages[1:]
    assert (base.has_run, child.has_run, last.has_run) == (False, True, False)
    assert [source.path for source in child.context_sources] == ["src"]
    assert (base.copies_from, last.context_sources) == ((), ())


@pytest.mark.parametrize(
    ("line", "is_fetched"),
    [
        ("ADD https://example.com/a /", True),
        ("ADD git@example.com:a/b.git#main /", True),
        ("ARG V=1\nADD https://example.com/$V /", True),
        ("ARG V=https://example.com/a\nADD $V /", True),
        ("ADD $UNKNOWN /", True),
        ('ADD ["a", "http://example.com/a", "/"]', True),
        ("ADD --checksum=sha256:0 https://example.com/a /", False),
        ("ADD a <<b /\nhttps://example.com\nb", False),
        ("COPY a /", False),
        ("RUN wget https://example.com/a", False),
    ],
)
def test_what_add_brings_from_elsewhere_may_be_another_tomorrow(line: str, is_fetched: bool):
    assert graph(f"FROM a AS one\n{line}\nFROM b\nCOPY --from=one / /\n").fetches is is_fetched
    assert not graph(f"FROM a AS one\n{line}\nFROM b\n").fetches


# --- named contexts --------------------------------------------------------------------------


def test_named_contexts_stand_in_for_stages_and_images():
    text = (
        "FROM golang AS Build\nRUN make\n"
        "FROM docker.io/library/alpine:latest\nCOPY --from=build / /\n"
        "COPY --from=team/files /a /a\nRUN --mount=from=docker.io/team/tools:2,target=/t x\n"
    )
    found = graph(text, contexts=["build", "alpine", "team/files", "team/tools:2", "scratch"])
    assert external_images(found) == ()
    assert [one.text for one in named_contexts(found)] == [
        "build",
        "docker.io/library/alpine:latest",
        "team/files",
        "docker.io/team/tools:2",
    ]
    assert [stage.has_run for stage in found.stages] == [False, True]


def test_scratch_is_never_a_named_context():
    found = graph("FROM scratch\n", contexts=["scratch"])
    assert found.final.base.kind is OriginKind.SCRATCH


def test_long_chains_are_followed():
    text = "FROM a AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\n" for i in range(3000))
    assert len(graph(text).stages) == 3001
