"""What `--fix=review` makes of files that somebody looks at afterwards, rule by rule."""

import pytest

from polyarch.dockerfile.fix.change import Work
from polyarch.dockerfile.fix.fixers import FIXERS
from polyarch.dockerfile.fix.verify import edited
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.dockerfile.lint.view import view_of
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError
from polyarch.findings import Severity
from polyarch.oci.platform import Platform
from tests.support.mending import EIGHT, mend, mend_twice

PLATFORMS = tuple(map(Platform.parse, EIGHT))
HUB = "https://github.com"
COSIGN = f"{HUB}/sigstore/cosign/releases/download/v2.4.0/cosign-linux-"
S6 = f"{HUB}/just-containers/s6-overlay/releases/download/v3.2.0.2/s6-overlay-"
HELPER = "x AS h\nARG TARGETARCH\nRUN a $TARGETARCH\nFROM y\nCOPY --from=h /a /a\n"
BOTH_ARGS = "ARG TARGETARCH TARGETVARIANT\n"
S6_NAMES = (
    "(amd64*) echo x86_64;; (arm64*) echo aarch64;; (armv7) echo arm;; (armv6) echo armhf;; "
    "(386) echo i686;; (ppc64le) echo powerpc64le;; (s390x) echo s390x;; (riscv64) echo riscv64;; "
    "(*) exit 1;;"
)
KERNEL_NAMES = (
    "(amd64*) echo x86_64;; (arm64*) echo aarch64;; (armv7) echo armv7l;; "
    '(armv6) echo armv6l;; (386) echo i686;; (*) echo "$TARGETARCH";;'
)
MUSL_NAMES = (
    "(amd64*) echo x86_64;; (arm64*) echo aarch64;; (armv7|armv6) echo armhf;; (386) echo i386;; "
    '(ppc64le) echo powerpc64le;; (*) echo "$TARGETARCH";;'
)
IN = 'case "$TARGETARCH$TARGETVARIANT" in'
HOST = '--host="$(target-gcc -dumpmachine)"'
UNPACK = "RUN tar -xf /tmp/s6-overlay-x86_64.tar.xz\n"
S6_CASE = """\
case "$TARGETARCH$TARGETVARIANT" in \\
      amd64*) asset_arch=x86_64;; \\
      arm64*) asset_arch=aarch64;; \\
      armv7) asset_arch=arm;; \\
      armv6) asset_arch=armhf;; \\
      386) asset_arch=i686;; \\
      ppc64le) asset_arch=powerpc64le;; \\
      s390x) asset_arch=s390x;; \\
      riscv64) asset_arch=riscv64;; \\
      *) echo "no s6-overlay for $TARGETARCH$TARGETVARIANT" >&2; exit 1;; \\
    esac; \\
"""
USE_S6 = f"wget -qO- {S6}${{S6_ARCH}}.tar.xz | tar -C / -Jx\n"
S6_CHOICE = f'S6_ARCH="${{S6_ARCH:-$({IN} {S6_NAMES} esac)}}"; \\\n    '
FETCH_S6 = (
    f'RUN set -e; {S6_CASE}    curl -fsSL -o "/tmp/s6-overlay-x86_64.tar.xz" '
    f'"{S6}${{asset_arch}}.tar.xz"\n'
)


def review(text: str) -> str:
    return mend_twice(text, FixClass.REVIEW).text


def by_hand(rule: str, text: str, line: int) -> str:
    """What a fixer makes of a finding that is simply taken to be there."""
    file = parse(text)
    view = view_of(file, platforms=PLATFORMS, build_platform=PLATFORMS[0])
    finding = LintFinding(
        rule=rule,
        severity=Severity.ERROR,
        line=line,
        span=Span(0, 0),
        platforms=PLATFORMS,
        message="",
        hint="",
        fix=FixClass.REVIEW,
    )
    work = Work(view=view, findings=(finding,), allow=FixClass.REVIEW)
    return edited(file, [FIXERS[rule](finding, work)]).file.text


# --- bases ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM arm64v8/debian:12\n", "FROM debian:12\n"),
        ("FROM docker.io/amd64/nginx AS x\n", "FROM docker.io/nginx AS x\n"),
        (f"FROM --platform=linux/amd64 {HELPER}", f"FROM --platform=$BUILDPLATFORM {HELPER}"),
        ("FROM --platform=linux/amd64  x\nRUN a\n", "FROM  x\nRUN a\n"),
    ],
)
def test_bases_are_those_of_all_platforms(before: str, after: str):
    assert review(before) == after


