"""Real Dockerfiles, where the folder with them is at hand."""

from pathlib import Path

import pytest

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.stages import resolve
from polyarch.errors import DockerfileSyntaxError
from polyarch.oci.platform import Platform

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "dockerfile" / "corpus"
FILES = sorted(CORPUS.glob("*.Dockerfile"))

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus is not beside this checkout")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files_print_back_byte_for_byte(path: Path):
    data = path.read_bytes()
    dockerfile = parse(data.decode("utf-8", "surrogateescape"))
    assert str(dockerfile).encode("utf-8", "surrogateescape") == data
    assert all(instruction.is_known for instruction in dockerfile.instructions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files_have_a_graph_for_each_platform(path: Path):
    dockerfile = parse(path.read_bytes().decode("utf-8", "surrogateescape"))
    for name in ("linux/amd64", "linux/arm/v7"):
        platform = Platform.parse(name)
        try:
            graph = resolve(dockerfile, platform=platform, build_platform=platform)
        except DockerfileSyntaxError as error:
            # Demands a build argument, as its own project gives it one.
            assert "linux/" in error.reason
        else:
            assert graph.final.platform.os == "linux"
