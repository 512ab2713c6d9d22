"""Go under emulation: what tells that crossing is safe, and what stands against it."""

import pytest

from tests.support.emulated_work import found, told

TO_ALPINE = "\nFROM alpine\nCOPY --from=0 /src/app /usr/bin/app\n"

GO = [
    (
        "cgo off in front of the command",
        "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o app .",
        "safe",
    ),
    (
        "cgo off in ENV",
        "FROM golang:1.25\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o app .",
        "safe",
    ),
    (
        "cgo off behind env",
        "FROM golang:1.25\nWORKDIR /src\nCOPY . .\nRUN env CGO_ENABLED=0 go build -o app .",
        "safe",
    ),
    (
        "cgo off by go env -w",
        "FROM golang:1.25\nWORKDIR /src\nRUN go env -w CGO_ENABLED=0\nRUN go build -o app .",
        "safe",
    ),
    (
        "cgo off by export",
        "FROM golang:1.25\nWORKDIR /src\nRUN export CGO_ENABLED=0 && go build -o app .",
        "safe",
    ),
    (
        "an ENV below the command says nothing of it",
        "FROM golang:1.25\nWORKDIR /src\nRUN go build -o app .\nENV CGO_ENABLED=0",
        "review",
    ),
    (
        "the command's own word counts before ENV",
        "FROM golang:1.25\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN CGO_ENABLED=1 go build -o app .",
        "review",
    ),
    ("not stated", "FROM golang:1.25-alpine\nWORKDIR /src\nRUN go build -o app .", "review"),
    ("cgo on", "FROM golang\nWORKDIR /src\nRUN CGO_ENABLED=1 go build -o app .", "review"),
    (
        "the race detector is C",
        "FROM golang\nWORKDIR /src\nRUN CGO_ENABLED=0 go build -race -o app .",
        "review",
    ),
    (
        "a library for C",
        "FROM golang\nWORKDIR /src\nRUN CGO_ENABLED=1 go build -buildmode=c-shared -o app .",
        "none",
    ),
    (
        "tests beside it",
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go build -o app . && go test ./...",
        "review",
    ),
    (
        "a test program is only compiled",
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go test -c -o app .",
        "safe",
    ),
    ("make", "FROM golang\nWORKDIR /src\nRUN make app", "none"),
    ("mage", "FROM golang\nWORKDIR /src\nRUN go install x/mage@v1 && mage build", "none"),
    ("a script", "FROM golang\nWORKDIR /src\nRUN ./build.sh", "none"),
    ("a script for a shell", "FROM golang\nWORKDIR /src\nRUN bash scripts/build.sh", "none"),
    ("go run", "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go run build.go", "none"),
    (
        "the program is run",
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go build -o app .\nRUN ./app --version",
        "none",
    ),
    (
        "a program that nobody knows",
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN frobnicate && go build -o app .",
        "review",
    ),
    (
        "a generator that the stage installs itself",
        (
            "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\n"
            "RUN go install example.org/cmd/gen@v1 && gen\nRUN go build -o app ."
        ),
        "safe",
    ),
    (
        "a tool whose cgo is nobody's concern",
        (
            "FROM golang\nRUN go install example.org/cmd/gen@latest\nWORKDIR /src\n"
            "RUN protoc --go_out=. x.proto && CGO_ENABLED=0 go build -o app ."
        ),
        "safe",
    ),
    (
        "it asks for its own platform",
        (
            "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\n"
            "RUN curl -O https://example.org/x-$(uname -m) && go build -o app ."
        ),
        "none",
    ),
    (
        "Python beside it",
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN pip install x && go build -o app .",
        "none",
    ),
    (
        "a base for one platform",
        "FROM arm64v8/golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go build -o app .",
        "review",
    ),
    (
        "GOARCH from an argument of its own",
        "FROM golang\nARG ARCH=amd64\nWORKDIR /src\nRUN CGO_ENABLED=0 GOARCH=$ARCH go build -o app",
        "review",
    ),
    (
        "tools from an image for the target",
        (
            "FROM golang\nCOPY --from=bufbuild/buf /usr/local/bin/buf /usr/local/bin/buf\n"
            "WORKDIR /src\nRUN buf generate && CGO_ENABLED=0 go build -o app ."
        ),
        "review",
    ),
    (
        "Go from a mirror, in a heredoc",
        (
            "FROM mirror.example.org/library/golang:1.25\nWORKDIR /src\n"
            "RUN <<EOF\nset -e\nCGO_ENABLED=0 go build -o app .\nEOF"
        ),
        "safe",
    ),
]


@pytest.mark.parametrize(("text", "fix"), [row[1:] for row in GO], ids=[row[0] for row in GO])
def test_go(text: str, fix: str) -> None:
    result = [one for one in found(text + TO_ALPINE) if one.rule == "PA201"]
    assert [(one.line, one.fix.value) for one in result] == [(1, fix)]
    assert bool(result[0].why_not) == (fix != "safe")


@pytest.mark.parametrize(
    "copied",
    [
        "COPY --from=0 /usr/bin/git /usr/bin/git",
        "COPY --from=0 /lib/ld-musl-x86_64.so.1 /lib/",
        "COPY --from=0 / /",
        "COPY --from=0 /src/bin/* /usr/bin/",
        "COPY --from=0 /go/bin/ /usr/bin/",
    ],
)
def test_go_that_takes_more_than_the_program(copied: str) -> None:
    text = "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go build -o app .\nFROM alpine\n"
    assert told(text + copied) == ["PA201:1 none"]


@pytest.mark.parametrize(
    "copied",
    [
        "COPY --from=0 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
        "COPY --from=0 /usr/share/zoneinfo /usr/share/zoneinfo",
        "COPY --from=0 /etc/passwd /etc/group /etc/",
        "COPY --from=0 /src/config.yaml /src/templates /app/",
        "COPY --from=0 /out/ /app/",
    ],
)
def test_go_that_takes_neutral_files_as_well(copied: str) -> None:
    text = (
        "FROM golang\nENV CGO_ENABLED=0\nWORKDIR /src\nRUN go build -o /out/app .\nFROM scratch\n"
    )
    assert told(f"{text}COPY --from=0 /out/app /app\n{copied}") == ["PA201:1 safe"]
