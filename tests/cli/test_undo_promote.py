"""`polyarch undo` of a promotion of a group, in three registries, one of them like GHCR."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.environments import Staged
from tests.support.released import tags_told

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def three() -> Iterator[Registries]:
    registries = SandboxRegistry(), SandboxRegistry(quirks=GHCR), SandboxRegistry()
    with running(*registries):
        yield registries


def test_what_was_promoted_goes_back(three: Registries, tmp_path: Path):
    staged = Staged.make(tmp_path / "project", [each.host for each in three])
    staged.stage()
    before = staged.standing()
    promoted = staged.promote("@all")
    assert promoted.code == 0, promoted
    after = staged.standing()
    assert after != before
    said = staged.project.run("undo", "last", "--json", "--why", "too early")
    assert said.code == 0, said
    assert {status for _, status in tags_told(said)} == {"removed"}
    assert staged.standing() == before
    again = staged.project.run("undo", said.document["run"], "--json")
    assert again.code == 0, again
    assert staged.standing() == after
