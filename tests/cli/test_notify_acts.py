"""What people do to published images is told to others, from wherever they do it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.pipeline.packed_records import unpacked
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.receivers import Receivers, receivers
from tests.support.released import Released
from tests.support.tiny_project import Said

Registries = tuple[SandboxRegistry, ...]
LAPTOP = {"CI": "", "GITHUB_ACTIONS": "", "LOGNAME": "alice", "USER": "alice"}


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in two registries."""
    hosts = [each.host for each in registries[:2]]
    made = Released.make(tmp_path / "project", hosts, ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


def act(released: Released, received: Receivers, *words: str, **more: str) -> Said:
    urls = {"POLYARCH_NOTIFY_URLS": received.at("/hook")}
    return released.project.run(*words, more={**LAPTOP, **urls, **more})


def test_on_a_laptop(released: Released, received: Receivers, registries: Registries) -> None:
    rollback = ("rollback", "--to", "1.2.3", "--why", "1.3.0 leaks")
    assert act(released, received, *rollback, "--dry-run").code == 0
    assert not received.got
    said = act(released, received, *rollback)
    assert said.code == 0, said
    check_record(released, f"{registries[0].host}/team/server:latest")
    assert act(released, received, *rollback).code == 0
    assert act(released, received, "undo", released.project.runs[-2].name).code == 0
    rolled, undone = (each.json for each in received.got)
    assert (rolled["kind"], rolled["verb"], rolled["line"]) == ("act", "rollback", "rollback")
    assert (rolled["who"], rolled["why"]) == ("alice", "1.3.0 leaks")
    assert rolled["images"] == ["server"]
    assert rolled["what"] == "server: rolled back to 1.2.3"
    [line] = rolled["tags"]
    assert all(f"{each.host}/team/server" in line for each in registries[:2])
    assert ": 1, latest show sha256:" in line
    assert ", before sha256:" in line
    assert (undone["kind"], undone["verb"], undone["why"]) == ("act", "undo", "")
    assert undone["what"].startswith("server: undone, tags are as before rollback 2")
    assert len(undone["tags"]) == 1


def check_record(released: Released, tag: str) -> None:
    """The roll-back is the answer of who put that there, with its reason, in every form."""
    (answer,) = released.project.run("runs", "who", tag, "--json").document["answers"]
    assert (answer["verb"], answer["actor"], answer["why"]) == ("rollback", "alice", "1.3.0 leaks")
    assert answer["replaced"]["digest"]
    assert answer["version"] == "1.2.3"
    assert "  why      1.3.0 leaks\n" in released.project.run("runs", "who", tag).stdout
    for verb in (("show", "last"), ("report", "last")):
        said = released.project.run("runs", *verb)
        assert "1.3.0 leaks" in said.stdout, said
        assert "alice" in said.stdout
    listed = released.project.run("runs", "--json").document["runs"][0]
    assert (listed["verb"], listed["images"]) == ("rollback", ["server"])


MISTYPED = (("rollback", "--to", "9.9.9"), ("rollback", "x", "--to", "1.2.3"), ("undo", "2001"))


def test_one_that_fails_and_those_that_were_mistyped(
    released: Released, received: Receivers, registries: Registries
) -> None:
    for words in MISTYPED:
        said = act(released, received, *words)
        assert said.code != 0
        assert not received.got, said
    registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
    said = act(released, received, "rollback", "--to", "1.2.3", "--why", "it leaks")
    assert said.code == 7, said
    (told,) = (each.json for each in received.got)
    assert (told["kind"], told["verb"], told["who"]) == ("failure", "rollback", "alice")
    assert told["why"] == "it leaks"
    assert told["tags"] == ["no tag has moved: all show what they showed before"]
    assert registries[1].host in told["registries"]


def test_who_wants_to_hear_nothing(released: Released, received: Receivers, tmp_path: Path) -> None:
    released.project.toml('+[notify]\non = ["failure"]\n')
    assert act(released, received, "rollback", "--to", "1.2.3").code == 0
    assert act(released, received, "undo", "last", POLYARCH_NOTIFY="off").code == 0
    output = tmp_path / "output"
    more = {"POLYARCH_NOTIFY": "off", "GITHUB_OUTPUT": str(output)}
    assert act(released, received, "rollback", "--to", "1.2.3", **more).code == 0
    assert not received.got
    name, _, value = output.read_text().strip().partition("=")
    assert name == "notice"
    assert b'"kind":"act"' in unpacked(value, name, 1 << 20)
