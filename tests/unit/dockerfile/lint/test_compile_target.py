"""PA302, PA303: compilers that are told one platform, or one processor."""

import pytest

from tests.support.linted import told

TO_IMAGE = "\nFROM b\nCOPY --from=0 /out /out\n"

FOUND = [
    ("RUN CGO_ENABLED=0 GOARCH=amd64 go build -o /out/app .", "2 error safe"),
    ("RUN env CGO_ENABLED=0 GOOS=linux GOARCH=386 go build -o /out/app .", "2 error safe"),
    ("ENV CGO_ENABLED=0\nRUN GOARCH=arm GOARM=7 go build -o /out/app .", "3 error safe"),
    ("RUN export CGO_ENABLED=0 GOARCH=arm64 && go build -o /out/app .", "2 error safe"),
    ("RUN GOARCH=amd64 go build -o /out/app .", "2 error review"),
    ("RUN CGO_ENABLED=0 GOARCH=amd64 go build -o /out/app . && /out/app version", "2 error review"),
    ("ENV GOOS=linux GOARCH=amd64\nRUN go build -o /out/app .", "2 error review"),
    ("ENV GOARCH=amd64\nRUN GOARCH=$TARGETARCH go build a && go build b", "2 error review"),
    ("RUN go env -w GOARCH=amd64 && go build -o /out/app .", "2 error review"),
    ("RUN make GOARCH=amd64 build", "2 error review"),
    ("RUN make build-linux-amd64", "2 error none"),
    ('RUN XC_ARCH="amd64" XC_OS=linux make bin', "2 error none"),
    ("RUN ARCH=x86_64 ./scripts/build.sh", "2 error none"),
    ("RUN cargo build --release --target x86_64-unknown-linux-musl", "2 error review"),
    ("RUN cargo build --target=aarch64-unknown-linux-gnu", "2 error review"),
    ("RUN rustup target add armv7-unknown-linux-musleabihf", "2 error review"),
    ("ENV CARGO_BUILD_TARGET=x86_64-unknown-linux-musl\nRUN cargo build", "2 error review"),
    ("ARG RUST_TARGET=x86_64-unknown-linux-musl\nRUN cargo build", "2 error review"),
    ("RUN dotnet publish -r linux-x64 -o /out", "2 error review"),
    ("RUN dotnet restore --runtime=linux-musl-arm64", "2 error review"),
    ("RUN dotnet publish -a x64", "2 error review"),
    ("RUN dotnet publish -p:RuntimeIdentifier=linux-x64", "2 error review"),
    ("RUN ./configure --host=x86_64-unknown-linux-musl && make", "2 error review"),
    ("RUN ./Configure no-shared linux-x86_64 && make", "2 error none"),
    ("RUN cmake -DCMAKE_SYSTEM_PROCESSOR=aarch64 .", "2 error none"),
    ("ENV CC=aarch64-linux-gnu-gcc\nRUN make", "2 error review"),
    ("RUN aarch64-linux-gnu-gcc -o /out/app main.c", "2 error review"),
    ("RUN zig build -Dtarget=x86_64-linux-musl", "2 error review"),
    ("RUN bun build --compile --target=bun-linux-x64 .", "2 error none"),
    ("RUN pip download --platform manylinux2014_x86_64 --only-binary=:all: x", "2 error none"),
    ('RUN ["cargo", "build", "--target", "x86_64-unknown-linux-gnu"]', "2 error review"),
]


@pytest.mark.parametrize(("body", "expected"), FOUND)
def test_a_fixed_target_is_found(body: str, expected: str):
    assert told(f"FROM b\n{body}{TO_IMAGE}", "PA302") == [f"PA302:{expected}"]


def test_what_compiles_in_the_shipped_stage_is_left_alone():
    assert told("FROM b\nRUN CGO_ENABLED=0 GOARCH=amd64 go build .", "PA302") == [
        "PA302:2 error none"
    ]


NOT_FOUND = [
    "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build .",
    "RUN GOARCH=${TARGETARCH:-amd64} go build .",
    "RUN GOARCH=wasm GOOS=js go build .",
    "RUN GOOS=windows GOARCH=amd64 go build .",
    "ENV GOOS=darwin GOARCH=arm64\nRUN go build .",
    "ENV GOARCH=amd64\nRUN GOARCH=$TARGETARCH go build .",
    "RUN cargo build --target wasm32-unknown-unknown",
    "RUN cargo build --target x86_64-unknown-uefi",
    "RUN cargo build --target thumbv7em-none-eabihf",
    "RUN rustup target add riscv64gc-unknown-none-elf",
    "RUN dotnet publish -a $TARGETARCH",
    "RUN dotnet publish -r linux-$TARGETARCH",
    'RUN if [ "$TARGETARCH" = arm64 ]; then rustup target add aarch64-unknown-linux-gnu; fi',
    'RUN case "$TARGETARCH" in amd64) T=x86_64-unknown-linux-gnu;; esac; cargo build --target $T',
    "RUN RID=linux-x64; if [ $(uname -m) = aarch64 ]; then RID=linux-arm64; fi; x $RID",
    # Several on purpose.
    "RUN GOARCH=amd64 go build .\nRUN GOARCH=386 go build .\nRUN GOARCH=arm GOARM=5 go build .",
    "RUN rustup target add x86_64-unknown-linux-musl armv7-unknown-linux-musleabihf",
    # A setting for one target says which one.
    "ENV CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc",
    "RUN CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc cargo build",
    # Told of as an argument.
    "ARG GOARCH=amd64\nRUN go build .",
    "RUN make -C /src/amd64 all",
    "RUN ARCH=amd64 ./install.sh",
    "RUN echo cargo build --target x86_64-unknown-linux-gnu",
]


@pytest.mark.parametrize("body", NOT_FOUND)
def test_a_target_that_is_chosen_is_not(body: str):
    assert told(f"FROM b\n{body}{TO_IMAGE}", "PA302") == []


TUNED = [
    "RUN make CFLAGS='-O3 -march=native'",
    "RUN gcc -mtune=skylake -o x x.c",
    "ENV CFLAGS=-mavx2",
    'ENV RUSTFLAGS="-C target-cpu=native"',
    "ENV GOAMD64=v3",
    "RUN GOAMD64=v2 go build .",
    "RUN cmake -DGGML_NATIVE=ON -DENABLE_AVX2=1 .",
    "RUN make USE_AVX=1",
    "ARG CXXFLAGS='-O2 -msse4.2'",
    "RUN CPPFLAGS=-mcpu=cortex-a72 make",
]


@pytest.mark.parametrize("body", TUNED)
def test_flags_for_a_processor_are_found(body: str):
    assert told(f"FROM b\n{body}", "PA303") == ["PA303:2 warning review"]


NOT_TUNED = [
    "RUN make CFLAGS='-O3 -march=x86-64'",
    "RUN make CPU=generic -DPORTABLE=1",
    "RUN gcc -mtune=generic x.c",
    'ENV RUSTFLAGS="-C target-feature=-crt-static"',
    "ENV GOAMD64=v1",
    "RUN cmake -DGGML_NATIVE=OFF -DENABLE_AVX2=0 .",
    'RUN if [ "$TARGETARCH" = amd64 ]; then make CFLAGS=-mavx2; fi',
    "RUN gcc -march=$MARCH x.c",
    "RUN echo -march=native",
    "RUN x --search=native --emarch=native",
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_TUNED)
def test_flags_for_a_platform_are_not(body: str):
    assert told(f"FROM b\n{body}", "PA303") == []
