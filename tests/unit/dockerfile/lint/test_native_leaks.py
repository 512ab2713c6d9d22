"""PA503, PA504: what the builder's stage makes for the target, and what for itself."""

import pytest

from tests.support.linted import AMD64, EIGHT, linted, told

RUNS = [
    "RUN GOARCH=$TARGETARCH go build -o /out/app . && /out/app --version",
    "RUN GOARCH=$TARGETARCH go build -o app .\nRUN ./app --version",
    "ENV GOARCH=$TARGETARCH\nRUN go build -o /out/app .\nRUN /out/app completion > /c",
    "RUN xx-go build -o /app . && /app",
    "RUN xx-clang -o /app x.c && /app",
]


@pytest.mark.parametrize("body", RUNS)
def test_a_product_for_the_target_that_is_started_is_found(body: str):
    (found,) = told(f"FROM --platform=$BUILDPLATFORM golang\nARG TARGETARCH\n{body}", "PA503")
    assert found.endswith("warning none")


NO_RUNS = [
    "RUN GOARCH=$TARGETARCH go build -o /out/app .",
    "RUN go build -o /out/tool . && /out/tool",
    "RUN GOARCH=amd64 go build -o /out/tool . && /out/tool",
    "RUN GOARCH=$TARGETARCH go build -o /out/app . && file /out/app && xx-verify /out/app",
    (
        "RUN GOARCH=$TARGETARCH go build -o /out/app .\n"
        "RUN if [ $TARGETARCH = amd64 ]; then /out/app --version; fi"
    ),
    "RUN ./app && GOARCH=$TARGETARCH go build -o app .",
]


@pytest.mark.parametrize("body", NO_RUNS)
def test_tools_of_the_builder_may_run(body: str):
    assert told(f"FROM --platform=$BUILDPLATFORM golang\nARG TARGETARCH\n{body}", "PA503") == []


def leaks(base: str, body: str, path: str, receiver: str = "FROM b") -> list[str]:
    text = (
        f"FROM --platform=$BUILDPLATFORM {base} AS n\nWORKDIR /src\n{body}\n"
        f"{receiver}\nCOPY --from=n {path} /here/"
    )
    return [one.rpartition(" ")[2] for one in told(text, "PA504")]


LEAKS = [
    ("node", "RUN npm ci", "/src/node_modules", "none"),
    ("node", "RUN apk add g++\nRUN yarn install", "/src/node_modules/", "none"),
    ("node", "RUN npm ci", "/src/node_modules/sharp", "none"),
    ("python", "RUN pip install x", "/usr/local/lib/python3.13/site-packages", "none"),
    ("python", "RUN pip install x", "/usr/local/lib/python3.13/", "none"),
    ("python", "RUN pip install --user x", "/root/.local", "none"),
    ("python", "RUN python -m venv /venv && /venv/bin/pip install x", "/venv", "none"),
    ("debian", "RUN apt-get install -y libx", "/usr/lib", "none"),
    ("debian", "RUN apt-get install -y libx", "/usr/lib/libx.so.1", "none"),
    ("debian", "RUN apt-get install -y libx", "/usr/lib/x86_64-linux-gnu/libx.so*", "none"),
    ("golang", "RUN CGO_ENABLED=0 go build -o /out/app .", "/out/app", "review"),
    ("golang", "RUN GOOS=linux go build -o app .", "/src/app", "review"),
    ("rust", "RUN cargo build --release", "/src/target/release/app", "review"),
    ("gcc", "RUN gcc -o /app x.c", "/app", "review"),
]


@pytest.mark.parametrize(("base", "body", "path", "fix"), LEAKS)
def test_files_of_the_builders_machine_are_found_where_they_are_taken(
    base: str, body: str, path: str, fix: str
):
    assert leaks(base, body, path) == [fix]


NO_LEAKS = [
    ("node", "RUN npm ci && npm run build", "/src/dist"),
    ("node", "RUN npm ci --cpu=$ARCH --os=linux", "/src/node_modules"),
    ("node", "RUN tar x", "/src/node_modules"),
    ("python", "RUN pip install x && mkdocs build", "/src/site"),
    ("debian", "RUN apt-get install -y tzdata", "/usr/share/zoneinfo"),
    ("debian", "RUN apt-get install -y x", "/etc/ssl/certs/ca-certificates.crt"),
    ("debian", "RUN debootstrap stable /root", "/usr/lib"),
    ("maven", "RUN mvn package", "/src/target/app.jar"),
    ("golang", "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /out/app .", "/out/app"),
    ("golang", "ENV GOARCH=arm64\nRUN go build -o /out/app .", "/out/app"),
    ("golang", "RUN xx-go build -o /out/app .", "/out/app"),
    ("golang", "RUN go build -o /tool . && /tool > /doc.html", "/doc.html"),
    ("rust", "RUN cargo build --release --target x", "/src/target/x/release/app"),
]


@pytest.mark.parametrize(("base", "body", "path"), NO_LEAKS)
def test_files_that_are_the_same_everywhere_may_leave(base: str, body: str, path: str):
    assert leaks(base, body, path) == []


def test_another_stage_of_the_builder_may_take_them():
    receiver = "FROM --platform=$BUILDPLATFORM b"
    assert leaks("node", "RUN npm ci", "/src/node_modules", receiver) == []


def test_every_platform_but_the_builders_is_concerned():
    text = (
        "FROM --platform=$BUILDPLATFORM node AS n\nRUN npm ci\nFROM a\n"
        "COPY --from=n /node_modules /node_modules"
    )
    (found,) = [one for one in linted(text) if one.rule == "PA504"]
    assert found.platforms == EIGHT[1:]
    assert found.line == 4
    assert linted(text, AMD64) == ()
