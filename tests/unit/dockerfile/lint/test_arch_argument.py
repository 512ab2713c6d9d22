"""PA305: architecture arguments of one's own."""

import pytest

from polyarch.dockerfile.lint.given import Given
from tests.support.linted import AMD64, linted, told

FOUND = [
    ("FROM b\nARG ARCH=amd64\nRUN curl -LO https://example.com/a-$ARCH", "2 warning review"),
    ("FROM b\nARG S6_ARCH\nRUN wget https://example.com/s6-${S6_ARCH}.tar", "2 warning review"),
    ("ARG DEB_ARCH=arm64\nFROM b\nARG DEB_ARCH\nRUN dpkg -i a_$DEB_ARCH.deb", "3 warning review"),
    ("FROM b\nARG ARCHITECTURE=x86_64\nRUN ./get $ARCHITECTURE", "2 warning review"),
    ('FROM b\nARG ARCH=""\nRUN ARCH="$ARCH" ./get https://example.com/x-$ARCH', "2 warning review"),
    ("FROM b\nARG ARCH\nRUN make ARCH=$ARCH", "2 warning review"),
    ("FROM b\nARG QEMU_ARCH\nCOPY bin-${QEMU_ARCH} /bin/x", "2 warning none"),
    ("FROM b\nARG ARCH=amd64\nCOPY bin/$ARCH/x /bin/x", "2 warning review"),
    ("FROM b\nARG ARCH=x86_64\nENV LD_PRELOAD=/usr/lib/$ARCH/x.so", "2 warning none"),
    ("FROM b\nARG GOARCH=amd64\nRUN go build .", "2 warning review"),
    ("FROM b\nARG PLATFORM=linux-x64\nRUN ./get $PLATFORM", "2 warning review"),
    ("FROM b AS x\nARG ARCH\nFROM x\nRUN ./get $ARCH", "2 warning review"),
    ("FROM b\nARG A=1 ARCH=armhf\nRUN <<EOF\n./get ${ARCH}\nEOF", "2 warning review"),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_an_argument_with_one_value_is_found(text: str, expected: str):
    assert told(text, "PA305") == [f"PA305:{expected}"]


NOT_FOUND = [
    "FROM b\nARG TARGETARCH\nRUN ./get $TARGETARCH",
    "FROM b\nARG TARGETARCH\nARG ARCH=$TARGETARCH\nRUN ./get $ARCH",
    "ARG ARCH=${TARGETARCH}\nFROM b\nARG ARCH\nRUN ./get $ARCH",
    "FROM b\nARG ARCH\nENV ARCH=$ARCH",
    "FROM b\nARG ARCH=amd64",
    "FROM b\nARG ARCH\nLABEL arch=$ARCH",
    'FROM b\nARG ARCH\nRUN ARCH="${ARCH:-$(uname -m)}"; ./get "$ARCH"',
    'FROM b\nARG ARCH\nRUN ./get "${ARCH:-$TARGETARCH}"',
    'FROM b\nARG ARCH\nRUN case "$TARGETARCH" in amd64) ARCH=x86_64;; esac; ./get $ARCH',
    "FROM b\nARG CUDA_ARCH=86\nRUN make SM=$CUDA_ARCH",
    "FROM b\nARG CPU_ARM_ARCH=armv8-a\nRUN cmake -DARM_ARCH=$CPU_ARM_ARCH .",
    "FROM b\nARG CPU_ARCH=armv8.2-a+fp16\nRUN make MARCH=$CPU_ARCH",
    "FROM b\nARG CPU_ARCH=native\nRUN make MARCH=$CPU_ARCH",
    # Empty is a choice of its own, and only handed on.
    'FROM b\nARG ARCH=""\nRUN make ARCH="${ARCH}" OS=x build',
    "FROM b\nARG SEARCH=amd64\nRUN ./get $SEARCH",
    "FROM b\nARG PLATFORM=debian\nRUN ./get $PLATFORM",
    "FROM b\nARG BUILD_ARCHIVE=a.tgz\nRUN tar xf $BUILD_ARCHIVE",
    # Only FROM takes it: that is told there.
    "ARG ARCH=amd64\nFROM $ARCH/b",
    "FROM b AS x\nARG ARCH=amd64\nRUN ./get $ARCH\nFROM b",
]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_follows_the_platform_is_not(text: str):
    assert told(text, "PA305") == []


def test_the_platform_of_the_default_is_not_concerned():
    found = [
        one for one in linted("FROM b\nARG ARCH=amd64\nRUN ./get $ARCH") if one.rule == "PA305"
    ]
    assert AMD64 not in found[0].platforms


def test_an_argument_that_the_build_is_given_is_its_own_matter():
    text = "FROM b\nARG ARCH=amd64\nRUN ./get $ARCH"
    assert told(text, "PA305", given=Given(build_args={"ARCH": "arm64"})) == []
