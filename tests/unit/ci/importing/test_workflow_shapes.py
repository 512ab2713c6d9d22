"""Shapes of workflows, each as small as it can be: what becomes of them in polyarch.toml."""

from pathlib import Path
from typing import Any

import pytest

from polyarch.ci.importing.patterns import example_of, fits, our_glob
from polyarch.config.load import load_text
from polyarch.config.project import ImageSettings, Project
from polyarch.pipeline.init import InitRequest, Written, from_workflow

PUSH = "uses: docker/build-push-action@v6"
JOINED = """\
on: {push: {branches: [main]}}
jobs:
  build:
    strategy:
      matrix:
        include:
          - {platform: linux/amd64, machine: ubuntu-24.04}
          - {platform: linux/arm64, machine: ubuntu-24.04-arm}
    runs-on: ${{ matrix.machine }}
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: .
          platforms: ${{ matrix.platform }}
          outputs: type=image,name=ghcr.io/team/app,push-by-digest=true,push=true
  join:
    needs: build
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/metadata-action@v5
        id: meta
        with: {images: "ghcr.io/team/app", tags: "type=edge"}
      - run: docker buildx imagetools create $(jq -cr '.tags' <<< "$DOCKER_METADATA_OUTPUT_JSON")
"""
VARIANTS = """\
on: {release: {types: [published]}}
jobs:
  build:
    strategy: {matrix: {flavour: [slim, full]}}
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: .
          push: true
          platforms: linux/amd64
          file: Dockerfile.${{ matrix.flavour }}
          tags: team/app:${{ github.ref_name }}-${{ matrix.flavour }}
"""
TWICE = """\
on: {push: {branches: [main], tags: ['v*']}}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - if: github.ref_type == 'branch'
        uses: docker/build-push-action@v6
        with: {context: ., push: true, platforms: linux/arm64, tags: "ghcr.io/team/app:next"}
      - if: github.ref_type == 'tag'
        uses: docker/build-push-action@v6
        with:
          context: .
          push: true
          platforms: linux/arm64
          tags: |
            ghcr.io/team/app:latest
            ghcr.io/team/app:${{ github.ref_name }}
"""
BAKED = """\
on: {schedule: [{cron: '17 3 * * *'}]}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/metadata-action@v5
        id: meta
        with: {images: "team/app", tags: "type=schedule"}
      - uses: docker/bake-action@v6
        with:
          files: |
            ./docker-bake.hcl
            cwd://${{ steps.meta.outputs.bake-file }}
          targets: release
          push: true
"""
BAKE_FILE = """\
group "release" { targets = ["app"] }
target "app" {
  dockerfile = "deploy/Dockerfile"
  platforms = ["linux/s390x"]
}
"""


def imported(folder: Path, text: str, **files: str) -> Written:
    (folder / "w.yml").write_text(text)
    for name, content in files.items():
        (folder / name).write_text(content)
    request = InitRequest(
        root=folder, git=None, repository="team/app", default_branch="main", values={}
    )
    return from_workflow(folder / "w.yml", request)


def project_of(written: Written) -> Project:
    return load_text(written.text)


def only(written: Written) -> ImageSettings:
    (image,) = project_of(written).images.values()
    return image


def facts(image: ImageSettings) -> dict[str, Any]:
    return {
        "platforms": [str(each) for each in image.platforms],
        "repositories": [str(each) for each in image.repositories],
        "tags": image.tags,
    }


def test_legs_that_are_joined_are_one_image(tmp_path: Path) -> None:
    written = imported(tmp_path, JOINED)
    assert facts(only(written)) == {
        "platforms": ["linux/amd64", "linux/arm64"],
        "repositories": ["ghcr.io/team/app"],
        "tags": ("type=edge",),
    }
    assert project_of(written).runners == {
        "linux/amd64": "ubuntu-24.04",
        "linux/arm64": "ubuntu-24.04-arm",
    }
    assert project_of(written).publish.on == ("branch:main",)


def test_legs_that_all_push_one_tag_are_a_trap(tmp_path: Path) -> None:
    text = JOINED.partition("  join:")[0].replace(
        "outputs: type=image,name=ghcr.io/team/app,push-by-digest=true,push=true",
        "push: true\n          tags: ghcr.io/team/app:edge",
    )
    written = imported(tmp_path, text)
    assert [str(each) for each in only(written).platforms] == ["linux/amd64", "linux/arm64"]
    assert any("whichever ends last" in each.what for each in written.draft.told)


def test_variants_are_images_with_names_of_their_own(tmp_path: Path) -> None:
    project = project_of(imported(tmp_path, VARIANTS))
    assert list(project.images) == ["slim", "full"]
    assert project.images["slim"].dockerfile == "Dockerfile.slim"
    assert project.publish.on == ("release",)


def test_words_around_an_expression_become_prefix_and_suffix(tmp_path: Path) -> None:
    project = project_of(imported(tmp_path, VARIANTS))
    assert project.images["slim"].tags == ("type=ref,event=tag,prefix=,suffix=-slim",)


def test_tags_that_no_rule_gives_are_told_and_nothing_is_published(tmp_path: Path) -> None:
    text = VARIANTS.replace("github.ref_name", "github.run_number")
    written = imported(tmp_path, text)
    left = [each.what for each in written.draft.told if each.kind.name == "LEFT"]
    assert "${{ github.run_number }}-slim" in left
    assert project_of(written).images["slim"].repositories == ()


def test_two_builds_of_one_image_are_one_with_rules_for_both(tmp_path: Path) -> None:
    written = imported(tmp_path, TWICE)
    assert facts(only(written))["tags"] == (
        "type=raw,value=next,enable={{is_default_branch}}",
        "type=raw,value=latest,enable={{#if tag}}true{{else}}false{{/if}}",
        "type=ref,event=tag",
    )
    assert only(written).flavor == ("latest=false",)


def test_bake_files_are_opened(tmp_path: Path) -> None:
    written = imported(tmp_path, BAKED, **{"docker-bake.hcl": BAKE_FILE})
    image = only(written)
    assert facts(image)["platforms"] == ["linux/s390x"]
    assert image.dockerfile == "deploy/Dockerfile"
    assert project_of(written).triggers.schedule == ("17 3 * * *",)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("v*", "v1.2", True),
        ("release/**", "release/a/b", True),
        ("release/*", "release/a/b", False),
        ("[0-9]+.[0-9]+", "12.3", True),
        ("v?1", "1", True),
        ("*.x", "1.x", True),
    ],
)
def test_patterns_are_githubs(pattern: str, name: str, expected: bool) -> None:
    assert fits(name, (pattern,)) is expected
    example = example_of(pattern, ())
    assert example is not None
    assert fits(example, (pattern,))


def test_the_last_pattern_that_fits_counts() -> None:
    assert fits("v1", ("**", "!v*")) is False
    assert fits("v1", ("!v*", "**")) is True
    assert our_glob("v*") == ("v*", True)
    assert our_glob("[0-9]+.x") == ("[0-9]*.x", False)
