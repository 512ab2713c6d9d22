"""`polyarch watch --repair` brings tags on, and never back; what prune lets go stays away."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.released import Released, shown
from tests.support.tiny_project import Said
from tests.support.watched import codes, findings, watched

Registries = tuple[SandboxRegistry, ...]
NAME = "team/server"
BEGUN = '+[publish]\non-registry-failure = "continue"\n'


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions in two registries; the record of both is on this machine."""
    hosts = [each.host for each in registries[:2]]
    made = Released.make(tmp_path / "project", hosts, ["server"])
    made.project.toml(BEGUN)
    for version in ("1.2.3", "2.0.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


def watch(released: Released, *words: str, code: int = 0) -> Said:
    return watched(released.project, "--sample", "0", *words, code=code)


def found(said: Said, code: str) -> dict[str, dict[str, Any]]:
    return {each["path"]: each for each in findings(said) if each["code"] == code}


def publish_elsewhere(released: Released, version: str, down: SandboxRegistry, to: Path) -> None:
    """Another machine publishes, and one registry does not answer."""
    down.quirks = Quirks(down=True)
    said = released.release(version, machine=released.empty_machine(to))
    assert said.code == 6, said
    down.quirks = Quirks()


def put_all(registries: Registries, tag: str, like: str) -> None:
    """Somebody lets a tag show what stands under another one."""
    for each in registries[:2]:
        digest = each.storage.tag(NAME, like)
        assert digest
        each.storage.put_tag(NAME, tag, digest)


@pytest.mark.parametrize("kept", [True, False])
def test_what_another_machine_published_is_brought_and_nothing_goes_back(
    released: Released, registries: Registries, tmp_path: Path, *, kept: bool
):
    publish_elsewhere(released, "2.1.0", registries[1], tmp_path / "other")
    new, old = shown(released)
    assert new["latest"] == new["2.1.0"] != old["latest"]
    if not kept:
        (released.project.root / ".polyarch").rename(tmp_path / "forgotten")
    said = watch(released, code=1)
    assert {"W109", "W110"} <= codes(said)
    assert "is the newest by the tag policy" in found(said, "W110")["latest"]["hint"]
    assert watch(released, "--repair").document["ok"] is True
    assert shown(released) == [new, new]


def test_where_no_policy_decides_it_is_told(
    released: Released, registries: Registries, tmp_path: Path
):
    text = (released.project.root / "polyarch.toml").read_text()
    released.project.toml(text.replace("[defaults]\n", '[defaults]\ntag-policy = "free"\n'))
    publish_elsewhere(released, "2.1.0", registries[1], tmp_path / "other")
    before = shown(released)
    said = watch(released, "--repair", code=1)
    after = shown(released)
    assert [each["latest"] for each in after] == [each["latest"] for each in before]
    assert "polyarch copy" in found(said, "W110")["latest"]["hint"]
    assert after[1]["2.1.0"] == after[0]["2.1.0"]


class TestBehind:
    def test_a_tag_that_somebody_let_fall_behind(self, released: Released, registries: Registries):
        put_all(registries, "latest", "1.2.3")
        said = watch(released, "--repair", code=1)
        assert codes(said) == {"W118"}
        [told] = found(said, "W118").values()
        assert (told["path"], told["severity"]) == ("latest", "warning")
        assert told["message"] == "it shows 1.2.3, and `2.0.0` is published"
        assert released.project.run(*command(told)).code == 0
        assert not findings(watch(released))

    def test_one_that_was_put_back_is_explained(self, released: Released):
        words = ("rollback", "server", "--to", "1.2.3", "--tag", "latest", "--why", "it leaks")
        assert released.project.run(*words).code == 0
        told = found(watch(released), "W118")["latest"]
        assert told["severity"] == "info"
        assert "was put back from 2.0.0" in told["message"]
        assert "it leaks" in told["message"]


class TestHeld:
    def test_what_was_put_back_in_some_registries(self, released: Released, registries: Registries):
        registries[1].quirks = Quirks(down=True)
        more = ("--tag", "latest", "--on-registry-failure", "continue", "--why", "it leaks")
        said = released.project.run("rollback", "server", "--to", "1.2.3", *more)
        assert said.code == 6, said
        registries[1].quirks = Quirks()
        before = shown(released)
        said = watch(released, "--repair", code=1)
        assert shown(released) == before
        assert "mended:" not in said.stderr.replace("nothing was mended:", "")
        [told] = findings(said)
        assert told["code"] == "W110"
        assert "was put back from 2.0.0" in told["message"]
        assert "it leaks" in told["message"]
        assert "`polyarch rollback server --to 1.2.3 --tag latest`" in told["hint"]
        assert released.project.run(*command(told)).code == 0
        assert codes(watch(released)) == set()


class TestPruned:
    def prune(self, released: Released, registries: Registries, keep: str) -> list[str]:
        """Let one registry lose its tags of single commits that the other cannot delete alone."""
        registries[1].quirks = GHCR
        profiles = "".join(
            f'[registries."{each.host}"]\nprofile = "{kind}"\n'
            for each, kind in zip(registries, ("zot", "ghcr"), strict=False)
        )
        released.project.toml(f"+{profiles}[prune]\n{keep}\n")
        said = released.project.run("prune", "--apply", "--max-age", "1d", "--keep", "0")
        assert said.code == 0, said
        one, other = shown(released)
        gone = sorted(set(other) - set(one))
        assert gone
        assert all(tag.startswith("sha-") for tag in gone)
        return gone

    def test_it_is_no_fault_and_does_not_come_back(
        self, released: Released, registries: Registries
    ):
        gone = self.prune(released, registries, 'keep = 0\nmax-age = "30d"')
        before = shown(released)
        said = watch(released, "--repair")
        places = {f"{registries[0].host}/{NAME}:{tag}" for tag in gone}
        told = found(said, "W108")
        assert set(told) == places
        assert {each["severity"] for each in told.values()} == {"info"}
        assert all("polyarch prune" in each["message"] for each in told.values())
        assert shown(released) == before

    def test_what_it_would_keep_does(self, released: Released, registries: Registries):
        gone = self.prune(released, registries, 'max-age = "3650d"')
        assert codes(watch(released, code=1)) == {"W108"}
        assert watch(released, "--repair").document["ok"] is True
        assert set(gone) <= set(shown(released)[0])


def test_a_manifest_that_was_sent_again_was_not_there(released: Released, registries: Registries):
    one = registries[0].storage
    digest = one.tag(NAME, "1.2.3")
    assert digest
    assert one.delete_manifest(NAME, digest)
    one.put_tag(NAME, "1.2.3", digest)
    said = released.project.run("watch", "--repair", "--sample", "0")
    assert "all of it was there" not in said.stderr
    assert "manifest sent" in said.stderr


def command(told: dict[str, Any]) -> list[str]:
    """What the hint says is to be run."""
    words = shlex.split(told["hint"].split("`")[1])
    assert words[0] == "polyarch"
    return words[1:]
