"""PA501, PA502: what cross-compiled Go leaves open."""

import pytest

from tests.support.linted import AMD64, ARM64, ARM_V6, ARM_V7, linted, told

HEAD = "FROM --platform=$BUILDPLATFORM golang:1.25 AS b\nARG TARGETARCH TARGETVARIANT\n"
TAIL = "\nFROM scratch\nCOPY --from=b /app /app\n"


def go(body: str, *rules: str) -> list[str]:
    return told(f"{HEAD}{body}{TAIL}", *rules)


MISSING = [
    ("RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app .", "3 error safe"),
    ('RUN CGO_ENABLED=0 GOARCH="${TARGETARCH}" go build -o /app .', "3 error safe"),
    ("RUN CGO_ENABLED=0 GOARCH=${TARGETARCH:-amd64} go install .", "3 error safe"),
    ("RUN env CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app .", "3 error safe"),
    ("ENV CGO_ENABLED=0 GOARCH=$TARGETARCH\nRUN go build -o /app .", "3 error review"),
    ("RUN export CGO_ENABLED=0 GOARCH=$TARGETARCH && go build -o /app .", "3 error review"),
    ("RUN go env -w GOARCH=$TARGETARCH && CGO_ENABLED=0 go build -o /app .", "3 error review"),
    # Go wants a number.
    (
        "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH GOARM=$TARGETVARIANT go build -o /app .",
        "3 error safe",
    ),
    (
        "ENV GOARM=${TARGETVARIANT}\nRUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app .",
        "3 error review",
    ),
    (
        "RUN CGO_ENABLED=$(test $TARGETARCH = amd64 && echo 1) GOARCH=$TARGETARCH go build .",
        "3 error review",
    ),
]


@pytest.mark.parametrize(("body", "expected"), MISSING)
def test_a_variant_that_go_is_not_told_is_found(body: str, expected: str):
    assert go(body, "PA502") == [f"PA502:{expected}"]


TOLD = [
    "RUN GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -o /app .",
    "RUN GOARCH=$TARGETARCH GOARM=6 go build -o /app .",
    "ENV GOARM=6\nRUN GOARCH=$TARGETARCH go build -o /app .",
    (
        "RUN if [ $TARGETARCH = arm ]; then export GOARM=${TARGETVARIANT#v}; fi; "
        "GOARCH=$TARGETARCH go build -o /app ."
    ),
    "RUN . ./translate && GOARCH=$TARGETARCH go build -o /app .",
    # The program before Go translates, or another file compiles.
    "RUN xx-go build -o /app .",
    "RUN GOARCH=$TARGETARCH goreleaser build",
    "RUN GOARCH=$TARGETARCH make",
    "RUN GOARCH=amd64 go build -o /app .",
    "RUN go build -o /app .",
    "RUN GOARCH=$TARGETARCH go mod download",
]


@pytest.mark.parametrize("body", TOLD)
def test_a_variant_that_is_told_or_not_asked_for_is_not(body: str):
    assert go(body, "PA502") == []


def test_platforms_below_the_baseline_are_concerned():
    text = f"{HEAD}RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app .{TAIL}"
    (found,) = linted(text, AMD64, ARM_V7, ARM_V6)
    assert found.platforms == (ARM_V6,)
    assert linted(text, AMD64, ARM64, ARM_V7) == ()
    raw = text.replace(" go build", " GOARM=$TARGETVARIANT go build")
    (found,) = linted(raw, AMD64, ARM_V7, ARM_V6)
    assert found.platforms == (ARM_V7, ARM_V6)


def test_a_stage_of_the_target_is_another_matter():
    text = "FROM golang AS b\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /app ." + TAIL
    assert told(text, "PA501", "PA502") == []


UNCLEAR = [
    ("RUN GOARCH=$TARGETARCH go build -o /app .", "3 warning review"),
    (
        (
            'RUN CGO_ENABLED=$([ "$TARGETARCH" = amd64 ] && echo 1 || echo 0) GOARCH=$TARGETARCH '
            "go build ."
        ),
        "3 warning none",
    ),
    (
        (
            "RUN if [ $TARGETARCH = amd64 ]; then export CGO_ENABLED=1; fi; GOARCH=$TARGETARCH "
            "go build ."
        ),
        "3 warning none",
    ),
]


@pytest.mark.parametrize(("body", "expected"), UNCLEAR)
def test_c_that_depends_on_the_builder_is_found(body: str, expected: str):
    assert go(body, "PA501") == [f"PA501:{expected}"]


CLEAR = [
    "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app .",
    "RUN CGO_ENABLED=1 GOARCH=$TARGETARCH go build -o /app .",
    "ENV CGO_ENABLED=0\nRUN GOARCH=$TARGETARCH go build -o /app .",
    "ARG CGO=0\nARG CGO_ENABLED=$CGO\nRUN GOARCH=$TARGETARCH go build -o /app .",
    "RUN go env -w CGO_ENABLED=0 && GOARCH=$TARGETARCH go build -o /app .",
    "RUN xx-go build -o /app .",
]


@pytest.mark.parametrize("body", CLEAR)
def test_c_that_is_stated_is_not(body: str):
    assert go(body, "PA501") == []


def test_a_base_without_a_compiler_has_no_c_on_any_platform():
    text = (
        "FROM --platform=$BUILDPLATFORM golang:1.25-alpine AS b\nARG TARGETARCH\n"
        f"RUN GOARCH=$TARGETARCH go build -o /app .{TAIL}"
    )
    assert told(text, "PA501") == []
