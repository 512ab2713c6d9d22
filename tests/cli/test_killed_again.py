"""`kill -9` where a run is not the first to die, undoes something, or has more than one image."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.counted import Counted
from tests.support.dying import PLATFORMS, TAGS, Publishing, dying_project
from tests.support.killing import Tally, at_move, is_apart
from tests.support.warm import WarmPolyarch
from tests.support.whole import Shelf

Registries = tuple[SandboxRegistry, ...]
MOVES = 3 * len(TAGS)


@pytest.fixture
def ground(
    tmp_path: Path,
    registries: Registries,
    warm: WarmPolyarch,
    counted: Counted,
    request: pytest.FixtureRequest,
) -> Iterator[Publishing]:
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    name = request.node.name.removeprefix("test_")
    made = Publishing(project, registries, warm, Tally(what=name, platforms=PLATFORMS))
    made.begin()
    yield made
    made.tally.tell(counted)


def test_the_run_that_goes_on_dies_as_well(ground: Publishing):
    """Each on another machine, and none gives the bytes of the one before."""
    ground.revision = ground.renew()
    for number in (0, 2, 1, 2, 1):
        strike = at_move(number) if number else lambda moment: bool(moment.steps)
        assert ground.kill(ground.fresh(), strike, applied=number > 1).struck
        ground.judge(f"move {number}")
    shown = {tag.digest for tags in ground.look() for tag in tags.values()} - {ground.old}
    assert len(shown) == 1, "each went on with what the first one had brought"
    ground.converge(ground.run(ground.fresh()), "the last")
    assert shown == {ground.old}


def test_what_stands_was_made_of_the_same_commit(ground: Publishing):
    """The old and the new image tell the same version and commit: one of them, everywhere."""
    ground.asked = (*ground.asked, "--force")
    for move in (2, 5, MOVES):
        assert ground.kill(ground.fresh(), at_move(move), applied=True).struck
        ground.judge(f"move {move}")
        assert is_apart(ground.look()) == (move < MOVES)
        ground.asked = ("publish", "--json")
        ground.converge(ground.run(ground.fresh()), f"move {move}")
        ground.asked = (*ground.asked, "--force")


async def refuse_latest(call: Call) -> Answer | None:
    """A registry that takes every tag but one, which moves last."""
    moves = call.method == "PUT" and call.target.item == "latest"
    return refusal("DENIED", "not now") if moves else None


def test_within_a_roll_back(ground: Publishing):
    """The last registry refuses its last tag, so that everything is put back."""
    for move, applied in ((MOVES + 1, False), (MOVES + 2, True), (2 * MOVES - 2, True)):
        ground.revision = ground.renew()
        ground.otherwise = {2: refuse_latest}
        struck = ground.kill(ground.fresh(), at_move(move), applied=applied).struck
        ground.otherwise = {}
        assert struck, move
        ground.judge(struck)
        ground.converge(ground.run(ground.fresh()), struck)


def test_tags_of_single_platforms(
    tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
):
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    text = (project.root / "polyarch.toml").read_text()
    table = "[images.app.direct]"
    project.toml(text.replace(table, f'alias-tags = ["{{arch}}"]\n{table}'))
    tally = Tally(what="aliases", platforms=PLATFORMS)
    ground = Publishing(project, registries, warm, tally, aliases={"ppc64le", "s390x"})
    ground.begin()
    for move in range(1, MOVES + 6, 3):
        assert ground.trial(at_move(move), applied=True)
        for shelf in ground.shelves:
            tags = shelf.tags()
            for platform in PLATFORMS:
                alias = tags[platform.partition("/")[2]]
                assert alias.digest == tags["main"].children[platform]
                assert alias.flaws == ()
    tally.tell(counted)


SECOND = """
[images.other]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = {repositories}
tags = ["type=ref,event=branch", "type=raw,value=latest"]
[images.other.direct]
run = ["sh", "make.sh", "{{out}}/app"]
files = [{{ from = "{{out}}/app", to = "/other" }}]
"""


def test_two_images_are_one_transaction(
    tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
):
    hosts = [each.host for each in registries]
    more = SECOND.format(repositories=json.dumps([f"{host}/team/other" for host in hosts]))
    project = dying_project(tmp_path / "project", hosts, more=more)
    ground = Publishing(project, registries, warm, Tally(what="two images", platforms=PLATFORMS))
    others = [Shelf(host=host, repository="team/other") for host in hosts]
    ground.begin()
    for move in (1, 4, 8, 12, 14):
        [old] = {tag.digest for shelf in others for tag in shelf.tags().values()}
        assert ground.trial(at_move(move), applied=move % 2 == 0)
        found = [shelf.tags() for shelf in others]
        assert not is_apart(found)
        assert found[0]["main"].digest != old
        assert found[0]["main"].flaws == ()
    ground.tally.tell(counted)
