"""PA103, PA104: bases of one platform, by name or by argument."""

import pytest

from polyarch.dockerfile.lint.given import Given
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.oci.platform import Platform
from tests.support.linted import AMD64, ARM64, ARM_V7, EIGHT, linted, told

DIGEST = f"sha256:{'0' * 64}"

PINNED = [
    ("FROM arm64v8/debian", "1 error review"),
    ("FROM docker.io/arm32v7/debian:13", "1 error review"),
    ("FROM i386/alpine:3", "1 error review"),
    ("FROM amd64/alpine:3 AS x\nFROM b\nCOPY --from=x /f /", "1 error review"),
    ("FROM arm32v5/debian", "1 error review"),
    (f"FROM arm64v8/debian@{DIGEST}", "1 error none"),
    ("FROM x/y:1.2-amd64", "1 error none"),
    (f"FROM x/y:1.2-amd64@{DIGEST}", "1 error none"),
    ("FROM x/y-aarch64:1", "1 error none"),
    ("FROM x/y-x86_64", "1 error none"),
    ("FROM x/y:arm64", "1 error none"),
    ("FROM x/y:arm64v8-noble", "1 error none"),
    ("FROM x.example.com/y:amd64-1.2-slim", "1 error none"),
    ("FROM x.example.com/team/arm64v8/y:1", "1 error none"),
    ("ARG BASE=arm64v8/debian:13\nFROM $BASE", "2 error none"),
    ("ARG SUFFIX=-amd64\nFROM x:1$SUFFIX", "2 error none"),
]


@pytest.mark.parametrize(("text", "expected"), PINNED)
def test_a_name_of_one_platform_is_found(text: str, expected: str):
    assert told(text, "PA103") == [f"PA103:{expected}"]


NOT_PINNED = [
    "FROM debian:13",
    "FROM x:13-slim",
    "FROM x/y:2.0-arm64-tools-common",
    "FROM x/y-arm64-tools:1",
    # What the compiler in it makes.
    "FROM x/rust-cross:x86_64-musl",
    "FROM x/cross:aarch64-unknown-linux-gnu",
    "FROM x/amdahl64:1",
    "FROM x:1-$TARGETARCH",
    "FROM x:1-${TARGETARCH:-amd64}",
    "ARG A=$TARGETARCH\nFROM x:1-$A",
    # One stage for each platform, by name or by their number.
    "FROM x:amd64 AS x86_64\nFROM b\nCOPY --from=x86_64 /f /",
    "FROM x:amd64 AS one\nFROM x:arm64 AS two\nFROM b\nCOPY --from=one / /1\nCOPY --from=two / /2",
    # A stage of this file, and one that nothing needs.
    "FROM debian AS app-amd64\nFROM app-amd64 AS x\nFROM x",
    "FROM arm64v8/debian AS x\nFROM b",
    # Already told of by its flag.
    "FROM --platform=linux/arm64 arm64v8/debian",
    # A tool that runs on the builder, which is of that platform.
    "FROM --platform=$BUILDPLATFORM x:1-amd64 AS x\nFROM b\nCOPY --from=x /f /",
]


@pytest.mark.parametrize("text", NOT_PINNED)
def test_a_name_of_all_platforms_is_not(text: str):
    assert told(text, "PA103") == []


def test_the_other_platforms_are_concerned():
    (found,) = [one for one in linted("FROM arm64v8/debian") if one.rule == "PA103"]
    assert found.platforms == tuple(one for one in EIGHT if one != ARM64)
    assert "FROM debian" in found.hint
    assert told("FROM arm64v8/debian", "PA103", machine=ARM64)
    assert linted("FROM arm64v8/debian", ARM64) == ()


def test_a_tool_for_another_builder_is_found():
    text = "FROM --platform=$BUILDPLATFORM x:1-amd64 AS x\nFROM b\nCOPY --from=x /f /"
    assert told(text, "PA103", machine=ARM64) == ["PA103:1 error none"]


@pytest.mark.parametrize(
    ("name", "shorter"),
    [
        ("x:1.2-amd64", "x:1.2"),
        ("x:amd64", "x:latest"),
        ("x:amd64-13", "x:13"),
        ("x-amd64:3", "x:3"),
        ("x/amd64/y:3", "x/y:3"),
    ],
)
def test_a_shorter_name_is_offered_once_somebody_saw_that_it_has_all(name: str, shorter: str):
    asked: list[str] = []

    def lookup(reference: str, platforms: tuple[Platform, ...]) -> BaseImage | None:
        asked.append(reference)
        return BaseImage(offered=EIGHT) if reference == shorter else None

    assert told(f"FROM {name}", "PA103", lookup=lookup) == ["PA103:1 error review"]
    assert shorter in asked
    (found,) = [one for one in linted(f"FROM {name}", lookup=lookup) if one.rule == "PA103"]
    assert f"FROM {shorter}" in found.hint


ARGUMENTS = [
    ("ARG ARCH\nFROM $ARCH/python", "2"),
    ("ARG ARCH=amd64\nFROM ${ARCH}/alpine", "2"),
    ('ARG ARCH="amd64"\nARG OS="linux"\nFROM x/busybox-${OS}-${ARCH}:latest', "3"),
    ("ARG IMAGE_ARCH=arm64v8\nFROM $IMAGE_ARCH/debian", "2"),
    ("ARG PREFIX=arm32v7\nFROM $PREFIX/debian", "2"),
    ("ARG TARGET_ARCH=amd64\nFROM --platform=linux/$TARGET_ARCH debian", "2"),
    ("ARG PLATFORM\nFROM --platform=$PLATFORM debian", "2"),
    ("ARG GOARCH=amd64\nFROM x:1-$GOARCH", "2"),
    ("FROM a AS base-amd64\nFROM b AS base-arm64\nARG ARCH\nFROM x", None),
    ("ARG ARCH=amd64\nFROM a AS base-amd64\nFROM base-$ARCH", "3"),
]


@pytest.mark.parametrize(("text", "line"), ARGUMENTS)
def test_an_architecture_that_an_outer_loop_gives_is_found(text: str, line: str | None):
    expected = [f"PA104:{line} error none"] if line else []
    assert told(text, "PA103", "PA104", "PA101") == expected


NO_ARGUMENTS = [
    "FROM base-$TARGETARCH",
    "ARG ARCH=$TARGETARCH\nFROM base-$ARCH",
    "ARG ARCH=${TARGETARCH}${TARGETVARIANT}\nFROM base-$ARCH",
    "ARG VERSION=3\nFROM alpine:$VERSION",
    "ARG ELASTICSEARCH=8\nFROM elastic:$ELASTICSEARCH",
    "ARG ARCH=amd64\nFROM alpine",
    "ARG BASE\nFROM $BASE",
]


@pytest.mark.parametrize("text", NO_ARGUMENTS)
def test_other_arguments_are_not(text: str):
    assert told(text, "PA104") == []


def test_an_argument_that_the_build_is_given_is_as_good_as_text():
    text = "ARG ARCH\nFROM $ARCH/alpine"
    given = Given(build_args={"ARCH": "arm32v7"})
    (found,) = linted(text, AMD64, ARM_V7, given=given)
    assert (found.rule, found.platforms) == ("PA103", (AMD64,))
