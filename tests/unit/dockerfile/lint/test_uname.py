"""PA309: the machine is asked where the platform is meant."""

import pytest

from polyarch.oci.platform import Platform
from tests.support.linted import AMD64, ARM64, ARM_V7, linted


def found(text: str, *platforms: Platform) -> list[str]:
    return [
        f"{one.line} {' '.join(str(p).removeprefix('linux/') for p in one.platforms)}"
        for one in linted(text, *platforms)
        if one.rule == "PA309"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "curl -O x/$(uname -m)",
        "curl -O x/`uname -m`",
        "A=$(arch) && curl x/$A",
        'case "$(uname -m)" in x86_64) a;; esac',
        'if [ "$(uname -p)" = x86_64 ]; then a; fi',
        "if uname -m | grep -q arm; then a; fi",
        "curl x/$(uname -s)-$(uname -m)",
        "uname -m > /etc/arch",
        "uname -m | tee /etc/arch",
        'echo "/lib" > /etc/ld-musl-$(uname -m).path',
        "curl x/$(uname -m | sed s/x86_64/amd64/)",
        "bash -c 'curl x/$(uname -m)'",
        "<<EOF\nA=$(uname --machine)\nEOF",
        "a && case $(uname -sm) in *x86_64) b;; esac",
        "A=$(echo $(uname -m)); b",
    ],
)
def test_an_answer_that_is_used_is_told(body):
    assert found(f"FROM a\nRUN {body}\n") == ["2 arm/v7 arm/v6 386"]


@pytest.mark.parametrize(
    "body",
    [
        "curl x/$(uname -s)",
        "curl x/$(uname -r)",
        "uname -a",
        'echo "built on $(uname -m)"',
        "curl x/$(dpkg --print-architecture)",
        "pacman -S arch",
        "arch -x86_64 true",
        "echo 'uname -m' > /x",
        "cat <<'EOF' > /run.sh\nuname -m | cat\nEOF",
    ],
)
def test_other_questions_are_not_told(body):
    assert found(f"FROM a\nRUN {body}\n") == []


def test_a_tool_for_the_builder_may_ask_the_builder():
    text = (
        "FROM --platform=$BUILDPLATFORM a AS b\nRUN curl x/$(uname -m)\n"
        "FROM c\nCOPY --from=b /x /x\n"
    )
    assert found(text) == []


def test_only_platforms_that_come_there_count():
    body = 'if [ "$TARGETARCH" = arm ]; then curl x/$(uname -m); fi'
    assert found(f"FROM a\nARG TARGETARCH\nRUN {body}\n") == ["3 arm/v7 arm/v6"]
    body = body.replace("= arm ", "= amd64 ")
    assert found(f"FROM a\nARG TARGETARCH\nRUN {body}\n") == []


def test_without_a_32_bit_platform_nothing_is_told():
    text = "FROM a\nRUN curl x/$(uname -m)\n"
    assert found(text, AMD64, ARM64) == []
    assert found(text, AMD64, ARM_V7) == ["2 arm/v7"]