def test_go_is_told_the_target_on_its_commands_where_env_says_another():
    before = (
        "FROM --platform=$BUILDPLATFORM golang AS b\nENV CGO_ENABLED=0 GOARCH=amd64\n"
        "RUN go build -o /x .\nFROM scratch\nCOPY --from=b /x /x\n"
    )
    assert review(before) == before.replace(
        "RUN go",
        "ARG TARGETOS TARGETARCH TARGETVARIANT\n"
        "RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go",
    )


def test_a_base_may_stand_in_an_argument():
    before = "ARG BASE=arm64v8/alpine:3\nFROM $BASE\n"
    assert by_hand("PA103", before, 2) == before.replace("arm64v8/", "")


def test_the_digest_of_one_platform_is_not_taken_over():
    text = f"FROM arm64v8/debian:12@sha256:{64 * 'a'}\n"
    assert review(text) == text


def test_a_suffix_goes_only_where_somebody_looked():
    text = "FROM example/app:1.0-amd64\n"
    assert review(text) == text

    def lookup(reference: str, platforms: tuple[Platform, ...]) -> BaseImage:
        del platforms
        is_whole = reference == "example/app:1.0"
        return BaseImage(offered=PLATFORMS if is_whole else PLATFORMS[:1], is_index=is_whole)

    fixed = mend(text, FixClass.REVIEW, lookup=lookup)
    assert fixed.text == "FROM example/app:1.0\n"


def test_a_shipped_stage_leaves_the_build_platform():
    before = (
        "FROM --platform=$BUILDPLATFORM node:22 AS base\nFROM base AS build\nRUN npm run build\n"
        'FROM base\nCOPY --from=build /app/dist/index.html /srv/\nCMD ["node", "x.js"]\n'
    )
    after = before.replace("FROM --platform=$BUILDPLATFORM node", "FROM node")
    assert review(before) == after.replace(
        "FROM base AS build", "FROM --platform=$BUILDPLATFORM node:22 AS build"
    )


# --- downloads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"RUN curl -fsSLo /bin/cosign {COSIGN}amd64\n",
            f"ARG TARGETARCH\nRUN curl -fsSLo /bin/cosign {COSIGN}${{TARGETARCH}}\n",
        ),
        (
            f'ADD "{COSIGN}amd64" /bin/cosign\n',
            f'ARG TARGETARCH\nADD "{COSIGN}${{TARGETARCH}}" /bin/cosign\n',
        ),
        (
            f"RUN wget -qO- {S6}x86_64.tar.xz | tar -C / -Jx\n",
            f"{BOTH_ARGS}RUN {S6_CASE}    wget -qO- {S6}${{asset_arch}}.tar.xz | tar -C / -Jx\n",
        ),
        (
            f"RUN apk add curl\nADD {S6}x86_64.tar.xz /tmp\n{UNPACK}",
            f"RUN apk add curl\n{BOTH_ARGS}{FETCH_S6}{UNPACK}",
        ),
    ],
)
def test_downloads_are_those_of_the_target(before: str, after: str):
    assert review(f"FROM alpine\n{before}") == f"FROM alpine\n{after}"


@pytest.mark.parametrize(
    "line",
    [
        f"RUN curl -fsSLo /c {COSIGN}amd64 && echo 'abc  /c' | sha256sum -c",
        f"ADD --checksum=sha256:{64 * 'a'} {COSIGN}amd64 /bin/cosign",
        f"RUN curl -fsSLo /c '{COSIGN}amd64'",
        "RUN curl -fsSLo /c https://example.com/thing-linux-amd64.tar.gz",
        f"RUN curl -fsSLo /c {COSIGN}amd64 && mv /x-x86_64 /y",
    ],
)
def test_downloads_that_want_more_than_a_name_stay(line: str):
    text = f"FROM debian\n{line}\n"
    assert review(text) == text


def test_add_stays_where_nothing_can_fetch():
    text = f"# syntax=docker/dockerfile:1.6\nFROM debian\nADD {S6}x86_64.tar.xz /tmp\n"
    assert review(text) == text, "and no argument can make the name"


