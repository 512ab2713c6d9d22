"""Which tags go along with a version."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_project
from polyarch.errors import NoMovingTagsError
from polyarch.host.repository import RepositoryFacts
from polyarch.oci.platform import Platform
from polyarch.pipeline.moving.rollback_tags import Along, git_tags, tags_along

NOW = datetime(2026, 1, 2, tzinfo=UTC)
USUAL = """\
tags = ["type=semver,pattern={{version}}", "type=semver,pattern={{major}}.{{minor}}",
        "type=semver,pattern={{major}}", "type=ref,event=branch", "type=sha", "type=schedule"]
"""


def along(folder: Path, table: str, version: str, publish: str = "") -> Along:
    """What goes along in a project with one image."""
    file = folder / "polyarch.toml"
    file.write_text(
        '[images.app]\nplatforms = ["linux/amd64", "linux/arm64"]\n'
        f'repositories = ["ghcr.io/team/app"]\n{table}{publish}'
    )
    project = load_project(file)
    return tags_along(
        project.images["app"],
        version,
        publish_on=project.publish.on,
        repository=RepositoryFacts(default_branch="main"),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("table", "version", "tags"),
    [
        (USUAL, "1.2.3", ("1.2", "1", "latest")),
        ('version-tag = "app/v*"\n' + USUAL, "1.2.3", ("1.2", "1", "latest")),
        ('flavor = ["suffix=-alpine,onlatest=true"]\n' + USUAL, "1.2.3-alpine",
         ("1.2-alpine", "1-alpine", "latest-alpine")),
        ('flavor = ["latest=false"]\n' + USUAL, "1.2.3", ("1.2", "1")),
        ('tags = ["type=ref,event=tag", "type=raw,value=stable"]\n', "v1.2.3",
         ("stable", "latest")),
        ('tags = ["type=pep440,pattern={{version}}", "type=pep440,pattern={{major}}"]\n',
         "1.2.3", ("1", "latest")),
        ('tags = ["type=match,pattern=v(.*),group=1"]\n', "1.2.3", ("latest",)),
    ],
)  # fmt: skip
def test_the_rules_say(tmp_path: Path, table: str, version: str, tags: tuple[str, ...]):
    assert along(tmp_path, table, version).tags == tags


def test_tags_of_single_platforms_go_along(tmp_path: Path):
    table = USUAL + 'alias-tags = ["latest-{arch}"]\n'
    found = along(tmp_path, table, "1.2.3")
    assert found.aliases == {
        "latest-amd64": Platform.parse("linux/amd64"),
        "latest-arm64": Platform.parse("linux/arm64"),
    }


def test_a_pattern_of_what_publishes_is_filled(tmp_path: Path):
    publish = '[publish]\non = ["tag:release-*"]\n'
    table = (
        'tags = ["type=match,pattern=release-(.*),group=1", "type=raw,value=newest",'
        ' "type=semver,pattern={{major}}"]\n'
    )
    assert "newest" in along(tmp_path, table, "1.2.3", publish).tags


@pytest.mark.parametrize(
    ("table", "version", "told"),
    [
        (USUAL, "1.2", "no rule gives that tag"),
        (USUAL, "main", "no rule gives that tag"),
        (USUAL, "1.2.3-rc.1", "no tag that moves"),
        ('flavor = ["latest=false"]\ntags = ["type=semver,pattern={{version}}"]\n', "1.2.3",
         "no tag that moves"),
    ],
)  # fmt: skip
def test_what_the_rules_do_not_say(tmp_path: Path, table: str, version: str, told: str):
    with pytest.raises(NoMovingTagsError, match=told) as caught:
        along(tmp_path, table, version)
    assert "--tag" in str(caught.value.hint)


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True))
def test_a_version_never_names_itself(tmp_path_factory: pytest.TempPathFactory, version: str):
    folder = tmp_path_factory.getbasetemp()
    try:
        found = along(folder, USUAL, version)
    except NoMovingTagsError:
        return
    assert version not in found.tags
    assert len(set(found.tags)) == len(found.tags)


def test_git_tags_are_each_named_once(tmp_path: Path):
    file = tmp_path / "polyarch.toml"
    file.write_text('[images.app]\nplatforms = ["linux/amd64"]\nversion-tag = "app/v*"\n')
    image = load_project(file).images["app"]
    found = git_tags(image, "v1.2.3", ["branch:main", "tag:v*", "tag:v[0-9]*", "release"])
    assert found == ("app/v1.2.3", "v1.2.3", "1.2.3")
