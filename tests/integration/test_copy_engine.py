"""Images out of and into a real Docker Engine, with either of its image stores."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.content.entries import named
from polyarch.content.layout import LayoutStore
from tests.lab.engine import DockerEngine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.images import MadeImage, make_index
from tests.support.places import config_of, laid, whole
from tests.support.published import digest_of

STORES = ("docker_engine", "docker_engine_classic")


@pytest.fixture
def made(tmp_path: Path) -> MadeImage:
    made = make_index(content=tmp_path.name.encode())
    laid(made, tmp_path / "lay", "made")
    return made


@pytest.fixture(params=STORES)
def engine(request: pytest.FixtureRequest) -> DockerEngine:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DockerEngine)
    return found


@dataclass(frozen=True)
class Shelf:
    """A real registry and skopeo to look into it."""

    registry: Registry
    skopeo: Skopeo


@pytest.fixture
def shelf(distribution_registry: StartRegistry, skopeo: Skopeo) -> Shelf:
    return Shelf(distribution_registry(), skopeo)


def command(engine: DockerEngine, folder: Path) -> CommandLine:
    environment = {**plain_environment(folder / "home"), **engine.env}
    return CommandLine(folder=folder, environment=environment)


def shown(engine: DockerEngine, name: str) -> tuple[str, str]:
    [image] = json.loads(engine.docker("image", "inspect", name))
    return image["Os"], image["Architecture"]


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_into_the_engine_and_out_again(
    engine: DockerEngine, made: MadeImage, tmp_path: Path, platform: str, shelf: Shelf
) -> None:
    polyarch = command(engine, tmp_path)
    name = f"team/{tmp_path.name.lower()}:1"
    answer = polyarch.run("copy", "--json", "oci:lay", f"docker-daemon:{name}", "-p", platform)
    [there] = answer.document["images"][0]["destinations"]
    assert there["status"] == "published"
    assert "/".join(shown(engine, name)) == platform

    back = shelf.registry.reference("team/back:1")
    answer = polyarch.run("copy", "--json", f"docker-daemon:{name}", back, "oci:back")
    [image] = answer.document["images"]
    assert [each["platform"] for each in image["platforms"]] == [platform]
    assert digest_of(shelf.skopeo.raw(back)) == image["digest"]
    child = made.children[["linux/amd64", "linux/arm64"].index(platform)]
    if engine.containerd_store:
        assert (image["digest"], image["notes"]) == (str(child.digest), [])
    else:  # it has unpacked the layers
        assert "another digest" in image["notes"][0]
    layout = LayoutStore(tmp_path / "back")
    [entry] = layout.entries()
    whole(layout, entry)
    assert config_of(layout, entry) == config_of(made.store, child)


def test_archives_of_the_engine_are_read_and_ours_are_loaded(
    engine: DockerEngine, made: MadeImage, tmp_path: Path
) -> None:
    polyarch = command(engine, tmp_path)
    polyarch.run("copy", "oci:lay", "docker-archive:ours.tar:team/ours:1", "-p", "linux/arm64")
    engine.docker("load", "--input", tmp_path / "ours.tar")
    assert shown(engine, "team/ours:1") == ("linux", "arm64")
    engine.docker("save", "--output", tmp_path / "theirs.tar", "team/ours:1")
    answer = polyarch.run("copy", "--json", "docker-archive:theirs.tar", "oci:out")
    [platform] = answer.document["images"][0]["platforms"]
    assert platform["platform"] == "linux/arm64"


def test_several_platforms_are_refused_with_what_there_is(
    docker_engine: DockerEngine, made: MadeImage, tmp_path: Path
) -> None:
    polyarch = command(docker_engine, tmp_path)
    answer = polyarch.run("copy", "oci:lay", "docker-daemon:team/several:1", status=2)
    assert "`linux/amd64`, `linux/arm64`" in answer.error[2]


def test_an_engine_that_holds_the_whole_index_gives_it(
    docker_engine: DockerEngine, made: MadeImage, tmp_path: Path
) -> None:
    """With containerd's store `docker load` takes an index with all its platforms."""
    polyarch = command(docker_engine, tmp_path)
    name = f"docker.io/team/{tmp_path.name.lower()}:all"
    layout = LayoutStore(tmp_path / "lay")
    layout.set_entries((named(made.index.descriptor, "all", name),))
    polyarch.run("copy", "oci:lay", "oci-archive:load.tar")
    docker_engine.docker("load", "--input", tmp_path / "load.tar")
    answer = polyarch.run("copy", "--json", f"docker-daemon:{name}", "oci:out")
    assert answer.document["images"][0]["digest"] == str(made.index.descriptor.digest)
    answer = polyarch.run("copy", "--json", f"docker-daemon:{name}", "oci:arm", "-p", "linux/arm64")
    [platform] = answer.document["images"][0]["platforms"]
    assert platform["digest"] == str(made.children[1].digest)


def test_what_the_engine_does_not_have(engine: DockerEngine, tmp_path: Path) -> None:
    polyarch = command(engine, tmp_path)
    answer = polyarch.run("copy", "docker-daemon:no/such:image", "oci:out", status=3)
    assert "docker image ls" in answer.error[2]


def test_an_engine_that_is_gone(
    docker_engine: DockerEngine, made: MadeImage, tmp_path: Path
) -> None:
    gone = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    polyarch = command(docker_engine, tmp_path)
    polyarch.run("copy", "docker-daemon:team/app:1", "oci:out", more=gone, status=4)
    words = ("oci:lay", "docker-daemon:team/app:1", "-p", "linux/amd64")
    answer = polyarch.run("copy", "--json", *words, more=gone, status=4)
    [there] = answer.document["images"][0]["destinations"]
    assert there["error"]["code"] == "engine-unusable"
