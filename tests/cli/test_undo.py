"""`polyarch undo` at the command line, against three registries."""

from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.released import Released, shown, tags_told

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in three registries."""
    made = Released.make(tmp_path / "project", [each.host for each in registries], ["server"])
    said = made.release("1.2.3")
    assert said.code == 0, said
    return made


def test_a_publish_is_undone_and_the_undo_undone(released: Released):
    before = shown(released)
    published = released.release("1.3.0")
    after = shown(released)
    said = released.project.run("undo", "last", "--why", "bad", "--json")
    assert said.code == 0, said
    assert shown(released) == before
    assert ("1.3.0", "removed") in tags_told(said)
    assert ("latest", "moved") in tags_told(said)
    assert published.document["run"] in said.document["images"][0]["source"]
    back = released.project.run("undo", said.document["run"], "--json")
    assert back.code == 0, back
    assert shown(released) == after
