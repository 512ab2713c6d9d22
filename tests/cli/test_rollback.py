"""`polyarch rollback` at the command line, against three registries."""

from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.released import Released, shown, tags_told

Registries = tuple[SandboxRegistry, ...]
MOVING = {"1", "latest"}


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in three registries."""
    made = Released.make(tmp_path / "project", [each.host for each in registries], ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


def test_moving_tags_go_back_everywhere(released: Released):
    before = shown(released)
    said = released.project.run("rollback", "server", "--to", "1.2.3", "--why", "bad", "--json")
    assert said.code == 0, said
    after = shown(released)
    assert tags_told(said) == {("1.2", "unchanged"), ("1", "moved"), ("latest", "moved")}
    for old, new in zip(before, after, strict=True):
        assert {tag for tag in new if new[tag] != old[tag]} == MOVING
        assert {new[tag] for tag in MOVING} == {old["1.2.3"]}
    assert said.document["why"] == "bad"


def test_what_was_taken_away_waits_for_something_newer(released: Released, tmp_path: Path):
    assert released.project.run("rollback", "--to", "1.2.3", "--why", "it leaks").code == 0
    rolled = shown(released)
    sha = released.project.git("rev-parse", "v1.3.0")
    machine = released.empty_machine(tmp_path / "empty")
    again = released.publish("1.3.0", sha, machine=machine)
    assert again.code == 0, again
    assert {("latest", "kept"), ("1", "kept")} <= tags_told(again)
    assert "put back from 1.3.0" in again.stderr
    assert "it leaks" in again.stderr
    assert shown(released) == rolled
    newer = released.release("1.3.1", machine=None)
    assert {("latest", "moved"), ("1", "moved")} <= tags_told(newer), newer
