"""What is said of a base when it cannot be had, or is another one than was taken."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from polyarch.content.reader import read_small
from polyarch.engines.base import Base, BuildRequest
from polyarch.events import Event, Note
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageManifest
from polyarch.pipeline.lineage import Lineage, Lineages
from polyarch.registry.blocking import BlockingRegistries
from tests.support.images import make_index
from tests.unit.pipeline.test_planning import CONFIG, World

OWN_BASE = """
[images.child]
context = "child"
contexts = { base = "image:app" }
"""


class Silence:
    """Registries that must not be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"somebody asked: {name}")


def made(content: bytes) -> tuple[ImageManifest, ImageConfig]:
    index = make_index(["linux/amd64"], content=content)
    manifest = ImageManifest.parse(read_small(index.store, index.children[0]))
    return manifest, ImageConfig.parse(read_small(index.store, manifest.config))


def lineage_of(
    tmp_path: Path, dockerfile: str, base: Base | None, built: ImageConfig
) -> tuple[Lineage, list[str]]:
    """That of the child, for its first platform, and what a person is told."""
    world = World(tmp_path, CONFIG + OWN_BASE)
    world.write({"child/Dockerfile": dockerfile})
    project, facts = world.gathered()
    image = world.plan().image("child")
    told: list[str] = []

    def listen(event: Event) -> None:
        assert isinstance(event, Note)
        told.append(event.text)

    lineages = Lineages(
        project=project,
        facts=facts,
        registries=cast("BlockingRegistries", Silence()),
        listen=listen,
    )
    request = cast("BuildRequest", SimpleNamespace(base=base, direct=None))
    return lineages(image, image.platforms[0], request, built), told


def test_the_digest_of_a_base_whose_layers_it_begins_with(tmp_path: Path) -> None:
    manifest, config = made(b"base")
    below = Base(repository="", manifest=manifest, config=config.raw)
    built = config.relabelled({annotation.VERSION: "1", "x": "y"}, "")
    found, told = lineage_of(tmp_path, "FROM base\n", below, built)
    assert found.base is not None
    assert found.base.digest == str(manifest.descriptor.digest)
    assert found.base.name == "ghcr.io/team/app:main"
    assert (found.inherited, told) == ((), [])


def test_what_the_base_says_of_itself_is_handed_down(tmp_path: Path) -> None:
    manifest, config = made(b"base")
    labels = {annotation.VERSION: "22.04", annotation.TITLE: "base", "vendor": "V"}
    base = config.relabelled(labels, "")
    below = Base(repository="", manifest=manifest, config=base.raw)
    built = base.relabelled({annotation.TITLE: "app"}, "")
    found, _ = lineage_of(tmp_path, "FROM base\n", below, built)
    assert found.inherited == (annotation.VERSION,)


def test_no_digest_of_a_base_that_the_engine_did_not_take(tmp_path: Path) -> None:
    manifest, config = made(b"new")
    below = Base(repository="", manifest=manifest, config=config.raw)
    found, [told] = lineage_of(tmp_path, "FROM base\n", below, made(b"old")[1])
    assert found.base is not None
    assert (found.base.name, found.base.digest) == ("ghcr.io/team/app:main", "")
    assert "the engine took another one" in told


def test_a_base_of_the_project_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    """`FROM base` is this project's, and `docker.io/library/base` is not."""
    built = made(b"x")[1].relabelled({annotation.BASE_DIGEST: "sha256:0"}, "")
    found, [told] = lineage_of(tmp_path, "FROM base\n", None, built)
    assert found.base is not None
    assert found.base.digest == ""
    assert found.inherited == (annotation.BASE_DIGEST,)
    assert "digest of `base` unknown" in told


@pytest.mark.parametrize("dockerfile", ["FROM scratch\n", "FROM base AS x\nFROM scratch\n"])
def test_an_image_from_nothing_has_no_base(tmp_path: Path, dockerfile: str) -> None:
    found, told = lineage_of(tmp_path, f"{dockerfile}COPY file /file\n", None, made(b"x")[1])
    assert (found, told) == (Lineage(), [])
