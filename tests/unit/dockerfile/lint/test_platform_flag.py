"""PA101, PA102, PA105: `--platform=` of FROM."""

import pytest

from polyarch.dockerfile.lint.finding import FixClass
from tests.support.linted import AMD64, ARM64, EIGHT, linted, told

RULES = ("PA101", "PA102", "PA105")

CONSTANTS = [
    ("FROM --platform=linux/amd64 alpine", ["PA101:1 error review"]),
    ("FROM --platform=amd64 alpine", ["PA101:1 error review"]),
    ("ARG P=linux/arm64\nFROM --platform=$P alpine", ["PA101:2 error review"]),
    ("ARG OS=linux\nARG P=$OS/arm64\nFROM --platform=$P alpine", ["PA101:3 error review"]),
    ("FROM --platform=linux/amd64 a AS x\nFROM b\nCOPY --from=x /f /", ["PA101:1 warning review"]),
    ("FROM --platform=linux/amd64 a AS x\nFROM x", ["PA101:1 error review"]),
    ("# The base has no other platform.\nFROM --platform=linux/amd64 a", ["PA101:2 error none"]),
    # Somebody says why, and the stage is not shipped: a look is enough.
    (
        (
            "# Its scripts are the same.\nFROM --platform=linux/amd64 a AS x\nFROM b\n"
            "COPY --from=x /f /"
        ),
        ["PA101:2 warning review"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), CONSTANTS)
def test_a_platform_that_is_always_the_same_is_found(text: str, expected: list[str]):
    assert told(text, *RULES) == expected


NO_CONSTANTS = [
    "FROM alpine",
    "FROM --platform=$BUILDPLATFORM a AS x\nFROM b\nCOPY --from=x /f /",
    "FROM --platform=linux/$TARGETARCH alpine",
    "FROM --platform=${TARGETPLATFORM:-linux/amd64} alpine",
    # One stage for each platform, chosen by name.
    (
        "FROM --platform=linux/amd64 a AS x-amd64\nFROM --platform=linux/arm64 a AS x-arm64\n"
        "FROM b\nCOPY --from=x-amd64 /f /1\nCOPY --from=x-arm64 /f /2"
    ),
    "FROM --platform=linux/amd64 a AS linux-tools\nFROM b\nCOPY --from=linux-tools /f /",
    # Nothing needs the stage, or BuildKit does not look at the flag.
    "FROM --platform=linux/amd64 a AS x\nFROM b",
    "FROM b AS x\nFROM --platform=linux/amd64 x",
    "FROM --platform=linux/amd64 scratch",
    # An outer loop gives it: another rule's.
    "ARG ARCH\nFROM --platform=linux/$ARCH a AS x\nFROM b\nCOPY --from=x /f /",
    (
        "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM a AS x\nFROM b\n"
        "COPY --from=x /f /"
    ),
]


@pytest.mark.parametrize("text", NO_CONSTANTS)
def test_what_follows_the_build_is_no_constant(text: str):
    assert told(text, *RULES) == []


def test_a_shipped_constant_concerns_the_other_platforms():
    (found,) = [one for one in linted("FROM --platform=arm64 a") if one.rule == "PA101"]
    assert found.platforms == tuple(one for one in EIGHT if one != ARM64)
    assert found.span.of("FROM --platform=arm64 a") == "--platform=arm64"


def test_a_constant_that_is_all_that_is_asked_for_is_no_matter():
    assert not linted("FROM --platform=linux/amd64 a", AMD64)


@pytest.mark.parametrize("platform", ["$TARGETPLATFORM", "${TARGETPLATFORM}"])
def test_the_default_written_out_is_found(platform: str):
    assert told(f"FROM --platform={platform} a", *RULES) == ["PA102:1 info safe"]


def test_a_default_that_a_default_changes_is_not_redundant():
    text = "ARG TARGETPLATFORM=linux/amd64\nFROM --platform=$TARGETPLATFORM a"
    assert told(text, *RULES) == []


SHIPPED = [
    ("FROM --platform=$BUILDPLATFORM node", ["PA105:1 error review"]),
    ("FROM --platform=$BUILDPLATFORM a AS base\nFROM base AS b\nRUN x\nFROM base\nCMD x", "4"),
    ("FROM --platform=linux/$BUILDARCH a AS base\nFROM base\nCMD x", "2"),
    ("FROM a AS out\nFROM --platform=$BUILDPLATFORM b AS dev\nCOPY . .\nCMD x", "2"),
]


@pytest.mark.parametrize(("text", "expected"), SHIPPED)
def test_an_image_of_the_builder_is_found_at_its_last_stage(text: str, expected: list[str] | str):
    lines = [f"PA105:{expected} error review"] if isinstance(expected, str) else expected
    assert told(text, *RULES) == lines


NOT_SHIPPED = [
    "FROM --platform=$BUILDPLATFORM a AS x\nFROM b",
    "FROM --platform=$BUILDPLATFORM scratch\nCOPY . /",
    # Files for `--output`, nothing to be started.
    "FROM a AS x\nRUN y\nFROM --platform=$BUILDPLATFORM b AS export\nCOPY --from=x /out /",
]


@pytest.mark.parametrize("text", NOT_SHIPPED)
def test_what_is_no_image_of_the_builder_is_not_found(text: str):
    assert told(text, *RULES) == []


def test_the_builders_own_platform_is_right():
    text = "FROM --platform=$BUILDPLATFORM a\nCMD x"
    assert linted(text, ARM64, machine=ARM64) == ()
    (found,) = linted(text, AMD64, ARM64, machine=ARM64)
    assert (found.rule, found.platforms, found.fix) == ("PA105", (AMD64,), FixClass.REVIEW)


def test_the_advice_names_the_stages_that_need_the_builder():
    text = """
        FROM --platform=$BUILDPLATFORM n:1 AS base
        FROM base AS web
        FROM base
        COPY --from=web /d /d
        CMD x
        """
    (found,) = [one for one in linted(text) if one.rule == "PA105"]
    assert "`web`" in found.hint
    assert "FROM --platform=$BUILDPLATFORM n:1" in found.hint
