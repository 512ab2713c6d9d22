"""PA304, PA306: automatic arguments with a default, or without a declaration."""

import pytest

from tests.support.linted import AMD64, ARM64, ARM_V6, ARM_V7, EIGHT, linted, told

RULES = ("PA304", "PA306")

HIDDEN = [
    ("ARG BUILDPLATFORM=linux/amd64\nFROM a", "1 error safe"),
    ("ARG TARGETARCH=amd64\nFROM a", "1 error safe"),
    ('FROM a\nARG TARGETARCH="amd64"', "2 error safe"),
    ("FROM a\nARG TARGETPLATFORM=linux/amd64", "2 error safe"),
    ("FROM a\nARG TARGETOS=linux TARGETARCH=arm64", "2 error safe"),
    ("FROM a\nARG TARGETARCH=amd64 TARGETVARIANT=", "2 error safe"),
    ("FROM a\nARG TARGETARCH=", "2 error safe"),
    ("FROM a\nARG BUILDARCH=amd64", "2 error safe"),
    ("FROM a\nARG TARGETARCH=${TARGETARCH:-amd64}", "2 error safe"),
    # Nobody but the file's own lines knows these words.
    ("FROM a\nARG TARGETARCH=x86_64", "2 error none"),
    ("FROM a\nARG TARGETARCH=$ARCH", "2 error none"),
    # Without the default Go would get `v7`, which it refuses.
    ("FROM a\nARG TARGETVARIANT=\nRUN GOARM=${TARGETVARIANT} go build", "2 error none"),
    ("FROM a\nARG TARGETVARIANT=\nRUN GOARM=${TARGETVARIANT#v} go build", "2 error safe"),
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_a_default_that_hides_what_buildkit_sets_is_found(text: str, expected: str):
    assert told(text, "PA304") == [f"PA304:{expected}"]


SHOWN = [
    "ARG TARGETARCH\nFROM a\nARG TARGETARCH TARGETVARIANT",
    "FROM a\nARG TARGETOS=linux BUILDOS=linux",
    "ARG TARGETARCH=${TARGETARCH:-amd64}\nFROM a",
    "FROM a\nARG TARGETSTAGE=x ARCH=amd64",
    "FROM a\nENV TARGETARCH=amd64",
    "FROM a AS unused\nARG TARGETARCH=amd64\nFROM b",
]


@pytest.mark.parametrize("text", SHOWN)
def test_other_arguments_may_have_one(text: str):
    assert told(text, "PA304") == []


def test_the_platforms_that_get_anothers_value_are_concerned():
    (found,) = linted("FROM a\nARG TARGETARCH=arm", AMD64, ARM_V6, ARM_V7)
    assert found.platforms == (AMD64,)
    assert linted("FROM a\nARG TARGETARCH=arm", ARM_V6, ARM_V7) == ()
    (found,) = linted("FROM a\nARG TARGETVARIANT=v7", AMD64, ARM_V6, ARM_V7)
    assert found.platforms == (AMD64, ARM_V6)
    (found,) = linted("ARG BUILDPLATFORM=linux/amd64\nFROM a", AMD64, ARM64)
    assert found.platforms == (AMD64, ARM64)


def test_the_caret_stands_under_the_default():
    text = "FROM a\nARG TARGETOS TARGETARCH=amd64 X=1"
    (found,) = [one for one in linted(text) if one.rule == "PA304"]
    assert found.span.of(text) == "amd64"
    assert "ARG TARGETARCH" in found.hint


UNDECLARED = [
    ("FROM a\nRUN wget x-$TARGETARCH", "2 error review"),
    ("FROM a\nRUN wget x-${TARGETARCH}", "2 error review"),
    ("FROM a\nENV GOARCH=$TARGETARCH", "2 error review"),
    ("FROM a\nCOPY app-${TARGETARCH} /app", "2 error review"),
    ("FROM a\nADD https://x/$TARGETARCH/y /y", "2 error review"),
    ("FROM a\nWORKDIR /x/$TARGETPLATFORM", "2 error review"),
    ("FROM a\nARG ARCH=$TARGETARCH", "2 error review"),
    ("FROM a\nRUN wget x-${TARGETARCH:-amd64}", "2 warning review"),
    ("FROM a\nRUN wget x-${TARGETARCH:-amd64} y-$TARGETARCH", "2 error review"),
    ("FROM a\nRUN <<EOF\nwget x-$TARGETARCH\nEOF", "2 error review"),
    ("FROM a\nRUN <<'EOF'\nwget x-$TARGETARCH\nEOF", "2 error review"),
    ("FROM a\nCOPY <<EOF /f\n$TARGETARCH\nEOF", "2 error review"),
    # The global scope is that of FROM only, and a declaration counts from its line on.
    ("ARG TARGETARCH\nFROM a\nRUN wget x-$TARGETARCH", "3 error review"),
    ("FROM a\nRUN wget x-$TARGETARCH\nARG TARGETARCH", "2 error review"),
    ("FROM a AS x\nARG TARGETARCH\nFROM b\nCOPY --from=x / /\nRUN y $TARGETARCH", "5 error review"),
    ("FROM a AS x\nONBUILD RUN y $TARGETARCH\nFROM x", "2 error review"),
]


@pytest.mark.parametrize(("text", "expected"), UNDECLARED)
def test_an_argument_that_no_stage_declares_is_found(text: str, expected: str):
    assert told(text, "PA306") == [f"PA306:{expected}"]


DECLARED = [
    "FROM a\nARG TARGETARCH\nRUN wget x-$TARGETARCH",
    "FROM a\nARG TARGETOS TARGETARCH\nENV X=$TARGETOS-$TARGETARCH",
    "FROM a AS x\nARG TARGETARCH\nFROM x AS y\nFROM y\nRUN wget x-$TARGETARCH",
    "FROM a\nENV TARGETARCH=amd64\nRUN wget x-$TARGETARCH",
    "FROM a\nRUN TARGETARCH=$(uname -m) && wget x-$TARGETARCH",
    "FROM a\nRUN for TARGETARCH in amd64 arm64; do wget x-$TARGETARCH; done",
    "FROM a\nRUN read TARGETARCH < /arch; wget x-$TARGETARCH",
    # Nothing of this is expanded when the image is built.
    "FROM a\nCMD run $TARGETARCH",
    'FROM a\nRUN ["echo", "$TARGETARCH"]',
    "FROM a\nRUN cat <<'EOF' > /f\n$TARGETARCH\nEOF",
    "FROM a\nCOPY <<'EOF' /f\n$TARGETARCH\nEOF",
    "FROM a\nRUN echo \\$TARGETARCH",
    "FROM base-$TARGETARCH",
    "FROM a\nRUN wget $TARGETARCHIVE $MY_TARGETARCH",
]


@pytest.mark.parametrize("text", DECLARED)
def test_an_argument_that_is_declared_or_not_expanded_is_not(text: str):
    assert told(text, "PA306") == []


def test_all_platforms_are_concerned_and_all_names_told():
    text = "FROM a\nRUN wget x-$TARGETOS-$TARGETARCH"
    (found,) = [one for one in linted(text) if one.rule == "PA306"]
    assert found.platforms == EIGHT
    assert "ARG TARGETOS TARGETARCH" in found.hint
    assert found.span.of(text) == "TARGETOS"
