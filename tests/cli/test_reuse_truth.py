"""What is taken again says what a build would say: nothing of an earlier config stays on it."""

import json
import shutil
from dataclasses import replace

import pytest

from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from tests.cli.test_reuse_published import Line, Registries, toml
from tests.support.tiny_project import TinyProject

TABLE = "[images.app.direct]"
EVERYWHERE = 'annotation-levels = ["index", "manifest", "manifest-descriptor"]\n'


@pytest.fixture
def line(published: TinyProject, registries: Registries) -> Line:
    published.write({".dockerignore": "polyarch.toml\n.dockerignore\n"})
    published.commit()
    return Line(published, registries)


def is_as_built(line: Line) -> bool:
    """Whether a machine with nothing, and one that builds, publish the same index."""
    taken = line.publish()["images"][0]["digest"]
    shutil.rmtree(line.project.root / ".polyarch")
    return bool(taken == line.publish("--force")["images"][0]["digest"])


@pytest.mark.parametrize("levels", [EVERYWHERE, ""])
def test_annotations_that_the_config_takes_away_go(line: Line, levels: str) -> None:
    given = f'{EVERYWHERE}annotations = {{ "x.y" = "z" }}\n'
    toml(line, TABLE, f"[images.app]\n{given}{TABLE}")
    line.publish()
    toml(line, given, levels)
    assert line.reused() == {"app": [True, True]}
    child = line.manifest(Digest.parse(line.index()["manifests"][0]["digest"]))
    assert "x.y" not in child.get("annotations", {})
    assert (annotation.REVISION in child.get("annotations", {})) is bool(levels)
    assert is_as_built(line)


def test_a_label_in_place_of_a_usual_one_that_goes_is_built_away(line: Line) -> None:
    toml(line, TABLE, f'[images.app]\nlabels = {{ "{annotation.URL}" = "a" }}\n{TABLE}')
    line.publish()
    toml(line, '= "a"', '= "b"')
    assert line.reused() == {"app": [True, True]}
    toml(line, f'labels = {{ "{annotation.URL}" = "b" }}\n', "")
    assert line.reused() == {"app": [False, False]}
    assert is_as_built(line)


def test_a_day_that_somebody_wrote_beside_what_does_not_age_goes(line: Line) -> None:
    first = line.publish()["images"][0]["digest"]
    for registry in line.registries:
        digest = registry.storage.tag("team/app", "main")
        found = registry.storage.manifest("team/app", digest) if digest else None
        assert found
        index = json.loads(found.raw)
        for child in index["manifests"]:
            child["annotations"][annotation.BUILT] = "2026-01-31"
        raw = json.dumps(index).encode()
        registry.storage.put_manifest("team/app", Digest.of(raw), replace(found, raw=raw))
        for tag in registry.storage.tags("team/app"):
            registry.storage.put_tag("team/app", tag, Digest.of(raw))
    again = line.publish()["images"][0]
    assert [each["reused"] for each in again["platforms"]] == [True, True]
    assert again["digest"] == first


def test_what_a_command_reads_through_a_link_out_of_the_project_counts(line: Line) -> None:
    outside = line.project.root.parent / "shared"
    outside.write_text("1")
    (line.project.root / "text").symlink_to("../shared")
    line.project.write({"make.sh": "cat text > $1\n"})
    line.project.commit()
    line.publish()
    assert line.reused() == {"app": [True, True]}
    outside.write_text("2")
    assert line.reused() == {"app": [False, False]}
