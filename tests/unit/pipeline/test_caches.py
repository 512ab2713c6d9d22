from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_project
from polyarch.config.project import ImageSettings
from polyarch.engines.base import LayerCache
from polyarch.engines.rows import attributes
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.oci.platform import Platform
from polyarch.oci.reference import TAG_PATTERN, Repository
from polyarch.pipeline.caches import Folders, Lines, layer_cache, lines_of, repositories_of

ARMV7 = Platform.parse("linux/arm/v7")
TOPIC = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/heads/topic", sha="a" * 40)
MAIN = replace(TOPIC, ref="refs/heads/main")
TAG = replace(TOPIC, ref="refs/tags/v1")
PULL = replace(TOPIC, name="pull_request", ref="refs/pull/7/merge", base_ref="release/2")
LAPTOP = replace(TOPIC, provider=Provider.LOCAL, name="local")
FOLDERS = Folders(project=Path("/p"), state=Path("/p/.polyarch"))
AS_IMAGE = "oci-mediatypes=true,image-manifest=true"
WRITTEN = "mode=max,ignore-error=true"


@pytest.fixture
def image(tmp_path: Path) -> ImageSettings:
    file = tmp_path / "polyarch.toml"
    names = 'repositories = ["ghcr.io/team/app", "team/app"]'
    file.write_text(f'[images.app]\nplatforms = ["linux/arm/v7"]\n{names}\n')
    return load_project(file).images["app"]


def cache(text: str | None, image: ImageSettings, event: CiEvent = TOPIC) -> LayerCache:
    return layer_cache(text, image, ARMV7, lines_of(event, "main"), FOLDERS)


def test_no_key_no_cache(image: ImageSettings) -> None:
    assert cache(None, image) == LayerCache()
    assert cache("registry", replace(image, repositories=())) == LayerCache()


def test_a_branch_reads_its_own_layers_then_the_default_branchs(image: ImageSettings) -> None:
    found = cache("registry", image)
    assert found.sources == (
        "type=registry,ref=ghcr.io/team/app-cache:linux-arm-v7.topic",
        "type=registry,ref=ghcr.io/team/app-cache:linux-arm-v7.main",
    )
    assert found.targets == (
        f"type=registry,ref=ghcr.io/team/app-cache:linux-arm-v7.topic,{AS_IMAGE},{WRITTEN}",
    )
    assert set(repositories_of(found)) == {Repository.parse("ghcr.io/team/app-cache")}


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (MAIN, Lines(sources=(".main",), target=".main", shared=True)),
        (TOPIC, Lines(sources=(".topic", ".main"), target=".topic", shared=True)),
        (TAG, Lines(sources=("_tags", ".main"), target="_tags", shared=True)),
        (PULL, Lines(sources=(".release-2-ad9e2e38", ".main"), target="", shared=False)),
        (LAPTOP, Lines(sources=(".topic", ".main"), target=".topic", shared=False)),
        (replace(MAIN, simulated=True), Lines(sources=(".main",), target=".main", shared=False)),
    ],
)
def test_whose_layers_an_event_reads_and_writes(event: CiEvent, lines: Lines) -> None:
    assert lines_of(event, "main") == lines


def test_a_sandbox_writes_nowhere_else(image: ImageSettings) -> None:
    assert not lines_of(MAIN, "main", sandbox=True).shared


def test_nobody_knows_the_default_branch(image: ImageSettings) -> None:
    assert lines_of(TOPIC, "").sources == (".topic",)
    assert layer_cache("registry", image, ARMV7, lines_of(PULL, ""), FOLDERS).targets == ()


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        (
            "gha",
            "type=gha,scope=app.linux-arm-v7.main",
            f"type=gha,scope=app.linux-arm-v7.main,{WRITTEN}",
        ),
        (
            "type=s3,region=eu-1,bucket=layers,prefix=x/",
            "type=s3,name=app.linux-arm-v7.main,region=eu-1,bucket=layers,prefix=x/",
            (
                "type=s3,name=app.linux-arm-v7.main,region=eu-1,bucket=layers,prefix=x/,"
                "mode=max,ignore-error=true"
            ),
        ),
        (
            "type=registry,ref=127.0.0.1:5000/caches:old,compression=zstd,mode=min",
            "type=registry,ref=127.0.0.1:5000/caches:linux-arm-v7.main,compression=zstd",
            (
                "type=registry,ref=127.0.0.1:5000/caches:linux-arm-v7.main,compression=zstd,"
                f"{AS_IMAGE},{WRITTEN}"
            ),
        ),
        (
            "local",
            "type=local,src=/p/.polyarch/cache/app/linux-arm-v7.main",
            f"type=local,dest=/p/.polyarch/cache/app/linux-arm-v7.main,{AS_IMAGE},{WRITTEN}",
        ),
        (
            "type=local,dest=tmp/layers",
            "type=local,src=/p/tmp/layers/app/linux-arm-v7.main",
            f"type=local,dest=/p/tmp/layers/app/linux-arm-v7.main,{AS_IMAGE},{WRITTEN}",
        ),
    ],
)
def test_every_kind_is_told_apart_by_platform_and_branch(
    image: ImageSettings, text: str, source: str, target: str
) -> None:
    assert cache(text, image, MAIN) == LayerCache(sources=(source,), targets=(target,))


def test_a_laptop_keeps_its_layers_to_itself(image: ImageSettings) -> None:
    assert cache("registry", image, LAPTOP).targets == ()
    assert cache("local", image, LAPTOP).targets
    assert cache("local", image, PULL).targets == ()


@given(st.text(min_size=1, max_size=300))
def test_any_branch_is_a_tag_and_no_two_are_the_same(branch: str) -> None:
    [line] = lines_of(replace(TOPIC, ref=f"refs/heads/{branch}"), branch).sources
    assert TAG_PATTERN.fullmatch(f"linux-arm-v7{line}")
    other = lines_of(replace(TOPIC, ref=f"refs/heads/{branch}/"), "").target
    assert other != line


def test_a_row_stays_one_where_a_folder_has_a_comma(image: ImageSettings) -> None:
    folders = Folders(project=Path("/p"), state=Path("/a, b/.polyarch"))
    [source] = layer_cache("local", image, ARMV7, lines_of(MAIN, ""), folders).sources
    assert attributes(source)["src"] == "/a, b/.polyarch/cache/app/linux-arm-v7.main"
