"""PA310: choices by platform that leave one out, or give it another one's."""

import pytest

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.findings import Severity
from polyarch.oci.platform import Platform
from tests.support.linted import AMD64, ARM64, ARM_V6, EIGHT, linted

HEAD = "FROM a\nARG TARGETPLATFORM TARGETARCH TARGETVARIANT BUILDPLATFORM\n"
REST = ("arm/v7", "arm/v6", "386", "ppc64le", "s390x", "riscv64")


def found(text: str, *platforms: Platform, machine: Platform = AMD64) -> list[LintFinding]:
    return [one for one in linted(text, *platforms, machine=machine) if one.rule == "PA310"]


def one(body: str) -> LintFinding:
    (finding,) = found(f"{HEAD}RUN {body}\n")
    return finding


def names(finding: LintFinding) -> tuple[str, ...]:
    return tuple(str(one).removeprefix("linux/") for one in finding.platforms)


STOPPED = [
    (
        "case $TARGETARCH in amd64) A=x86_64;; arm64) A=aarch64;; *) exit 1;; esac; curl x/$A",
        REST,
    ),
    (
        (
            'if [ "$TARGETARCH" = amd64 ]; then A=x; elif [ "$TARGETARCH" = arm64 ]; then A=a; '
            "else echo no >&2 && exit 1; fi; curl x/$A"
        ),
        REST,
    ),
    ("[ $TARGETARCH = amd64 ] || [ $TARGETARCH = arm64 ] || exit 1; make", REST),
    (
        "case $TARGETARCH in arm | 386 | s390x) exit 1;; esac; make",
        ("arm/v7", "arm/v6", "386", "s390x"),
    ),
    # Each world has its own names.
    (
        "case $(apk --print-arch) in x86_64|aarch64|armhf|x86|riscv64) ;; *) exit 1;; esac",
        ("arm/v7", "ppc64le", "s390x"),
    ),
    (
        "case $(dpkg --print-architecture) in amd64|arm64|armhf|i386|ppc64le) ;; *) false;; esac",
        ("arm/v6", "ppc64le", "s390x", "riscv64"),
    ),
    (
        'arch="$(rpm -E %_arch)" && case "${arch}" in x86_64|aarch64|ppc64le) ;; *) exit 2;; esac',
        ("arm/v7", "arm/v6", "386", "s390x", "riscv64"),
    ),
    ('case "$(go env GOARCH)" in amd64|arm64) ;; *) exit 1;; esac', REST),
    # What stands between the question and the choice is followed.
    (
        (
            'A=$(uname -m | sed -e "s/x86_64/amd64/" -e s/aarch64/arm64/); '
            "case $A in amd64|arm64) ;; *) exit 1;; esac"
        ),
        REST,
    ),
    (
        "A=$(echo ${TARGETPLATFORM} | cut -d/ -f2); case $A in a[mr]*) ;; *) exit 1;; esac",
        ("386", "ppc64le", "s390x", "riscv64"),
    ),
    ('case "${TARGETPLATFORM##*/}" in amd64|arm64|v7) ;; *) exit 1;; esac', REST[1:]),
    ('case "$TARGETARCH$TARGETVARIANT" in amd64|arm64|armv7) ;; *) exit 1;; esac', REST[1:]),
    ("bash -c 'if [[ $TARGETARCH != @(amd64|arm64) ]]; then exit 1; fi'", REST),
    ('if ! echo "$TARGETARCH" | grep -qE "^(amd64|arm64)$"; then exit 1; fi', REST),
    (
        "<<EOF\nset -e\ncase $TARGETARCH in\n  amd64) ;;\n  arm64) ;;\n  *) exit 1;;\nesac\nEOF",
        REST,
    ),
]


@pytest.mark.parametrize(("body", "platforms"), STOPPED)
def test_platforms_at_which_the_build_stops_are_told(body, platforms):
    finding = one(body)
    assert names(finding) == platforms
    assert finding.severity is Severity.WARNING
    assert finding.message == f"the build stops for {', '.join(f'linux/{p}' for p in platforms)}"


UNSET = [
    "case $TARGETARCH in amd64) A=x86_64;; arm64) A=aarch64;; esac; curl x/$A",
    "if [ $TARGETARCH = amd64 ]; then A=x; fi; if [ $TARGETARCH = arm64 ]; then A=y; fi; curl x/$A",
    "[ $TARGETARCH = amd64 ] && export A=x; [ $TARGETARCH = arm64 ] && export A=y; curl x/$A",
    "curl x/$(case $TARGETARCH in amd64) echo x64;; arm64) echo arm64;; esac)",
    "curl x/$(case $TARGETARCH in (amd64) echo x64;; (arm64) echo arm64;; (*) exit 1;; esac)",
    "case $TARGETARCH in amd64) curl x/x86_64;; arm64) curl x/aarch64;; esac",
    # Between quotes a star is a star.
    'case $TARGETARCH in amd64|arm64) A=x;; "*") A=y;; arm6) A=z;; esac; curl x/$A',
]


