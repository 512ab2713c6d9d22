"""`promote` of a group on two real registries and one like GHCR: whole, and killed on its way."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.lab.fixtures import StartRegistry
from tests.support.counted import Counted
from tests.support.environments import (
    IMAGES,
    PLATFORMS,
    WORDS,
    Staged,
    cosign,
    referrers_of,
    shown_as,
    sign,
)
from tests.support.killing import Steps, kill_at
from tests.support.warm import WarmPolyarch, warm_polyarch
from tests.support.whole import Shelf

pytestmark = pytest.mark.real

MOVES = 3 * 3 * 3
WAIT_S = 0.01
SEEDS = [
    pytest.param(7, 2, id="few"),
    pytest.param(None, 20, id="many", marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPolyarch]:
    with warm_polyarch() as parent:
        yield parent


@pytest.fixture
def staged(tmp_path: Path, distribution_registry: StartRegistry) -> Iterator[Staged]:
    """The group; staging and production share two real registries."""
    like_ghcr = SandboxRegistry(quirks=GHCR)
    with running(like_ghcr):
        real = [distribution_registry().host for _ in range(2)]
        yield Staged.make(tmp_path / "project", [*real, like_ghcr.host])


def test_a_group_goes_everywhere_with_all_that_is_about_it(staged: Staged) -> None:
    published = {each["name"]: each["digest"] for each in staged.stage()["images"]}
    signed = {
        name: sign(f"{staged.hosts[0]}/staging/{name}", digest)
        for name, digest in published.items()
    }
    by_cosign = {
        name: cosign(f"{staged.hosts[1]}/staging/{name}", digest, "one")
        for name, digest in published.items()
    }
    builds = sorted((staged.project.root / ".polyarch" / "parts").rglob("*.json"))
    for build in builds:
        build.unlink()
    unproven = staged.fresh("elsewhere").promote("@all")
    assert (unproven.code, unproven.document["code"]) == (7, "not-proven"), unproven
    assert staged.standing() == [{}, {}, {}]
    said = staged.promote("@all")
    assert said.code == 0, said
    for image in said.document["images"]:
        shared = [each["bytes"] for each in image["destinations"][:2]]
        assert all(each["mounted"] and not each["uploaded"] for each in shared)
    assert (
        staged.standing()
        == [{name: dict.fromkeys(("1.2.3", "1.2", "latest"), published[name]) for name in IMAGES}]
        * 3
    )
    for host in staged.hosts:
        for name, digest in published.items():
            assert referrers_of(f"{host}/team/{name}", digest) == {signed[name]}
            tag = f"{digest.replace(':', '-')}.sig"
            assert shown_as(f"{host}/team/{name}", tag) == by_cosign[name]
    assert not list((staged.project.root / ".polyarch" / "parts").rglob("*.json"))


@pytest.mark.parametrize(("seed", "times"), SEEDS)
def test_killed_anywhere_it_leaves_whole_images_and_converges(
    staged: Staged, warm: WarmPolyarch, counted: Counted, seed: int | None, times: int
) -> None:
    seed = time.time_ns() if seed is None else seed
    chosen = random.Random(seed)  # noqa: S311 - told when it fails, and no secret
    old: dict[str, str] = {}
    within = kills = 0
    for patch in range(1000):
        if kills == times:
            break
        staged.project.write({"make.sh": f'echo "{patch}" > "$1"\nchmod +x "$1"\n'})
        staged.project.commit(f"Round {patch}")
        ref = f"refs/tags/v1.2.{patch}"
        new = {each["name"]: each["digest"] for each in staged.stage(ref=ref)["images"]}
        signed = {n: sign(f"{staged.hosts[0]}/staging/{n}", digest) for n, digest in new.items()}

        steps = killed(staged, warm, ref, chosen.randint(0, MOVES), chosen.uniform(0, WAIT_S))
        kills += bool(steps)
        within += "moving" in steps
        for name in IMAGES:
            for host in staged.hosts:
                judge(host, name, {new[name], *([old[name]] if old else [])}, (seed, steps))

        again = staged.fresh("again").promote("--prove", more=staged.event(ref))
        assert again.code == 0, (seed, again)
        wanted = f"1.2.{patch}", "1.2", "latest"
        for host in staged.hosts:
            for name, digest in new.items():
                shown = Shelf(host=host, repository=f"team/{name}").tags(wanted)
                assert not any(each.flaws for each in shown.values()), (seed, steps)
                assert {tag: each.digest for tag, each in shown.items()} == dict.fromkeys(
                    wanted, digest
                ), (seed, steps)
                assert referrers_of(f"{host}/team/{name}", digest) >= {signed[name]}
        old = new
        for machine in ("killed", "again"):
            shutil.rmtree(staged.project.root.parent / machine)
    counted(f"promote, two real registries and GHCR's likeness: {kills} kills, {within} within")


def killed(staged: Staged, warm: WarmPolyarch, ref: str, moves: int, wait_s: float) -> Steps:
    """Kill one when so many tags have begun to move; what its journal says then."""
    machine = staged.fresh("killed", records=True)

    def is_time(steps: Steps) -> bool:
        if not steps or steps.count("moving") < moves:
            return False
        time.sleep(wait_s)
        return True

    life = warm.start(machine.project, *WORDS, more=staged.event(ref))
    steps = kill_at(life.pid, machine.project.root.parent, is_time)
    said = life.wait()
    assert said.code == (-9 if steps else 0), said
    return steps


def judge(host: str, name: str, known: set[str], when: object) -> None:
    """The tags that move show what is old or what is new, and show it whole."""
    shown = Shelf(host=host, repository=f"team/{name}").tags({"1.2", "latest"})
    for found in shown.values():
        assert not found.flaws, when
        assert set(found.children) == set(PLATFORMS), when
        assert found.digest in known, when
