"""What is taken again says what a build would say: nothing of an earlier config stays on it."""

import shutil

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
