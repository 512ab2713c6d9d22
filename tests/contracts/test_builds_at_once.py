"""Several platforms built at once on one base from a registry, as every job does it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from polyarch.engines.base import Built
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from tests.lab.registries import Registry
from tests.support.engine_cases import EngineCase, Workshop, buildah_case, buildx_case

pytestmark = pytest.mark.real

PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture(params=["docker_engine", "buildah"])
def case(request: pytest.FixtureRequest) -> EngineCase:
    part = request.getfixturevalue(request.param)
    return buildx_case(part) if request.param == "docker_engine" else buildah_case(part)


@pytest.fixture
def shop(case: EngineCase, base_registry: Registry, tmp_path: Path) -> Workshop:
    return Workshop(case=case, folder=tmp_path / "work", plain_http=(base_registry.host,))


@pytest.mark.parametrize("rounds", [4, pytest.param(12, marks=pytest.mark.long)])
def test_each_gets_the_base_of_its_platform(
    shop: Workshop, base_registry: Registry, tmp_path: Path, rounds: int
) -> None:
    text = f"FROM {base_registry.reference('busybox:1')}\nARG N\nENV N=$N\n"
    file = shop.write("Dockerfile", text)

    def build(job: tuple[int, str]) -> Built:
        number, platform = job
        log = tmp_path / f"{number}-{platform.replace('/', '-')}.log"
        return shop.build("", platform, file=file, build_args={"N": str(number)}, log=log)

    jobs = [(number, platform) for number in range(rounds) for platform in PLATFORMS]
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(build, jobs))
    layers: dict[str, set[Digest]] = {platform: set() for platform in PLATFORMS}
    for (_, platform), one in zip(jobs, built, strict=True):
        assert shop.config(one).platform == Platform.parse(platform)
        layers[platform] |= {layer.digest for layer in shop.manifest(one.manifest).layers}
    assert len(set[Digest]().union(*layers.values())) == len(PLATFORMS)
