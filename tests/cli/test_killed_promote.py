"""`kill -9` of `promote`: the rule that holds for `publish` holds between environments."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.counted import Counted
from tests.support.dying import PLATFORMS, TAGS, Ground, dying_project
from tests.support.environments import referrers_of, sign
from tests.support.killing import Tally, at_line, at_move, at_request, within_flip
from tests.support.tiny_project import Said, github
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]
MOVES = 3 * len(TAGS)
EVERY = (
    pytest.param(6, id="some"),
    pytest.param(1, id="every", marks=pytest.mark.long),
)


@dataclass
class Promoting(Ground):
    """`promote` of what staging has by then; each has something attached to it."""

    signature: str = ""

    def renew(self) -> str:
        self.project.write({"round": f"{next(self.machines)}\n"})
        commit = self.project.commit()
        said = self.project.run("publish", "--json", "--env", "staging", more=self.more)
        assert said.code == 0, said
        digest = said.document["images"][0]["digest"]
        self.signature = sign(f"{self.registries[0].host}/staging/app", digest)
        return commit

    @property
    def words(self) -> Sequence[str]:
        return ("promote", "--json", "--from", "staging", "--to", "production", "--prove")

    @property
    def more(self) -> Mapping[str, str]:
        return github("push", "refs/heads/main", self.project.git("rev-parse", "HEAD"))

    def converge(self, again: Said, when: object) -> None:
        super().converge(again, when)
        for registry in self.registries:
            assert referrers_of(f"{registry.host}/team/app", self.old) == {self.signature}, when


@pytest.fixture
def ground(
    tmp_path: Path,
    registries: Registries,
    warm: WarmPolyarch,
    counted: Counted,
    request: pytest.FixtureRequest,
) -> Iterator[Promoting]:
    hosts = [each.host for each in registries]
    staging = json.dumps([f"{host}/staging/app" for host in hosts[:2]])
    more = f"[environments.staging]\nrepositories = {staging}\n"
    project = dying_project(tmp_path / "project", hosts, more=more)
    tally = Tally(what=f"promote, {request.node.name}", platforms=PLATFORMS)
    made = Promoting(project, registries, warm, tally)
    made.begin()
    yield made
    tally.tell(counted)


@pytest.mark.parametrize("every", EVERY)
def test_before_requests_of_the_flip(ground: Promoting, every: int):
    at = 1
    while ground.trial(within_flip(at)):
        at += every
    assert ground.tally.kills == ground.tally.within > 0


@pytest.mark.parametrize("every", EVERY)
def test_after_a_move_that_nobody_heard_of(ground: Promoting, every: int):
    for at in range(MOVES, 0, -every):
        assert ground.trial(at_move(at), applied=True)


def test_while_it_looks_and_brings(ground: Promoting):
    assert ground.trial(at_request(5))
    assert ground.trial(at_line(1))