# --- arguments and paths --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (
            "PA305",
            "ARG ARCH=amd64\nRUN curl -O https://x.org/$ARCH/y\n",
            "ARG TARGETARCH\nARG ARCH=$TARGETARCH\nRUN curl -O https://x.org/$ARCH/y\n",
        ),
        (
            "PA305",
            f"ARG S6_ARCH=x86_64\nRUN {USE_S6}",
            f"ARG S6_ARCH\n{BOTH_ARGS}RUN {S6_CHOICE}{USE_S6}",
        ),
        (
            "PA306",
            "RUN echo ${TARGETARCH} $TARGETVARIANT\n",
            "ARG TARGETARCH TARGETVARIANT\nRUN echo ${TARGETARCH} $TARGETVARIANT\n",
        ),
        (
            "PA308",
            "COPY release/linux/amd64/app /bin/\n",
            "ARG TARGETARCH\nCOPY release/linux/${TARGETARCH}/app /bin/\n",
        ),
        (
            "PA309",
            'RUN curl -O "https://x.org/a-$(uname -m).tgz"\n',
            f'{BOTH_ARGS}RUN curl -O "https://x.org/a-$({IN} {KERNEL_NAMES} esac).tgz"\n',
        ),
        (
            "PA309",
            'RUN case "$(uname -m)" in \\\n  x86_64|amd64) a=1;; \\\n  armv7l) a=2;; *) ;; esac\n',
            f"{BOTH_ARGS}RUN {IN} \\\n  amd64*) a=1;; \\\n  armv7) a=2;; *) ;; esac\n",
        ),
        (
            "PA309",
            'RUN if [ "$(uname -m)" = aarch64 ]; then a=1; fi\n',
            'ARG TARGETARCH\nRUN if [ "$TARGETARCH" = "arm64" ]; then a=1; fi\n',
        ),
        (
            "PA309",
            "RUN test $(uname -m) != armv7l || exit 1\n",
            f'{BOTH_ARGS}RUN test "$TARGETARCH$TARGETVARIANT" != "armv7" || exit 1\n',
        ),
        (
            "PA309",
            "RUN touch /etc/ld-musl-$(uname -m).path\n",
            f"{BOTH_ARGS}RUN touch /etc/ld-musl-$({IN} {MUSL_NAMES} esac).path\n",
        ),
        ("PA303", "RUN gcc -O2 -march=native -o x x.c\n", "RUN gcc -O2 -o x x.c\n"),
        ("PA506", "COPY qemu-arm-static /usr/bin/\n", ""),
    ],
)
def test_one_line_takes_the_target_name(rule: str, before: str, after: str):
    assert by_hand(rule, f"FROM debian\n{before}", 2) == f"FROM debian\n{after}"


def test_a_choice_that_lacks_platforms_is_still_told_of():
    text = (
        'FROM debian\nRUN m=$(uname -m); case "$m" in x86_64) a=x;; aarch64) a=y;; *) exit 1;; '
        "esac; curl -fsSLO https://x.org/$a\n"
    )
    fixed = mend(text, FixClass.REVIEW)
    if fixed.text == text:
        assert any("would hide" in why for _, why in fixed.refused)
    assert "PA310" not in {one.rule for one in fixed.applied}


def test_a_jdk_gets_a_name_without_the_platform():
    before = (
        "FROM debian\nRUN apt-get install -y openjdk-17-jre\n"
        "ENV A=b \\\n    JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\n"
    )
    after = by_hand("PA308", before, 3)
    link = (
        'RUN ln -s "java-17-openjdk-$(dpkg --print-architecture)" "/usr/lib/jvm/java-17-openjdk"\n'
    )
    assert after == before.replace("ENV A", f"{link}ENV A").replace("openjdk-amd64", "openjdk")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("PA305", "ARG S6_ARCH=x86_64\nCOPY $S6_ARCH /x"),
        ("PA305", "ARG S6_ARCH=x86_64\nRUN echo $S6_ARCH"),
        ("PA308", "ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64"),
        ("PA308", "COPY --from=a /usr/lib/x86_64-linux-gnu/x /x"),
        ("PA309", "RUN uname -m > /x"),
        ("PA309", "RUN a=`uname -m`"),
        ("PA309", 'RUN case "$(uname -m)" in arm*) a=1;; esac'),
        ("PA309", 'RUN case "a-$(uname -m)" in a-x86_64) a=1;; esac'),
        ("PA309", 'RUN [ "$(uname -m)" = "$x" ] && a=1'),
        ("PA303", "RUN gcc -mavx2 x.c"),
        ("PA506", "COPY qemu-arm-static app /usr/bin/"),
        ("PA506", "RUN apt-get install qemu-user-static"),
    ],
)
def test_what_a_text_cannot_tell_is_refused(rule: str, line: str):
    with pytest.raises(FixRefusedError):
        by_hand(rule, f"FROM debian\n{line}\n", 2)


