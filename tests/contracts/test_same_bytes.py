"""The same bytes from two engines that share nothing, with nothing of a cache: layers and all."""

from pathlib import Path

import pytest

from tests.lab.engine import DockerEngine
from tests.lab.registries import Registry
from tests.support.engine_cases import CREATED, Workshop, buildx_case

pytestmark = pytest.mark.real

DOCKERFILE = """\
FROM {busybox} AS build
RUN mkdir -p /out/deep && echo made > /out/deep/file && ln -s file /out/deep/link
FROM {busybox}
COPY --from=build /out /out
COPY app.txt /app.txt
RUN touch /app.txt /fresh && mkdir /folder
"""


def test_two_engines_with_no_cache_give_the_same_image(
    docker_engine: DockerEngine,
    second_docker_engine: DockerEngine,
    base_registry: Registry,
    tmp_path: Path,
) -> None:
    text = DOCKERFILE.format(busybox=base_registry.reference("busybox:1"))
    shops = [
        Workshop(case=buildx_case(engine), folder=tmp_path / name, plain_http=(base_registry.host,))
        for engine, name in ((docker_engine, "one"), (second_docker_engine, "another place"))
    ]
    built = [shop.build(text, "linux/amd64", no_cache=True) for shop in shops]
    layers = [
        shop.manifest(image.manifest).layers for shop, image in zip(shops, built, strict=True)
    ]
    assert layers[0] == layers[1]
    assert built[0].manifest == built[1].manifest
    own = [
        entry
        for entry, _ in shops[0].entries(built[0])
        if entry.name.split("/")[0] in {"out", "app.txt", "fresh", "folder"}
    ]
    assert len(own) >= 6
    assert {int(entry.mtime) for entry in own} == {CREATED}
