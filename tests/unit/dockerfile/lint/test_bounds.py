"""A file of hostile size is refused with the reason before any rule looks at it."""

import time

import pytest

from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.parse import parse
from polyarch.errors import DockerfileTooLargeError
from polyarch.oci.platform import Platform

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")

LARGE = {
    "instructions": "FROM a\n" + "RUN chmod +x /x\n" * 20_001,
    "stages": "FROM a\n" * 4_001,
    "a here-document": "FROM a\nRUN <<E\n" + "case $(uname -m) in x) a=b;; esac\n" * 40_000 + "E\n",
    "a long command": "FROM a\nRUN a \\\n"
    + " && curl https://x/y-amd64.tgz \\\n" * 40_000
    + " b\n",
}


@pytest.mark.parametrize("about", LARGE)
def test_what_nobody_could_build_is_refused(about: str):
    file = parse(LARGE[about])
    begin = time.process_time()
    with pytest.raises(DockerfileTooLargeError, match=r"more than [0-9]+ ") as caught:
        lint(file, platforms=(ARM64,), build_platform=AMD64)
    assert caught.value.hint
    assert time.process_time() - begin < 2


def test_comments_and_line_ends_do_not_count():
    text = "# a\n" * 300_000 + "FROM a\nRUN a \\\n" + "# b\n" * 300_000 + " b\n"
    assert lint(parse(text), platforms=(ARM64,), build_platform=AMD64) is not None
