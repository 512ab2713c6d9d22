"""PA301: downloads for one platform, straight or through variables, and what is none."""

import pytest

from tests.support.linted import AMD64, ARM64, linted, told

YQ = "https://github.com/mikefarah/yq/releases/download/v4/yq_linux_amd64"
S6 = "https://github.com/just-containers/s6-overlay/releases/download/v3.2.0.2/s6-overlay-{}.tar.xz"
URL = "https://example.com/tool-1.0-linux-x86_64.tar.gz"

FOUND = [
    (f"FROM b\nRUN curl -fLo /bin/yq {YQ}", "2 error review"),
    (f"FROM b\nRUN wget -qO- {URL} | tar xz", "2 error none"),
    (f"FROM b\nADD {S6.format('x86_64')} /tmp", "2 error review"),
    (f'FROM b\nADD ["{S6.format("aarch64")}", "/tmp"]', "2 error review"),
    (f"FROM b\nADD --checksum=sha256:{'0' * 64} {YQ} /bin/yq", "2 error none"),
    (f"FROM b\nRUN curl -fLo yq {YQ} && echo '0  yq' | sha256sum -c", "2 error none"),
    ("FROM b\nRUN wget https://go.dev/dl/go1.25.1.linux-amd64.tar.gz", "2 error review"),
    ("FROM b\nENV V=1.4rc1\nRUN wget https://go.dev/dl/go$V.linux-amd64.tar.gz", "3 error none"),
    ("FROM b\nRUN curl -sSL https://x.example.com/api/micromamba/linux-64/latest", "2 error none"),
    # Other programs that fetch, and lines of sources.
    (f"FROM b\nRUN pip install {URL}", "2 error none"),
    ("FROM b\nRUN rpm -i http://example.com/el/7/x86_64/a-1.x86_64.rpm", "2 error none"),
    ("FROM b\nRUN dnf install -y https://example.com/a.aarch64.rpm", "2 error none"),
    ('FROM b\nRUN echo "deb https://example.com/repo/amd64/ ./" > /etc/apt/x', "2 error none"),
    ("FROM b\nRUN sudo -E sh -c 'curl -O https://example.com/a-armhf.deb'", "2 error none"),
    ("FROM b\nRUN <<EOF\nset -e\ncurl -LO https://example.com/a_arm64.deb\nEOF", "2 error none"),
    # Through variables: told where the word stands.
    (f"FROM b\nENV URL={URL}\nRUN curl -LO $URL", "2 error none"),
    (f"ARG URL={URL}\nFROM b\nARG URL\nRUN curl -LO ${{URL}}", "1 error none"),
    (f"FROM b\nARG URL={URL}\nADD $URL /x", "2 error none"),
    (
        "FROM b\nARG F=a_amd64.deb\nARG U=https://example.com/$F\nADD ${U} /a",
        "2 error none",
    ),
    ("FROM b\nARG F=a-x86_64.zip\nENV G=$F\nRUN wget https://example.com/$G", "2 error none"),
    ("FROM b AS x\nENV F=a-x64.zip\nFROM x\nRUN wget https://example.com/$F", "2 error none"),
    ("FROM b\nRUN A=amd64 && curl -LO https://example.com/a-$A", "2 error none"),
    (f"FROM b\nRUN U={URL} && wget $U", "2 error none"),
    (f"FROM b\nENV U={URL}\nRUN pip install $U", "2 error none"),
    # A choice by something else is none.
    (f'FROM b\nRUN if [ "$WITH_YQ" = yes ]; then curl -fLo /bin/yq {YQ}; fi', "2 error review"),
    # Fetched by the builder, for the image.
    (
        (f"FROM --platform=$BUILDPLATFORM b AS x\nRUN curl -fLo /out/yq {YQ}\n"
        "FROM b\nCOPY --from=x /out/yq /bin/"),
        "2 error review",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_a_download_for_one_platform_is_found(text: str, expected: str):
    assert told(text, "PA301") == [f"PA301:{expected}"]


NOT_FOUND = [
    "FROM b\nARG TARGETARCH\nRUN curl -LO https://example.com/a-linux-$TARGETARCH",
    "FROM b\nRUN curl -LO https://example.com/a-$(uname -m)",
    "FROM b\nRUN curl -LO https://example.com/a-noarch.tar.gz https://example.com/src.tar.gz",
    "FROM b\nRUN curl -LO https://example.com/v1.386.0/harm64.tar.gz",
    "FROM b\nRUN curl -LO https://example.com/a-darwin-arm64.tar.gz",
    # Chosen.
    f'FROM b\nRUN if [ "$(uname -m)" = x86_64 ]; then curl -LO {URL}; fi',
    f'FROM b\nRUN case "$(dpkg --print-architecture)" in amd64) U={URL};; esac; curl -LO $U',
    f'FROM b\nRUN [ "$TARGETARCH" = amd64 ] && curl -LO {URL}',
    f'FROM b\nRUN if [ "$TARGETARCH" != amd64 ]; then exit 0; fi; curl -LO {URL}',
    "FROM b\nRUN a=arm64; if uname -p | grep x86_64; then a=x86_64; fi; wget https://x.example/$a",
    f'FROM b\nARG URL={URL}\nRUN if [ "$TARGETARCH" = amd64 ]; then curl -LO $URL; fi',
    # For several platforms, chosen later.
    f"FROM b\nADD {S6.format('x86_64')} /1\nADD {S6.format('aarch64')} /2",
    f"FROM b AS fetch-amd64\nRUN curl -LO {URL}\nFROM fetch-${{TARGETARCH}}",
    # A tool of the builder, which is amd64 here.
    (
        f"FROM --platform=$BUILDPLATFORM b AS x\nRUN wget -O /bin/yq {YQ}\nRUN yq . > /out\n"
        "FROM b\nCOPY --from=x /out /o"
    ),
    # The restriction of a source of packages is told of by PA311.
    'FROM b\nRUN echo "deb [arch=amd64] https://example.com/apt x main" > /etc/apt/x',
    # Only said.
    f"FROM b\nRUN echo 'get it at {URL}'",
    f"FROM b\nENV URL={URL}",
    "FROM b\nRUN curl -o /tmp/a-x86_64.tgz https://example.com/a.tgz",
    "FROM b\nRUN git clone https://example.com/tools-arm64.git",
    # The argument itself is told of by PA305.
    "FROM b\nARG ARCH=amd64\nRUN curl -LO https://example.com/a-$ARCH",
    # Nothing needs the stage.
    f"FROM b AS x\nRUN curl -LO {URL}\nFROM b",
]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_suits_each_platform_is_not(text: str):
    assert told(text, "PA301") == []


def test_the_platforms_that_get_the_wrong_file_are_named():
    found = [one for one in linted(f"FROM b\nADD {YQ} /bin/yq") if one.rule == "PA301"]
    assert AMD64 not in found[0].platforms
    assert ARM64 in found[0].platforms
    assert "TARGETARCH" in found[0].hint


def test_a_tool_of_another_builder_is_a_warning():
    text = (
        "FROM --platform=$BUILDPLATFORM b AS x\n"
        "RUN curl -fLo /bin/yq https://github.com/mikefarah/yq/releases/download/v4/yq_linux_arm64\n"
        "RUN yq . > /out\nFROM b\nCOPY --from=x /out /o"
    )
    assert told(text, "PA301") == ["PA301:2 warning review"]


def test_the_span_is_the_word():
    text = f"FROM b\nRUN apk add curl && \\\n  curl -LO {URL}\n"
    (found,) = [one for one in linted(text) if one.rule == "PA301"]
    assert found.span.of(text) == "x86_64"