@pytest.mark.parametrize("body", UNSET)
def test_platforms_that_get_nothing_are_told(body):
    finding = one(body)
    assert names(finding) == REST
    assert finding.severity is Severity.WARNING


WRONG = [
    ("if [ $TARGETARCH = arm64 ]; then A=aarch64; else A=x86_64; fi; curl x/$A", REST),
    ('if [ "amd64" != "$TARGETARCH" ]; then A=arm64; else A=x64; fi; curl x/$A', REST),
    ("A=x86_64; [ $TARGETARCH = arm64 ] && A=aarch64; curl x/$A", REST),
    ("A=amd64; if uname -m | grep -q aarch64; then A=arm64; fi; curl x/$A", REST),
    ("A=$([ $TARGETARCH = arm64 ] && echo aarch64 || echo x86_64); curl x/$A", REST),
    ("if [ $TARGETARCH = arm64 ]; then curl x/aarch64; else curl x/x86_64; fi", REST),
    (
        (
            "case $TARGETARCH in arm64) U=https://x/aarch64.tgz;; *) U=https://x/x64.tgz;; esac; "
            'wget "$U"'
        ),
        REST,
    ),
    # A name of one world that is taken for that of another, and a star that takes too much.
    (
        "case $(apk --print-arch) in armhf) A=armv7;; *) A=$(apk --print-arch);; esac; curl x/$A",
        ("arm/v6",),
    ),
    (
        "case $TARGETARCH in arm*) A=armhf;; *) A=$TARGETARCH;; esac; curl x/$A",
        ("arm64",),
    ),
    (
        "case $TARGETARCH in arm) A=armv7;; *) A=$TARGETARCH;; esac; curl x/$A",
        ("arm/v6",),
    ),
    (
        "if [ $(getconf LONG_BIT) = 64 ]; then A=$TARGETARCH; else A=386; fi; curl x/$A",
        ("arm/v7", "arm/v6"),
    ),
]


@pytest.mark.parametrize(("body", "platforms"), WRONG)
def test_platforms_that_get_what_is_another_ones_are_told(body, platforms):
    finding = one(body)
    assert names(finding) == platforms
    assert finding.severity is Severity.ERROR
    assert "silently gets" in finding.message


def test_a_default_of_the_stage_counts_as_well():
    text = (
        "FROM a\nARG TARGETARCH\nENV A=x86_64\n"
        "RUN if [ $TARGETARCH = arm64 ]; then A=aarch64; fi; curl x/$A\n"
    )
    (finding,) = found(text)
    assert (names(finding), finding.severity) == (REST, Severity.ERROR)


def test_a_variable_of_the_stage_leads_to_the_platform():
    text = (
        "ARG TARGETARCH\nFROM a AS b\nARG TARGETARCH\nENV ARCH=${TARGETARCH}\nFROM b\n"
        "RUN case $ARCH in amd64|arm64) ;; *) exit 1;; esac\n"
    )
    (finding,) = found(text)
    assert (names(finding), finding.line) == (REST, 6)


def test_an_else_without_a_target_is_the_builders():
    text = (
        "FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETPLATFORM\n"
        'RUN if [ "$TARGETPLATFORM" = linux/arm64 ]; then '
        "cargo build --target aarch64-unknown-linux-gnu; else cargo build; fi\n"
        "FROM c\nCOPY --from=b /x /x\n"
    )
    (finding,) = found(text)
    assert (names(finding), finding.severity) == (REST, Severity.ERROR)
    assert found(text.replace("--platform=$BUILDPLATFORM ", "")) == []


