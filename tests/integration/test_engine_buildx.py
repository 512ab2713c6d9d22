"""What only real Docker Engines show: the classic store's refusal, and plain progress."""

from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.engines.buildx import BuildxEngine
from polyarch.errors import BuildFailedError, EngineUnusableError
from polyarch.events import BuildLog
from polyarch.oci.platform import Platform
from tests.lab.engine import DockerEngine
from tests.lab.registries import Registry
from tests.support.engine_cases import EngineCase, Workshop, buildx_case, docker_environment

ONE_FILE = "FROM scratch\nCOPY app.txt /app.txt\n"


def shop_of(case: EngineCase, folder: Path) -> Workshop:
    return Workshop(case=case, folder=folder / "Work")


def test_the_classic_store_is_told_before_the_build(
    docker_engine_classic: DockerEngine, tmp_path: Path
) -> None:
    shop = shop_of(buildx_case(docker_engine_classic), tmp_path)
    with pytest.raises(EngineUnusableError, match="classic image store") as caught:
        shop.build(ONE_FILE, "linux/arm64")
    assert "docker buildx create" in (caught.value.hint or "")


def test_the_refusal_itself_is_understood_as_well(
    docker_engine_classic: DockerEngine, tmp_path: Path
) -> None:
    engine = BuildxEngine(docker_environment(docker_engine_classic))
    engine._info = replace(engine.probe(), problem=None)
    shop = shop_of(EngineCase(engine=engine, failing=engine, reads_dockerfiles=True), tmp_path)
    with pytest.raises(EngineUnusableError, match="classic image store"):
        shop.build(ONE_FILE, "linux/arm64")
    assert list(shop.out.glob("*")) == []


def test_an_older_buildx_is_followed_by_its_plain_words(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path
) -> None:
    case = buildx_case(docker_engine)
    assert isinstance(case.engine, BuildxEngine)
    case.engine._info = replace(case.engine.probe(), version="0.12.1")
    shop = shop_of(case, tmp_path)
    base = base_registry.reference("busybox:1")
    built = shop.build(f"FROM {base}\nRUN echo plain words\n", "linux/arm64")
    assert built.manifest.platform == Platform.parse("linux/arm64")
    lines = [event.line for event in shop.events if isinstance(event, BuildLog)]
    assert any("plain words" in line for line in lines)
    with pytest.raises(BuildFailedError) as caught:
        shop.build(f"FROM {base}\nRUN echo so sad; exit 3\n", "linux/arm64")
    assert any("so sad" in line for line in caught.value.last_lines)


def test_a_daemon_that_is_gone_is_told(docker_engine: DockerEngine, tmp_path: Path) -> None:
    environment = {
        **docker_environment(docker_engine),
        "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock",
    }
    info = BuildxEngine(environment).probe()
    assert not info.usable
    assert "does not answer" in (info.problem or "")
    assert "systemctl start docker" in (info.hint or "")
