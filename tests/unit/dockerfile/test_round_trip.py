"""Any text is a tree that prints the same text, or is refused with line and reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lines import LineReader
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.read import read_dockerfile
from polyarch.dockerfile.source import JoinedText
from polyarch.dockerfile.stages import resolve
from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import DockerfileSyntaxError, DockerfileUnreadableError
from polyarch.oci.platform import Platform

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")

pieces = st.sampled_from(
    [
        "FROM ", "FROM a AS b", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "ONBUILD ",
        "HEALTHCHECK ", "CMD ", "\n", "\n", "\r\n", "\\\n", " \\ \n", "`\n", "# c\n",
        "# escape=`\n",
        "# syntax=x\n", " ", "\t", "a", "b=c", "'", '"', "\\", "`", "--f=v ", "--from=b ", " -- ",
        "--mount=type=bind,from=a", "<<EOF", "<<-E", "<<'E'", "\nEOF\n", "\n\tE\n", '["a","b"]',
        "[1]", '["a"', "$X", "${X:-a}", "${X", "\u00e9", "\u00a0", "\x0b", "\ufeff", "#", "=",
        "\udcff", "\x00", "scratch", "--platform=$BUILDPLATFORM ", "<< E",
    ]
)  # fmt: skip
texts = st.one_of(
    st.text(max_size=200),
    st.lists(pieces, max_size=25).map("".join),
    st.lists(pieces, max_size=25).map(lambda some: "FROM a\n" + "".join(some)),
)


def check_places(dockerfile: Dockerfile, instruction: Instruction) -> None:
    text = dockerfile.text
    # A keyword may itself be broken by a continuation; its first character cannot.
    assert instruction.keyword.span.of(text)[0] == instruction.keyword.text[0]
    assert instruction.span.start == instruction.keyword.span.start
    assert instruction.first_line == dockerfile.position(instruction.extent.start).line
    check_joined(text, instruction.arguments)
    for flag in instruction.flags:
        assert flag.span.of(text).startswith("-")
    for heredoc in instruction.heredocs:
        assert heredoc.body_span.of(text) == heredoc.body
        assert heredoc.terminator_span.of(text) == heredoc.name
    if instruction.trigger:
        check_places(dockerfile, instruction.trigger)


def check_joined(text: str, joined: JoinedText) -> None:
    assert [text[joined.offset(i)] for i in range(len(joined.text))] == list(joined.text)


@given(texts)
def test_any_text(text: str):
    try:
        dockerfile = parse(text)
    except DockerfileSyntaxError as error:
        assert error.reason
        assert 1 <= error.line <= text.count("\n") + 1
        return
    assert str(dockerfile) == text
    for instruction in dockerfile.instructions:
        check_places(dockerfile, instruction)
    try:
        graph = resolve(dockerfile, platform=ARM64, build_platform=AMD64)
    except DockerfileSyntaxError as error:
        assert error.reason
    else:
        assert graph.final.index == graph.target


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    text = data.decode("utf-8", "surrogateescape")
    try:
        assert str(parse(text)).encode("utf-8", "surrogateescape") == data
    except DockerfileSyntaxError as error:
        assert error.reason


@given(texts)
def test_lines_cover_the_text(text: str):
    reader = LineReader(text, "Dockerfile")
    extents = []
    while not reader.is_done:
        extents.append(reader.take().extent)
    assert "".join(extent.of(text) for extent in extents) == text
    assert reader.number == len(extents) + 1


def test_a_file_is_read_as_it_stands(tmp_path):
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM a\r\nRUN \xff\r\n")
    dockerfile = read_dockerfile(path, name="shown")
    assert str(dockerfile).encode("utf-8", "surrogateescape") == path.read_bytes()
    assert dockerfile.path == "shown"


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(DockerfileUnreadableError, match="no such file"):
        read_dockerfile(tmp_path / "Dockerfile")
