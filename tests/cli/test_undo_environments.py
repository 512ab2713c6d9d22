"""`polyarch undo` where a project has environments: a run is undone in its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.environments import Staged


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    """One registry with both environments."""
    registry = SandboxRegistry()
    with running(registry):
        config = f'[runs]\nstore = "{registry.host}/team/runs"\n'
        yield Staged.make(tmp_path / "project", [registry.host], config)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_last_is_the_newest_of_the_environment(staged: Staged, *, elsewhere: bool):
    first = staged.stage("app")["run"]
    promoted = staged.promote("app")
    assert promoted.code == 0, promoted
    production = staged.standing()
    machine = staged.fresh("elsewhere", records=True).project if elsewhere else staged.project
    words = ("undo", "last", "--json", "--env", "staging", *(["--store"] if elsewhere else []))
    said = machine.run(*words)
    assert said.code == 0, said
    assert first in said.document["images"][0]["source"]
    assert staged.standing("staging") == [{}]
    assert staged.standing() == production
    other = machine.run("undo", "last", "--json")
    assert other.code == 0, other
    assert promoted.document["run"] in other.document["images"][0]["source"]
    assert staged.standing() == [{}]


def test_a_run_that_is_named_is_of_the_environment(staged: Staged):
    first = staged.stage("app")["run"]
    promoted = staged.promote("app").document["run"]
    before = staged.standing(), staged.standing("staging")
    for words, told in (
        ((first,), f"polyarch undo {first} --env staging"),
        ((promoted, "--env", "staging"), f"polyarch undo {promoted}`, no `--env`"),
        ((first, "--store"), f"polyarch undo {first} --env staging"),
    ):
        said = staged.project.run("undo", *words)
        assert said.code == 2, said
        assert told in said.stderr
    assert (staged.standing(), staged.standing("staging")) == before
    production = staged.project.run("undo", promoted, "--env", "production")
    assert production.code == 0, production
    staging = staged.project.run("undo", first, "--env", "staging")
    assert staging.code == 0, staging


def test_nothing_of_the_environment_is_nothing(staged: Staged):
    staged.stage("app")
    said = staged.project.run("undo", "last")
    assert said.code == 3, said
    assert "there is no run" in said.stderr
    assert staged.standing("staging") != [{}]
