"""Emulated work by language, with the class of its fix."""

import pytest

from polyarch.findings import Severity
from tests.support.emulated_work import found, told

TO_ALPINE = "\nFROM alpine\nCOPY --from=0 /src/app /usr/bin/app\n"

RUST = "FROM rust\nWORKDIR /src\nRUN {}\nFROM debian\nCOPY --from=0 /src/target/release/app /\n"


@pytest.mark.parametrize(
    ("commands", "fix"),
    [
        ("cargo build --release", "review"),
        ("cargo build --release && strip target/release/app", "review"),
        ("apt-get install -y libssl-dev && cargo build --release", "review"),
        ('arch="$(uname -m)"; cargo build --release', "review"),
        ("apt-get install -y python3-dev && cargo build --release", "none"),
        ("cargo build --release && ./build.sh", "none"),
        ("make release", "none"),
        ("cargo build --target wasm32-unknown-unknown && cargo build --release", "none"),
        ("cargo build --release && target/release/app --version", "none"),
        ("pip install maturin && cargo build --release", "none"),
    ],
)
def test_rust(commands: str, fix: str) -> None:
    result = [one for one in found(RUST.format(commands)) if one.rule == "PA202"]
    assert [one.fix.value for one in result] == [fix]


def test_stages_that_move_together_are_judged_together() -> None:
    text = """
        FROM rust AS chef
        RUN cargo install cargo-chef
        FROM chef AS planner
        RUN cargo chef prepare
        FROM chef AS builder
        RUN cargo chef cook && {} build --release
        FROM debian
        COPY --from=builder /target/release/app /app
    """
    assert told(text.format("cargo")) == ["PA202:1 review", "PA202:5 review"]
    assert told(text.format("./compile.sh")) == ["PA202:1 none", "PA202:5 none"]


C = "FROM alpine\nWORKDIR /src\nRUN apk add build-base && {}\nFROM alpine\nCOPY --from=0 {} /x\n"


@pytest.mark.parametrize(
    ("commands", "path", "fix"),
    [
        ("./configure && make", "/src/app", "review"),
        ("cmake -B build && cmake --build build", "/src/build/app", "review"),
        ("gcc -o app main.c", "/src/app", "review"),
        ("./configure --prefix=/opt/x && make install", "/opt/x", "none"),
        ("./configure && make && make check", "/src/app", "none"),
        ("./configure --enable-optimizations && make", "/src/app", "none"),
        ("make install", "/usr/local", "none"),
        ("bazel build //:app", "/src/app", "none"),
        ("(cd a && ./configure && make) && ./configure && make", "/src/app", "none"),
        ("gcc -o app main.c && ./app", "/src/app", "none"),
        # What runs was compiled, whatever it is called.
        ("cmake -B build && cmake --build build && ./build/app --help", "/out/x.tgz", "none"),
        ("./configure && make && out/bin/check-it", "/src/app", "none"),
        ("./configure && make && sh ./build/tidy.sh", "/src/app", "review"),
    ],
)
def test_c(commands: str, path: str, fix: str) -> None:
    assert told(C.format(commands, path)) == [f"PA203:1 {fix}"]


FRONT = "FROM node:22 AS web\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n"
NGINX = "FROM nginx\nCOPY --from=web {} /usr/share/nginx/html\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FRONT + NGINX.format("/app/dist"), "PA204:1 safe"),
        (FRONT + NGINX.format("/app/packages/web/build/"), "PA204:1 safe"),
        (FRONT + NGINX.format("/app/frontend-dist"), "PA204:1 safe"),
        (FRONT + "RUN mv dist /web\n" + NGINX.format("/web"), "PA204:1 safe"),
        (FRONT + NGINX.format("/app/stuff"), "PA204:1 review"),
        (FRONT + "RUN uname -m\n" + NGINX.format("/app/dist"), "PA204:1 review"),
        (FRONT + "RUN npm rebuild\n" + NGINX.format("/app/dist"), "PA204:1 review"),
        (FRONT + "RUN npx pkg .\n" + NGINX.format("/app/dist"), "PA204:1 none"),
        (FRONT + NGINX.format("/app"), "PA210:1 none"),
        (FRONT + NGINX.format("/app/node_modules"), "PA210:1 none"),
        (FRONT + NGINX.format("/app/.next/standalone"), "PA210:1 none"),
        (FRONT + NGINX.format("/app/.output"), "PA210:1 none"),
        (FRONT + NGINX.format("/app/.output/public"), "PA204:1 safe"),
        (
            FRONT + 'FROM node:22\nCOPY --from=web /app/dist ./dist\nCMD ["node", "dist/x.js"]\n',
            "PA204:1 review",
        ),
        (
            FRONT + 'FROM node:22\nCOPY --from=web /app/dist ./public\nCMD ["node", "x.js"]\n',
            "PA204:1 safe",
        ),
        (FRONT + "FROM scratch\nCOPY --from=web /app/dist /\n", "PA204:1 safe"),
    ],
)
def test_front_ends(text: str, expected: str) -> None:
    assert told(text) == [expected]


