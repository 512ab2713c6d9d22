"""`polyarch undo` at the command line, against three registries."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.likenesses import DOCKER_HUB, GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import HANG_UP, Answer, Call, refusal
from tests.support.documents import check, moved
from tests.support.released import Released, shown, statuses, tags_told
from tests.support.tiny_project import Said, github

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """One version of one image in a registry that deletes tags alone, in one of which nobody knows
    it, and in one as GHCR.
    """
    registries[2].quirks = GHCR
    kinds = ((registries[0], "zot"), (registries[2], "ghcr"))
    more = "".join(f'[registries."{each.host}"]\nprofile = "{kind}"\n' for each, kind in kinds)
    hosts = [each.host for each in registries]
    made = Released.make(tmp_path / "project", hosts, ["server"], more=more)
    said = made.release("1.2.3")
    assert said.code == 0, said
    return made


def undo(released: Released, run: str, *words: str) -> Said:
    """Undo a run."""
    said = released.project.run("undo", run, "--json", *words)
    if said.code not in {2, 3}:
        check(said.document, moved("undo"))
    return said


async def down(_call: Call) -> Answer | Call | None:
    """What a registry that is down says."""
    return HANG_UP


def test_a_publish_is_undone_and_the_undo_undone(released: Released):
    before = shown(released)
    published = released.release("1.3.0")
    after = shown(released)
    said = undo(released, "last", "--why", "bad")
    assert said.code == 0, said
    assert shown(released) == before
    assert ("1.3.0", "removed") in tags_told(said)
    assert ("latest", "moved") in tags_told(said)
    assert published.document["run"] in said.document["images"][0]["source"]
    again = undo(released, published.document["run"])
    assert again.code == 0, again
    assert statuses(again) == {"server": ["unchanged"] * 3}
    back = undo(released, said.document["run"])
    assert back.code == 0, back
    assert shown(released) == after


def test_what_was_undone_waits_for_something_newer(released: Released, tmp_path: Path):
    assert released.release("1.3.0").code == 0
    assert undo(released, "last", "--why", "it leaks").code == 0
    sha = released.project.git("rev-parse", "v1.3.0")
    machine = released.empty_machine(tmp_path / "empty")
    again = released.publish("1.3.0", sha, machine=machine)
    assert ("latest", "kept") in tags_told(again), again
    assert "it leaks" in again.stderr


@pytest.mark.parametrize("torn", [True, False])
def test_tags_that_the_run_did_not_come_to_are_held_too(
    released: Released, registries: Registries, tmp_path: Path, *, torn: bool
):
    """One that left off between two tags, and one that a registry was down for."""
    released.project.toml('+[publish]\non-registry-failure = "continue"\n')

    async def protected(call: Call) -> Answer | Call | None:
        moves = call.method == "PUT" and call.target.item == "latest"
        return refusal("DENIED", "this tag is protected", status=403) if moves else None

    broken = registries[:2]
    for registry in broken:
        registry.quirks = Quirks(on_request=protected if torn else down)
    bad = released.release("1.3.0", *(["--no-rollback"] if torn else []))
    assert bad.code == 6, bad
    for registry in broken:
        registry.quirks = Quirks()
    old = [each["latest"] for each in shown(released)][:2]
    said = undo(released, bad.document["run"], "--why", "it leaks")
    assert said.code == 0, said
    undone = shown(released)
    assert [each["latest"] for each in undone] == [old[0]] * 3
    sha = released.project.git("rev-parse", "v1.3.0")
    again = released.publish("1.3.0", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert {("latest", "kept"), ("1", "kept")} <= tags_told(again), again
    assert "it leaks" in again.stderr
    now = shown(released)
    assert [(each["latest"], each["1"]) for each in now] == [(old[0], old[0])] * 3


def test_undoing_a_rollback_lets_its_version_be_published(released: Released, tmp_path: Path):
    assert released.release("1.3.0").code == 0
    after = shown(released)
    assert released.project.run("rollback", "--to", "1.2.3").code == 0
    assert undo(released, "last").code == 0
    assert shown(released) == after
    sha = released.project.git("rev-parse", "v1.3.0")
    again = released.publish("1.3.0", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert "kept" not in {status for _, status in tags_told(again)}, again


def test_what_somebody_moved_since_is_kept(released: Released):
    run = released.release("1.3.0").document["run"]
    first = f"{released.hosts[0]}/team/server"
    assert released.project.run("tag", f"{first}:1.2", "1").code == 0
    assert released.project.run("tag", f"{first}:1.2.3", "latest").code == 0
    other = released.release("1.4.0")
    assert other.code == 0
    said = undo(released, run)
    assert said.code == 0, said
    assert ("latest", "kept") in tags_told(said)
    assert "somebody has moved it since that run" in said.stderr


def test_new_tags_stay_where_others_need_what_they_show(released: Released):
    run = released.release("1.3.0").document["run"]
    third = f"{released.hosts[2]}/team/server"
    assert released.project.run("tag", f"{third}:1.3.0", "mine").code == 0
    said = undo(released, run)
    assert said.code == 6, said
    assert ("1.3.0", "left") in tags_told(said)
    assert "`mine` shows it, too" in said.stderr
    error = said.document["images"][0]["destinations"][2]["error"]
    assert error["code"] == "tags-left"
    assert "`mine` shows it, too" in error["message"]
    tags = [set(each) for each in shown(released)]
    assert "1.3.0" not in tags[0] | tags[1]
    assert {"1.3.0", "mine"} <= tags[2]


def test_a_dry_run_tells_what_becomes_of_new_tags(released: Released, registries: Registries):
    registries[1].quirks = DOCKER_HUB
    run = released.release("1.3.0").document["run"]
    whole = shown(released)
    first, second, third = (f"{host}/team/server" for host in released.hosts)
    assert released.project.run("tag", f"{third}:1.3.0", "mine").code == 0

    def notes() -> list[str]:
        said = undo(released, run, "--dry-run")
        assert said.code == 0, said
        [image] = said.document["images"]
        return [note for note in image["notes"] if "1.3.0" in note]

    needed = "deleting a tag may delete its image here, and `mine` shows it, too"
    again = "what is gone cannot be held back, and publishing that version again makes it again"
    unsure = "if its registry deletes tags, which is not known"
    *told, last = notes()
    assert told == [
        f"{first}:1.3.0 would be removed: it was new",
        f"{second}:1.3.0 would be removed, {unsure}: it was new",
        f"{third}:1.3.0 was new, and would stay: {needed}",
    ]
    assert last.startswith("`1.3.0`, `1.3`, ")
    assert last.endswith(again)
    registries[2].storage.delete_tag("team/server", "mine")
    assert f"{third}:1.3.0 would be removed: it was new" in notes(), "others have moved by then"
    assert shown(released) == whole
    said = undo(released, run)
    assert ("1.3.0", "removed") in tags_told(said)
    assert any(again in note for note in said.document["images"][0]["notes"])


def test_new_tags_stay_where_tags_cannot_be_deleted(released: Released, registries: Registries):
    registries[1].quirks = DOCKER_HUB
    run = released.release("1.3.0").document["run"]
    said = undo(released, run)
    assert said.code == 6, said
    assert "deletes no tags" in said.stderr
    again = released.project.run("undo", run, "--quiet")
    assert again.code == 6, again
    second = f"{released.hosts[1]}/team/server"
    assert "`1.3.0`" in again.stderr
    assert f"new and stay in `{second}`: its registry deletes no tags" in again.stderr
    assert "run the same again" in again.stderr
    assert len({each["latest"] for each in shown(released)}) == 1


def test_a_registry_that_is_down_keeps_new_tags_everywhere(
    released: Released, registries: Registries
):
    before = shown(released)
    run = released.release("1.3.0").document["run"]
    after = shown(released)
    registries[0].quirks = Quirks(on_request=down)
    assert undo(released, run).code == 5
    registries[0].quirks = Quirks()
    assert shown(released) == after
    registries[0].quirks = Quirks(on_request=down)
    partly = undo(released, run, "--on-registry-failure", "continue")
    assert partly.code == 6, partly
    assert ("1.3.0", "left") in tags_told(partly)
    registries[0].quirks = Quirks()
    assert undo(released, run).code == 0
    assert shown(released) == before


def test_the_store_knows_the_run_on_an_empty_machine(released: Released, tmp_path: Path):
    before = shown(released)
    released.project.toml(f'+[runs]\nstore = "{released.hosts[0]}/team/runs"\n')
    run = released.release("1.3.0").document["run"]
    machine = released.empty_machine(tmp_path / "empty")
    said = machine.run("undo", run[:24], "--json")
    assert said.code == 0, said
    assert shown(released) == before


def test_what_is_gone_from_one_registry_comes_from_another(
    released: Released, registries: Registries
):
    before = shown(released)
    run = released.release("1.3.0").document["run"]
    digest = Digest.parse(before[0]["latest"])
    registries[0].storage.delete_manifest("team/server", digest)
    said = undo(released, run)
    assert said.code == 0, said
    assert shown(released)[0]["latest"] == str(digest)


@pytest.mark.parametrize("copied", [True, False])
def test_copies_and_tags_are_undone(released: Released, *, copied: bool):
    before = shown(released)
    first = f"{released.hosts[0]}/team/server"
    words = ("copy", f"{first}:1.2.3", f"{first}:more") if copied else ("tag", f"{first}:1", "more")
    assert released.project.run(*words).code == 0
    assert "more" in shown(released)[0]
    assert undo(released, "last").code == 0
    assert shown(released) == before


def test_what_cannot_be_undone(released: Released):
    runs = released.project.root / ".polyarch" / "runs"
    run = released.newest_run().name
    more: Mapping[str, str] = github("push", "refs/heads/main", "a" * 40)
    trial = released.project.run("publish", "--sandbox", "--json", more=more)
    for wanted, told in (
        ("nonsense", "there is no run"),
        ("2", "may be any of"),
        (trial.document["run"], "it was a rehearsal"),
    ):
        said = released.project.run("undo", wanted)
        assert said.code == 3, said
        assert told in said.stderr
    shutil.rmtree(runs / run)
    said = released.project.run("undo", "last")
    assert said.code == 3, said


def test_a_record_from_elsewhere_moves_nothing_outside_the_project(
    released: Released, tmp_path: Path
):
    place = f"{released.hosts[0]}/team/else"
    said = released.project.run("copy", f"{released.hosts[0]}/team/server:1.2.3", f"{place}:y")
    assert said.code == 0, said
    run = released.newest_run()
    machine = released.empty_machine(tmp_path / "empty")
    assert machine.run("runs", "import", str(run.parent)).code == 0
    told = machine.run("undo", run.name, "--json")
    assert told.code == 0, told
    assert tags_told(told) == {("y", "kept")}
    assert "no repository of the project" in told.stderr


def test_last_does_not_guess_after_an_undo_that_was_killed(released: Released):
    run = released.release("1.3.0").document["run"]
    assert undo(released, run).code == 0
    cut_off = released.newest_run()
    summary = json.loads((cut_off / "run.json").read_text())
    (cut_off / "run.json").write_text(json.dumps({**summary, "ended": None, "exit_code": None}))
    said = released.project.run("undo", "last")
    assert said.code == 3, said
    assert "cut off" in said.stderr
    assert undo(released, run).code == 0
