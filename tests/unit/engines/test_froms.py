import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.froms import Pinned, Pinning, pin_platforms
from polyarch.oci.platform import Platform

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")


def pin(text: str, **more: object) -> Pinned:
    values = {"target": ARM64, "native": AMD64, "build_args": {}, **more}
    return pin_platforms(text, Pinning(**values))  # type: ignore[arg-type]  # a test's keywords


def froms(text: str, **more: object) -> list[str]:
    return [line for line in pin(text, **more).text.splitlines() if line.startswith("FROM")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian", ["FROM --platform=linux/arm64 debian"]),
        ("from debian as x", ["FROM --platform=linux/arm64 debian AS x"]),
        (
            "FROM --platform=$BUILDPLATFORM golang AS build\nFROM scratch",
            ["FROM --platform=linux/amd64 golang AS build", "FROM --platform=linux/arm64 scratch"],
        ),
        (
            "FROM --platform=${BUILDPLATFORM:-linux/386} a AS b\nFROM b AS c\nFROM a",
            [
                "FROM --platform=linux/amd64 a AS b",
                "FROM --platform=linux/amd64 b AS c",
                "FROM --platform=linux/arm64 a",
            ],
        ),
        (
            "ARG P=linux/386\nFROM --platform=$P a\nARG P=linux/s390x\nFROM --platform=$P a",
            ["FROM --platform=linux/386 a", "FROM --platform=linux/386 a"],
        ),
        ("FROM --platform=linux/arm64/v8 a", ["FROM --platform=linux/arm64 a"]),
        ("FROM --platform=$TARGETOS/$TARGETARCH a", ["FROM --platform=linux/arm64 a"]),
        ("FROM --platform=$UNKNOWN a", ["FROM --platform=$UNKNOWN a"]),
        ("FROM \\\n  # why\n  debian \\\n  AS x", ["FROM --platform=linux/arm64 debian AS x"]),
        ("# escape=`\nFROM `\n debian", ["FROM --platform=linux/arm64 debian"]),
        (
            "FROM a\nRUN <<EOF\nFROM inside\nEOF\nCOPY <<'X' <<Y /\nFROM x\nX\nFROM y\nY\nFROM b",
            [
                "FROM --platform=linux/arm64 a", "FROM inside", "FROM x", "FROM y",
                "FROM --platform=linux/arm64 b",
            ],
        ),
        ("FROM a\nRUN echo \\\nFROM\\\n b", ["FROM --platform=linux/arm64 a", "FROM\\"]),
    ],
)  # fmt: skip
def test_every_from_gets_the_platform_that_buildkit_would_give(
    text: str, expected: list[str]
) -> None:
    assert froms(text) == expected


def test_arguments_of_the_build_win_over_defaults() -> None:
    text = "ARG P=linux/386\nFROM --platform=$P a"
    assert froms(text, build_args={"P": "linux/s390x"}) == ["FROM --platform=linux/s390x a"]


@pytest.mark.parametrize(
    ("stage", "platform"), [("", ARM64), ("build", AMD64), ("BUILD", AMD64), ("0", AMD64)]
)
def test_the_platform_of_the_image_is_that_of_its_stage(stage: str, platform: Platform) -> None:
    text = "FROM --platform=$BUILDPLATFORM a AS build\nFROM b"
    assert pin(text, stage=stage).platform == platform


def test_a_platform_that_cannot_be_told_is_not_guessed() -> None:
    assert pin("FROM --platform=$NOWHERE a").platform is None


def test_images_are_replaced_where_they_are_on_another_platform() -> None:
    text = "ARG BASE=team/base:1\nFROM --platform=$BUILDPLATFORM $BASE AS b\nFROM $BASE"
    assert froms(text, aliases={("team/base:1", AMD64): "alias"}) == [
        "FROM --platform=linux/amd64 alias AS b",
        "FROM --platform=linux/arm64 $BASE",
    ]


def test_salt_stands_behind_every_from_and_all_else_stays() -> None:
    text = "# first\nFROM a\nRUN x\n\nFROM b\nCOPY . /\n"
    assert pin(text, salt="LABEL s=1").text.splitlines() == [
        "# first",
        "FROM --platform=linux/arm64 a",
        "LABEL s=1",
        "RUN x",
        "",
        "FROM --platform=linux/arm64 b",
        "LABEL s=1",
        "COPY . /",
    ]


def test_what_was_pulled_stands_for_images_and_not_for_stages() -> None:
    text = "FROM golang AS golang\nFROM --platform=linux/amd64 golang\nFROM golang\nFROM debian"
    assert froms(text, pulled={("golang", ARM64): "1d", ("golang", AMD64): "2d"}) == [
        "FROM --platform=linux/arm64 1d AS golang",
        "FROM --platform=linux/amd64 golang",
        "FROM --platform=linux/arm64 golang",
        "FROM --platform=linux/arm64 debian",
    ]


LINES = st.lists(
    st.sampled_from(
        [
            "FROM a", "FROM --platform=$BUILDPLATFORM a AS b", "FROM b AS c", "RUN x \\", "# note",
            "", "ARG P=linux/386", "RUN <<EOF", "EOF", "FROM --platform=$P b", "COPY . /", "FROM",
            "# escape=`", "RUN y `",
        ]
    )
)  # fmt: skip


@given(LINES)
def test_pinning_is_done_after_one_time(lines: list[str]) -> None:
    once = pin("\n".join(lines))
    again = pin(once.text)
    assert again.text == once.text
    assert again.platform == once.platform


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    pin(text)
