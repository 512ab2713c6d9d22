"""Of any file: a second fix changes nothing, and the first one only what it means to."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.fix.fix import Fixed
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.outline import outline
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import DockerfileError
from tests.support.mending import mend

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "dockerfile" / "corpus"
FILES = sorted(CORPUS.glob("*.Dockerfile"))
BOTH = [FixClass.SAFE, FixClass.REVIEW]
TOUCHED = frozenset({"ADD", "ARG", "COPY", "ENV", "FROM", "RUN"})
"""What fixes change, add or take away; nothing else of a file is ever theirs."""

HUB = "https://github.com"
COSIGN = f"{HUB}/sigstore/cosign/releases/download/v2/cosign-linux-amd64"
S6 = f"{HUB}/just-containers/s6-overlay/releases/download/v3/s6-overlay-x86_64.tar.xz"

bases = st.sampled_from(
    [
        "golang:1.24", "golang:1.24-alpine", "node:22", "rust:1", "debian:bookworm", "alpine",
        "arm64v8/debian", "gcc:12", "maven:3", "mcr.microsoft.com/dotnet/sdk:9.0", "nginx",
        "busybox", "scratch", "one", "two", "golang:1@sha256:" + 64 * "a",
    ]
)  # fmt: skip
flags = st.sampled_from(
    [
        "", "", "", "--platform=$BUILDPLATFORM ", "--platform=$TARGETPLATFORM ",
        "--platform=linux/amd64 ", "--platform=${BUILDPLATFORM:-linux/amd64} ",
    ]
)  # fmt: skip
names = st.sampled_from(["", " AS one", " AS two", " as Three"])
bodies = st.sampled_from(
    [
        "# a comment", "", "  # indented", "LABEL a=b", "WORKDIR /app", "USER 1000", 'CMD ["a"]',
        "ARG TARGETARCH=amd64", "ARG TARGETOS TARGETARCH", "ARG ARCH=amd64", "ENV CGO_ENABLED=0",
        "COPY . .", "COPY e.sh /e.sh", "COPY --from=one /app/app /usr/bin/app",
        "COPY --from=two /app/dist /srv", "RUN chmod +x /e.sh", "RUN chmod 755 /e.sh /f.sh",
        "COPY f.sh /f.sh", "RUN chown 1:2 /e.sh", "RUN chmod +x /f.sh && chown me:me /f.sh",
        "RUN CGO_ENABLED=0 go build -o /app/app .", "RUN go build \\\n  # why\n  -o /app/app .",
        "RUN GOARCH=amd64 GOOS=linux go build -o /app/app ./cmd/app", "RUN go install ./cmd/app",
        "RUN <<EOF\nCGO_ENABLED=0 go build -o /app/app .\nEOF", 'RUN ["go", "build"]',
        "RUN npm ci && npm run build", "RUN mvn package", "RUN cargo build --release",
        "COPY --from=one /app/target/release/x /x", "RUN make", "RUN ./configure && make",
        "RUN cmake -B build && cmake --build build", "RUN gcc -o /x x.c", "RUN strip x",
        "RUN dotnet publish -c release -o /app", "RUN dotnet publish -r linux-x64 -o /app",
        f"RUN curl -fsSLo /x {COSIGN}", f"ADD {S6} /tmp", f"RUN wget -qO /x '{COSIGN}'",
        'RUN wget https://x.org/$(uname -m)/a && echo "$(uname -m)"',
        'RUN case "$(uname -m)" in x86_64) a=1;; \\\n  aarch64) a=2;; esac; curl -O https://x/$a',
        'RUN case "$TARGETARCH" in amd64) a=1;; esac', "RUN apt-get install -y libssl-dev wget",
        "ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64", "RUN apt-get install openjdk-17-jdk",
        "COPY release/linux/amd64/app /bin/", "ONBUILD RUN go build", 'SHELL ["bash", "-c"]',
    ]
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    lines = draw(st.lists(st.sampled_from(["# top", "ARG BUILDPLATFORM=linux/amd64"]), max_size=2))
    for _ in range(draw(st.integers(1, 4))):
        lines.append(f"FROM {draw(flags)}{draw(bases)}{draw(names)}")
        lines += draw(st.lists(bodies, max_size=7))
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", newline)


def untouched(file: Dockerfile) -> list[str]:
    """All that no fix may change: its text, in order."""
    nodes = [
        node.extent.of(file.text)
        for node in file.nodes
        if not isinstance(node, Instruction) or node.name not in TOUCHED
    ]
    return ["".join(nodes), *(comment.text for comment in file.comments)]


def check(text: str, allow: FixClass) -> Fixed:
    fixed = mend(text, allow)
    before, after = parse(text), parse(fixed.text)
    assert untouched(after) == untouched(before)
    stages = [[stage.name for stage in outline(file).stages] for file in (before, after)]
    assert stages[0] == stages[1]
    assert (fixed.text == text) == (not fixed.applied)
    assert ("\r\n" in text) == ("\r\n" in fixed.text)
    assert fixed.text.count("\n") == fixed.text.count("\r\n") or "\r" not in fixed.text
    again = mend(fixed.text, allow)
    assert (again.text, again.applied) == (fixed.text, ())
    return fixed


@given(files(), st.sampled_from(BOTH))
def test_any_file(text: str, allow: FixClass):
    try:
        check(text, allow)
    except DockerfileError:
        with pytest.raises(DockerfileError):
            mend(text, allow)


@pytest.mark.skipif(not FILES, reason="the corpus is not beside this checkout")
@pytest.mark.parametrize("allow", BOTH)
def test_real_files(allow: FixClass):
    for path in FILES:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        check(text, allow)