def test_packages_that_pass_through_a_stage_reach_the_image() -> None:
    text = """
        FROM node AS deps
        WORKDIR /app
        RUN npm ci
        FROM node AS build
        WORKDIR /app
        COPY --from=deps /app/node_modules node_modules
        RUN npm run build
        FROM {}
        COPY --from=build {} /x
    """
    assert told(text.format("node", "/app")) == ["PA210:1 none", "PA210:4 none"]
    assert told(text.format("nginx", "/app/dist")) == ["PA204:1 review", "PA204:4 review"]


def test_a_front_end_for_a_go_program() -> None:
    text = """
        FROM node AS web
        WORKDIR /web
        RUN yarn && yarn build
        FROM golang AS build
        WORKDIR /src
        COPY --from=web /web/dist ./web/dist
        RUN CGO_ENABLED=0 go build -o app .
        FROM scratch
        COPY --from=build /src/app /app
    """
    assert told(text) == ["PA201:4 safe", "PA204:1 safe"]


def test_a_front_end_that_goes_into_a_program_is_not_told_of_twice() -> None:
    text = "FROM golang\nWORKDIR /src\nRUN npm ci && npm run build && CGO_ENABLED=0 go build -o app"
    assert told(text + TO_ALPINE) == ["PA201:1 safe"]


JAVA = "FROM maven\nWORKDIR /src\nRUN {}\nFROM eclipse-temurin:21-jre\nCOPY --from=0 {} /app/\n"


@pytest.mark.parametrize(
    ("commands", "path", "fix"),
    [
        ("mvn -B package", "/src/target/app.jar", "safe"),
        ("./mvnw package", "/src/target/*.jar", "safe"),
        ("gradle installDist", "/src/build/install/app", "safe"),
        ("java -Djarmode=tools -jar app.jar extract", "/src/extracted/dependencies/", "safe"),
        ("mvn -B package", "/src/target", "review"),
        ("mvn -B package", "/opt/java/openjdk", "none"),
        ("mvn -B package && jlink --output /jre", "/src/target/app.jar", "none"),
        ("mvn -Pnative native:compile", "/src/target/app", "none"),
        ("mvn package && java -Xshare:dump -jar app.jar", "/src/target/app.jar", "none"),
    ],
)
def test_java(commands: str, path: str, fix: str) -> None:
    assert told(JAVA.format(commands, path)) == [f"PA205:1 {fix}"]


DOTNET = (
    "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nRUN {}\nFROM {}\nCOPY --from=build /app .\n"
)


@pytest.mark.parametrize(
    ("commands", "start", "fix"),
    [
        ("dotnet publish -o /app", '["dotnet", "x.dll"]', "safe"),
        ("dotnet publish -o /app", '["./x"]', "review"),
        ("dotnet publish -r linux-x64 -o /app", '["dotnet", "x.dll"]', "review"),
        ("dotnet publish -p:PublishSingleFile=true -o /app", '["dotnet", "x.dll"]', "review"),
        ("dotnet test && dotnet publish -o /app", '["dotnet", "x.dll"]', "review"),
        (
            "dotnet publish -o /app && dotnet ef migrations bundle -o /app/bundle",
            '["dotnet", "x.dll"]',
            "review",
        ),
        ("dotnet publish -p:PublishAot=true -o /app", '["./x"]', "none"),
    ],
)
def test_dotnet(commands: str, start: str, fix: str) -> None:
    base = "mcr.microsoft.com/dotnet/aspnet:9.0"
    result = found(DOTNET.format(commands, base) + f"ENTRYPOINT {start}\n")
    assert [(one.rule, one.fix.value, one.severity) for one in result] == [
        ("PA206", fix, Severity.ERROR)
    ]


def test_documentation_is_the_same_everywhere() -> None:
    text = """
        FROM python AS docs
        WORKDIR /docs
        RUN pip install mkdocs && mkdocs build
        FROM nginx
        COPY --from=docs /docs/{} /usr/share/nginx/html
    """
    assert told(text.format("site")) == ["PA207:1 safe"]
    assert told(text.format("venv")) == ["PA207:1 none"]


@pytest.mark.parametrize(
    ("path", "fix"), [("/app/vendor/", "review"), ("/app/vendor", "review"), ("/app", "none")]
)
def test_composer(path: str, fix: str) -> None:
    text = "FROM composer\nWORKDIR /app\nRUN composer install --no-scripts\nFROM php\n"
    assert told(f"{text}COPY --from=0 {path} /app/vendor") == [f"PA208:1 {fix}"]
