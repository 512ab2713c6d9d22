"""What is said of a run that was killed while tags were moving, by those that come after it."""

from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.killed_acts import KilledActs
from tests.support.killing import at_move
from tests.support.released import Released
from tests.support.tiny_project import Said, github
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
BACK = ("rollback", "--to", "1.2.3")


@pytest.fixture
def acts(tmp_path: Path, registries: Registries, warm: WarmPolyarch) -> KilledActs:
    """A roll-back of one image in two registries, which was killed behind its last tag."""
    two = registries[:2]
    released = Released.make(tmp_path / "project", [each.host for each in two], ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = released.release(version)
        assert said.code == 0, said
    made = KilledActs(released=released, registries=two, warm=warm, normal=[Quirks()] * 2)
    killed = made.kill(released.project, at_move(4), *BACK, applied=True)
    assert killed.struck
    return made


def publish(acts: KilledActs, *words: str) -> Said:
    """Push a branch that is not published: no tag moves."""
    project = acts.released.project
    sha = project.git("rev-parse", "v1.3.0")
    return project.run("publish", *words, more=github("push", "refs/heads/next", sha))


def warnings(said: Said) -> list[str]:
    return [line for line in said.stderr.splitlines() if "died half-way" in line]


def test_publish_says_so_and_what_ends_it(acts: KilledActs):
    run = acts.released.newest_run().name
    for words in ((), ("--quiet",)):
        [line] = warnings(publish(acts, *words))
        assert line.startswith(f"warning: rollback run {run} died half-way")
        assert f"{acts.released.hosts[0]}/team/server:" in line
        assert "the same rollback again finishes it" in line
        assert f"`polyarch undo {run}` takes it back" in line
    assert not warnings(publish(acts, "--sandbox"))


@pytest.mark.parametrize("undone", [False, True])
def test_nothing_is_said_of_what_was_ended(acts: KilledActs, undone: bool):
    words = ("undo", acts.released.newest_run().name) if undone else BACK
    said = acts.released.project.run(*words)
    assert said.code == 0, said
    assert not warnings(publish(acts))


def test_tags_that_it_holds_do_not_end_it(acts: KilledActs):
    sha = acts.released.project.git("rev-parse", "v1.3.0")
    for _ in range(2):
        said = acts.released.publish("1.3.0", sha)
        assert said.code == 0, said
        assert len(warnings(said)) == 1


def test_it_is_ended_by_what_has_moved_its_tags_since(acts: KilledActs):
    project, run = acts.released.project, acts.released.newest_run().name
    assert acts.released.release("2.0.0").code == 0
    [line] = warnings(publish(acts))
    assert "/team/server:1," in line
    assert "/team/server:latest" not in line
    assert project.run("undo", run).code == 0
    assert not warnings(publish(acts))


def test_its_images_are_listed(acts: KilledActs):
    said = acts.released.project.run("runs", "--json", "--image", "server", "--result", "died")
    [run] = said.document["runs"]
    assert (run["verb"], run["images"]) == ("rollback", ["server"])