# --- compilers ------------------------------------------------------------------------------------


def test_dotnet_is_told_the_target_in_each_command():
    before = (
        "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS b\nCOPY . .\nRUN dotnet restore\n"
        "RUN dotnet publish --no-restore --self-contained -o /app\n"
        'FROM mcr.microsoft.com/dotnet/runtime-deps:9.0\nCOPY --from=b /app /app\nCMD ["/app/x"]\n'
    )
    fixed = mend_twice(before, FixClass.REVIEW)
    assert "FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:9.0 AS b\n" in fixed.text
    assert "ARG TARGETARCH\nRUN dotnet restore -a $TARGETARCH\n" in fixed.text
    assert "RUN dotnet publish -a $TARGETARCH --no-restore --self-contained" in fixed.text
    assert fixed.outputs_to_check == ("/app",)


def test_rust_keeps_its_paths():
    before = (
        "FROM rust:1-bookworm AS b\nCOPY . .\nRUN cargo build --release \\\n"
        ' && strip target/release/app && cp "target/release/app" /out\n'
        "FROM debian:bookworm\nCOPY --from=b /out /target/release/tool /bin/\n"
    )
    after = review(before)
    assert " && target-strip target/$(cat /.cargo/target)/release/app" in after
    assert ' && cp "target/$(cat /.cargo/target)/release/app" /out\n' in after
    assert "COPY --from=b /out /target/*-linux-*/release/tool /bin/\n" in after
    assert after.count("rustup target add") == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN make -j4", "RUN make CC=target-gcc -j4"),
        ("RUN gcc -o /out x.c", "RUN target-gcc -o /out x.c"),
        (
            "RUN ./configure --prefix=/usr && make",
            f"RUN ./configure CC=target-gcc {HOST} --prefix=/usr && make CC=target-gcc",
        ),
    ],
)
def test_c_is_told_its_compiler(before: str, after: str):
    text = "FROM gcc:12 AS b\nCOPY . .\n{}\nFROM debian\nCOPY --from=b /out /bin/x\n"
    fixed = by_hand("PA203", text.format(before), 1)
    assert fixed.startswith("FROM --platform=$BUILDPLATFORM gcc:12 AS b\n")
    assert f"\n{after}\n" in fixed
    assert "apt-get install -y --no-install-recommends $packages" in fixed


def test_cgo_gets_a_compiler_where_it_is_on():
    text = (
        "FROM golang:1.24 AS b\nCOPY . .\nRUN CGO_ENABLED=1 go build -o /app .\n"
        "FROM debian\nCOPY --from=b /app /app\n"
    )
    fixed = by_hand("PA201", text, 1)
    assert "RUN CGO_ENABLED=1 CC=target-gcc GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=" in fixed


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("PA203", "FROM alpine AS b\nRUN make\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA203", "FROM gcc AS b\nRUN make CC=clang\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA203", "FROM gcc AS b\nRUN ./build.sh\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA203", "FROM gcc AS b\nRUN apt install libssl-dev; make\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA202", "FROM rust AS b\nRUN cargo test\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA202", "FROM rust AS b\nRUN cargo build --target x\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA201", "FROM golang AS b\nRUN GOOS=windows go build\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA201", 'FROM golang AS b\nRUN ["go", "build"]\nFROM a\nCOPY --from=b /x /x\n'),
        ("PA201", "FROM golang AS b\nRUN time go build\nFROM a\nCOPY --from=b /x /x\n"),
        ("PA206", "FROM sdk AS b\nRUN dotnet publish -a $(arch)\nFROM a\nCOPY --from=b /x /x\n"),
    ],
)
def test_compilers_that_cannot_be_told_stay(rule: str, text: str):
    with pytest.raises(FixRefusedError):
        by_hand(rule, text, 1)
