"""What a platform is built from says whether the same may be another image tomorrow."""

import pytest

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.stages import resolve
from polyarch.oci.platform import Platform
from polyarch.pipeline.material import Source

AMD = Platform.parse("amd64")


@pytest.mark.parametrize(
    ("line", "ages"),
    [("RUN make", True), ("ADD https://example.com/a /", True), ("COPY a /", False)],
)
def test_programs_and_what_lies_elsewhere_age(line: str, ages: bool) -> None:
    graph = resolve(parse(f"FROM a\n{line}\n"), platform=AMD, build_platform=AMD)
    source = Source(material="dockerfile", dockerfile="", graph=graph, edges=(), externals=())
    assert source.ages is ages
    assert not Source(material="recipe", dockerfile="", graph=None, edges=(), externals=()).ages
