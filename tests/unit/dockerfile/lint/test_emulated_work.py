"""Emulated work is found once per stage that is emulated, and nothing else is."""

import time

import pytest

from polyarch.dockerfile.parse import parse
from polyarch.oci.platform import Platform
from tests.support.emulated_work import AMD64, ARM64, CHAPTER, found, told

I386 = Platform.parse("linux/386")
TO_ALPINE = "\nFROM alpine\nCOPY --from=0 /src/app /usr/bin/app\n"


@pytest.mark.parametrize(
    "text",
    [
        "FROM --platform=$BUILDPLATFORM golang\nRUN go build .\nFROM alpine\nCOPY --from=0 /app /",
        "FROM golang AS deps\nRUN go mod download\nFROM alpine\nRUN go version",
        "FROM golang AS unused\nRUN go build .\nFROM alpine\nCOPY app /",
        "FROM golang\nRUN go get -d ./... && go env && go fmt ./... && make clean",
        "FROM golang:1.25\nRUN go get example.org/library/x",
        "FROM alpine\nRUN apk add go make gcc",
        "FROM rust\nRUN cargo --version && cargo chef prepare && cargo fetch && rustup show",
        "FROM debian\nRUN gcc --version && make --version && cmake --version",
        "FROM node:22\nRUN npm --version && npm config set x y && npm install -g npm@1 && yarn -v",
        "FROM node:22\nRUN npm install -g pnpm && corepack enable && npm cache clean --force",
        "FROM eclipse-temurin:21\nRUN java -version && mvn --version",
        "FROM gradle:9\nRUN gradle --stacktrace --debug --version && mvn -B --version",
        "FROM mcr.microsoft.com/dotnet/sdk\nRUN dotnet --info && dotnet --list-sdks",
        "FROM python\nRUN pip install --upgrade pip setuptools wheel==1.0 && pip --version",
        "FROM python\nRUN python -m pip install -U 'pip<25' && poetry config x y && uv venv",
        "FROM ruby\nRUN bundle config set x y && gem --version",
        "FROM elixir\nRUN mix local.hex --force && mix deps.get",
        "FROM debian\nRUN echo 'go build' > /usr/local/bin/x && printf 'make'",
        "FROM golang\nCMD go build .",
    ],
)
def test_says_nothing(text: str) -> None:
    assert found(text) == []


SHIPPED = [
    ("FROM golang\nRUN go build -o /app .", "PA201:1 none"),
    ("FROM golang:1.4\nRUN go get github.com/x/tool", "PA201:1 none"),
    ("FROM ubuntu\nRUN go get -u github.com/x/tool", "PA201:1 none"),
    ("FROM rust\nRUN cargo +nightly build --release", "PA202:1 none"),
    ("FROM debian\nRUN apt-get install -y gcc && make -j4 all", "PA203:1 none"),
    ("FROM debian\nRUN cd src && sh ./configure --prefix=/usr && make", "PA203:1 none"),
    ("FROM openjdk\nRUN ./gradlew bootJar", "PA205:1 none"),
    ("FROM gradle:9\nRUN gradle --version build", "PA205:1 none"),
    ("FROM mcr.microsoft.com/dotnet/sdk:9.0\nRUN dotnet tool install x", "PA206:1 none"),
    ("FROM python\nRUN pip3 install --no-cache-dir -r requirements.txt", "PA207:1 none"),
    ("FROM python\nRUN pip install --upgrade pip && pip install gunicorn", "PA207:1 none"),
    ("FROM python\nRUN python3 -m pip install -e .", "PA207:1 none"),
    ("FROM python\nRUN uv pip install --system -r x", "PA207:1 none"),
    ("FROM continuumio/miniconda3\nRUN conda env create -f x.yml", "PA207:1 none"),
    ("FROM python\nRUN --mount=type=cache,target=/x uv sync --frozen", "PA207:1 none"),
    ("FROM python\nRUN /opt/venv/bin/pip install x", "PA207:1 none"),
    ("FROM php\nRUN docker-php-ext-install pdo", "PA208:1 none"),
    ("FROM php\nRUN php composer.phar install --no-dev", "PA208:1 none"),
    ("FROM ruby\nRUN bundle install -j4", "PA208:1 none"),
    ("FROM swift\nRUN swift build -c release", "PA208:1 none"),
    ("FROM haskell\nRUN stack build --copy-bins", "PA208:1 none"),
    ("FROM node\nCOPY . .\nRUN npm --prefix app ci --omit=dev", "PA210:1 none"),
    ("FROM node\nRUN yarn", "PA210:1 none"),
    ("FROM oven/bun\nRUN bun install --frozen-lockfile", "PA210:1 none"),
    ("FROM alpine\nRUN apk add npm && npm i -g typescript", "PA210:1 none"),
]


@pytest.mark.parametrize(("text", "expected"), SHIPPED)
def test_in_the_image_itself(text: str, expected: str) -> None:
    assert told(text) == [expected]


def test_it_concerns_platforms_that_the_machine_does_not_run() -> None:
    text = "FROM golang\nRUN go build .\n"
    assert found(text, AMD64) == []
    assert found(text, AMD64, I386) == []
    assert found(text, AMD64, I386, ARM64)[0].platforms == (ARM64,)
    assert found(text, AMD64, ARM64, machine=ARM64)[0].platforms == (AMD64,)


def test_a_finding_stands_on_from_and_names_the_command() -> None:
    text = "FROM golang:1.25\nWORKDIR /src\nRUN set -e; \\\n    cd x; \\\n    go build -o app .\n"
    one = found(text + TO_ALPINE)[0]
    assert one.line == 1
    assert one.span.of(text) == "golang:1.25"
    assert "`go build` (line 5)" in one.message
    assert "--platform=$BUILDPLATFORM" in one.hint


@pytest.mark.parametrize("rule", CHAPTER, ids=[rule.id for rule in CHAPTER])
def test_each_rule_tells_of_itself(rule) -> None:
    assert rule.title
    assert rule.consequence.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.sources
    assert bool(rule.before) == bool(rule.after)
    for text in (rule.before, rule.after):
        assert not text or parse(text).instructions


def test_stages_among_which_the_platform_chooses_move_together() -> None:
    text = """
        FROM golang AS base-amd64
        FROM golang AS base-arm64
        RUN ./build.sh
        FROM base-$TARGETARCH AS build
        RUN CGO_ENABLED=0 go build -o /app .
        FROM alpine
        COPY --from=build /app /app
    """
    assert told(text) == ["PA201:2 none", "PA201:4 none"]


def test_takes_no_longer_than_a_file_is_long() -> None:
    chain = "".join(f"FROM s{i} AS s{i + 1}\nRUN go build . && npm ci\n" for i in range(1500))
    copies = "".join(
        f"FROM node AS n{i + 1}\nCOPY --from=n{i} /a /a\nRUN npm ci\n" for i in range(1500)
    )
    text = (
        f"FROM golang AS s0\n{chain}FROM node AS n0\nRUN npm ci\n{copies}COPY --from=s1500 /x /x\n"
    )
    started = time.process_time()
    result = found(text)
    assert time.process_time() - started < 30
    assert {one.fix.value for one in result if one.rule == "PA201"} == {"none"}