MUST_NOT = [
    # All are there, or what is left goes by the platform's own name.
    "case $TARGETARCH in amd64) A=x86_64;; arm64) A=aarch64;; *) A=$TARGETARCH;; esac; curl x/$A",
    "A=$TARGETARCH; [ $A = amd64 ] && A=x86_64; [ $A = arm64 ] && A=aarch64; curl x/$A",
    "A=$(dpkg --print-architecture); case $A in armhf) A=armv7;; armel) A=armv6;; esac; curl x/$A",
    "case $TARGETARCH in arm) A=arm$TARGETVARIANT;; *) A=$TARGETARCH;; esac; curl x/$A",
    # Something extra for one platform.
    'if [ "$TARGETARCH" = amd64 ]; then apt-get install -y intel-media-va-driver; fi',
    "if [ $TARGETARCH = amd64 ]; then X=--with-avx; fi; make $X",
    "if [ $TARGETARCH = arm64 ]; then export CFLAGS=-mno-outline-atomics; fi; make",
    # The rest is compiled, or left out on purpose.
    "case $TARGETARCH in amd64|arm64) pip install x;; *) apk add gcc && pip install x;; esac",
    "if [ $TARGETARCH = s390x ]; then exit 0; fi; make",
    "case $TARGETARCH in amd64) P=16;; arm64) P=64;; *) P=32;; esac; make P=$P",
    "case $TARGETARCH in s390x) echo nothing;; *) curl x/$TARGETARCH;; esac",
    "A=; case $TARGETARCH in amd64) A=-a;; arm64) A=-b;; esac; make $A",
    "case $TARGETARCH in amd64) A=x;; arm64) A=y;; esac; curl x/${A:-z}",
    # Another one's by name.
    "if [ $TARGETARCH != amd64 ]; then dpkg --add-architecture amd64; fi",
    "case $TARGETARCH in 386|amd64) A=i386;; *) A=$TARGETARCH;; esac; curl x/$A",
    # It is no choice by platform, or nobody knows what it chooses by.
    'case "$MODE" in a) A=x86_64;; b) A=aarch64;; *) exit 1;; esac; curl x/$A',
    "if [ -f /x ]; then A=x86_64; else A=aarch64; fi; curl x/$A",
    'case "$(cat /etc/machine)" in x86_64) A=amd64;; *) exit 1;; esac; curl x/$A',
    "for A in amd64 arm64; do case $A in amd64) B=x;; arm64) B=y;; *) exit 1;; esac; done",
    "case $(uname -s) in Linux) ;; *) exit 1;; esac",
    'if [ $TARGETARCH != amd64 ] && [ -n "$EXTRA" ]; then exit 1; fi',
    "if true; then if [ $TARGETARCH = arm64 ]; then ./a || exit 1; fi; fi",
]


@pytest.mark.parametrize("body", MUST_NOT)
def test_what_serves_every_platform_is_not_told(body):
    assert found(f"{HEAD}RUN {body}\n") == []


def test_an_argument_that_is_not_declared_is_another_rules():
    assert found("FROM a\nRUN case $TARGETARCH in amd64) ;; *) exit 1;; esac\n") == []


def test_only_what_is_asked_for_counts():
    body = "case $TARGETARCH in amd64) A=x86_64;; arm64) A=aarch64;; *) exit 1;; esac; curl x/$A"
    assert found(f"{HEAD}RUN {body}\n", AMD64, ARM64) == []
    (finding,) = found(f"{HEAD}RUN {body}\n", ARM_V6)
    assert names(finding) == ("arm/v6",)


def test_a_stage_of_the_builder_has_to_know_the_builder_alone():
    text = (
        "FROM --platform=$BUILDPLATFORM a AS b\n"
        "RUN case $(uname -m) in x86_64) A=amd64;; aarch64) A=arm64;; *) exit 1;; esac; curl x/$A\n"
        "FROM c\nCOPY --from=b /x /x\n"
    )
    assert found(text) == []
    (finding,) = found(text, machine=Platform.parse("riscv64"))
    assert finding.platforms == EIGHT


# --- stages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a AS base-amd64\nFROM b AS base-arm64\nFROM base-${TARGETARCH}\nRUN x\n", 3),
        (
            (
                "FROM a AS x-amd64\nFROM b AS x-arm64\nFROM x-$TARGETARCH AS y\nFROM c\n"
                "COPY --from=y / /"
            ),
            3,
        ),
        ("FROM a AS amd64\nFROM b AS arm64\nFROM $TARGETARCH\n", 3),
    ],
)
def test_stages_that_are_missing_are_told(text, line):
    (finding,) = found(text)
    assert finding.line == line
    assert set(REST) == set(names(finding))


@pytest.mark.parametrize(
    "text",
    [
        "FROM a AS base-amd64\nFROM b AS base-arm64\nFROM base-${TARGETARCH}\n",
        "FROM example.com/base-${TARGETARCH}:1\n",
        "FROM a AS base-linux\nFROM base-$TARGETOS\n",
    ],
)
def test_stages_that_are_there_are_enough(text):
    assert found(text, AMD64, ARM64) == []
