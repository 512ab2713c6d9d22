"""`rollback` and `undo` of a group of images in two real registries and one that is like GHCR."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.lab.fixtures import StartRegistry
from tests.support.counted import Counted
from tests.support.killed_acts import KilledActs, State
from tests.support.killing import at_request
from tests.support.released import IMAGES, Released, statuses, tags_told
from tests.support.warm import WarmPolyarch, warm_polyarch

SEED = 4
MOVING = ("1", "latest")
TIMES = [pytest.param(1, id="few"), pytest.param(12, id="many", marks=pytest.mark.long)]
BACK = ("rollback", "@release", "--to", "1.2.3", "--why", "it leaks")


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPolyarch]:
    with warm_polyarch() as parent:
        yield parent


@pytest.fixture
def acts(
    tmp_path: Path, distribution_registry: StartRegistry, warm: WarmPolyarch
) -> Iterator[KilledActs]:
    """Two versions of the group; only the registry that is like GHCR is of this process."""
    likeness = SandboxRegistry(quirks=GHCR)
    with running(likeness):
        hosts = [distribution_registry().host, distribution_registry().host, likeness.host]
        more = f'[registries."{likeness.host}"]\nprofile = "ghcr"\n'
        released = Released.make(tmp_path / "project", hosts, more=more)
        for version in ("1.2.3", "1.3.0"):
            said = released.release(version)
            assert said.code == 0, said
        yield KilledActs(released=released, registries=[likeness], warm=warm, normal=[GHCR])


def rolled(before: State) -> State:
    """What the tags are to show after the roll-back."""
    return {
        (host, image, tag): before[host, image, "1.2.3"] if tag in MOVING else digest
        for (host, image, tag), digest in before.items()
    }


async def down(_call: Call) -> Answer | Call | None:
    """What a registry that is down says."""
    return HANG_UP


def test_a_group_goes_back_and_is_held(acts: KilledActs, tmp_path: Path):
    released, before = acts.released, acts.look()
    acts.registries[0].quirks = replace(GHCR, on_request=down)
    stopped = released.project.run(*BACK, "--json")
    assert stopped.code == 5, stopped
    partly = released.project.run(*BACK, "--json", "--on-registry-failure", "continue")
    assert partly.code == 6, partly
    assert statuses(partly) == {name: ["published", "published", "failed"] for name in IMAGES}
    acts.registries[0].quirks = GHCR
    said = released.project.run(*BACK, "--json")
    assert said.code == 0, said
    assert acts.look() == rolled(before)
    sha = released.project.git("rev-parse", "v1.3.0")
    machine = released.empty_machine(tmp_path / "empty")
    again = released.publish("1.3.0", sha, machine=machine)
    assert {(tag, "kept") for tag in MOVING} <= tags_told(again), again
    assert acts.look() == rolled(before)
    newer = released.release("1.3.1")
    assert {(tag, "moved") for tag in MOVING} <= tags_told(newer), newer


@pytest.mark.parametrize("times", TIMES)
def test_killed_and_run_again_they_converge(acts: KilledActs, times: int, counted: Counted):
    chosen = random.Random(SEED)  # noqa: S311 - no secret
    before = acts.look()
    after = rolled(before)
    for _ in range(times):
        killed = acts.kill(acts.fresh(), at_request(chosen.randrange(1, 60)), *BACK)
        acts.judge(before, after, killed.struck)
        again = acts.run(acts.fresh(), *BACK)
        assert again.code == 0, (killed.struck, again)
        assert acts.look() == after, killed.struck
        forth = acts.run(acts.fresh(), "rollback", "@release", "--to", "1.3.0")
        assert forth.code == 0, forth

        machine = acts.fresh()
        back = acts.run(machine, *BACK, "--json")
        assert back.code == 0, back
        killed = acts.kill(machine, at_request(chosen.randrange(1, 60)), "undo", "last")
        acts.judge(after, before, killed.struck)
        again = acts.run(machine, "undo", back.document["run"])
        assert again.code == 0, (killed.struck, again)
        assert acts.look() == before, killed.struck
    counted(f"rollback and undo in real registries: {acts.kills} kills, all converged")
