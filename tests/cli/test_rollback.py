"""`polyarch rollback` at the command line, against three registries."""

import json
import shutil
from pathlib import Path

import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.support.documents import check, moved
from tests.support.released import Released, shown, statuses, tags_told
from tests.support.tiny_project import Said, github

Registries = tuple[SandboxRegistry, ...]
MOVING = {"1", "latest"}


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in three registries."""
    made = Released.make(tmp_path / "project", [each.host for each in registries], ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


def back(released: Released, *words: str) -> Said:
    """Roll the server back."""
    said = released.project.run("rollback", "server", "--to", "1.2.3", "--json", *words)
    if said.code not in {2, 3}:
        check(said.document, moved("rollback"))
    return said


async def down(_call: Call) -> Answer | Call | None:
    """What a registry that is down says."""
    return HANG_UP


def test_moving_tags_go_back_everywhere(released: Released):
    before = shown(released)
    said = back(released, "--why", "bad")
    assert said.code == 0, said
    after = shown(released)
    assert tags_told(said) == {("1.2", "unchanged"), ("1", "moved"), ("latest", "moved")}
    for old, new in zip(before, after, strict=True):
        assert {tag for tag in new if new[tag] != old[tag]} == MOVING
        assert {new[tag] for tag in MOVING} == {old["1.2.3"]}
    assert said.document["why"] == "bad"
    record = json.loads((released.newest_run() / "run.json").read_text())
    assert (record["verb"], record["why"]) == ("rollback", "bad")
    assert statuses(back(released)) == {"server": ["unchanged"] * 3}


def test_what_was_taken_away_waits_for_something_newer(released: Released, tmp_path: Path):
    assert back(released, "--why", "it leaks").code == 0
    rolled = shown(released)
    sha = released.project.git("rev-parse", "v1.3.0")
    machine = released.empty_machine(tmp_path / "empty")
    again = released.publish("1.3.0", sha, machine=machine)
    assert again.code == 0, again
    assert {("latest", "kept"), ("1", "kept")} <= tags_told(again)
    assert "put back from 1.3.0" in again.stderr
    assert "it leaks" in again.stderr
    assert shown(released) == rolled
    newer = released.release("1.3.1")
    assert {("latest", "moved"), ("1", "moved")} <= tags_told(newer), newer


def test_a_tag_that_was_good_already_is_held_too(
    released: Released, registries: Registries, tmp_path: Path
):
    """The bad release reached one registry alone: publishing it again leaves the others as well."""
    released.project.toml('+[publish]\non-registry-failure = "continue"\n')
    assert released.release("1.3.1").code == 0
    registries[1].quirks = registries[2].quirks = Quirks(on_request=down)
    bad = released.release("1.3.2")
    assert bad.code == 6, bad
    registries[1].quirks = registries[2].quirks = Quirks()
    words = ("rollback", "--to", "1.3.1", "--json", "--why", "it leaks")
    would = released.project.run(*words, "--dry-run").document["images"][0]["notes"]
    held = f"{released.hosts[1]}/team/server:latest would stay, and be held back from 1.3.2"
    assert held in would
    said = released.project.run(*words)
    assert said.code == 0, said
    assert {("latest", "moved"), ("latest", "unchanged")} <= tags_told(said)
    rolled = shown(released)
    sent = sum(each.method == "PUT" for each in registries[1].requests)
    assert released.project.run(*words).code == 0
    assert sum(each.method == "PUT" for each in registries[1].requests) == sent, "held once"
    sha = released.project.git("rev-parse", "v1.3.2")
    again = released.publish("1.3.2", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert again.code == 0, again
    assert {("latest", "kept"), ("1", "kept"), ("1.3", "kept")} <= tags_told(again)
    assert "it leaks" in again.stderr
    for now, before in zip(shown(released), rolled, strict=True):
        assert {tag: now[tag] for tag in before} == before
    newer = released.release("1.3.3")
    assert "kept" not in {status for _, status in tags_told(newer)}, newer


def test_a_publish_that_died_while_tags_moved_is_held_from_all_of_them(
    released: Released, registries: Registries, tmp_path: Path
):
    assert released.release("1.3.1").code == 0
    for registry in registries:  # as if `1.3` and `1.3.1` alone had moved by then
        old = registry.storage.tag("team/server", "1.3.0")
        assert old
        registry.storage.put_tag("team/server", "latest", old)
        registry.storage.put_tag("team/server", "1", old)
    said = released.project.run("rollback", "--to", "1.3.0", "--json")
    assert said.code == 0, said
    assert {("1.3", "moved"), ("latest", "unchanged"), ("1", "unchanged")} <= tags_told(said)
    rolled = shown(released)
    sha = released.project.git("rev-parse", "v1.3.1")
    again = released.publish("1.3.1", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert {("latest", "kept"), ("1", "kept"), ("1.3", "kept")} <= tags_told(again), again
    assert shown(released) == rolled


def test_two_steps_back_hold_back_both(released: Released, tmp_path: Path):
    assert released.release("1.4.0").code == 0
    sha = released.project.git("rev-parse", "v1.4.0")
    for version in ("1.3.0", "1.2.3"):
        said = released.project.run("rollback", "--to", version, "--json")
        assert said.code == 0, said
    again = released.publish("1.4.0", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert {("latest", "kept"), ("1", "kept")} <= tags_told(again), again


def test_each_registry_goes_to_what_it_has_itself(released: Released):
    third = f"{released.hosts[2]}/team/server"
    other = released.project.run("tag", f"{third}:1.3.0", "1.2.3", "--json")
    assert other.code == 0, other
    assert released.release("1.4.0").code == 0
    said = back(released)
    assert said.code == 0, said
    after = shown(released)
    assert [each["latest"] for each in after] == [each["1.2.3"] for each in after]
    assert after[0]["latest"] != after[2]["latest"]
    assert said.document["images"][0]["digest"] is None


def test_a_version_that_one_registry_lacks_is_told_before_anything_moves(
    released: Released, registries: Registries
):
    third = f"{released.hosts[2]}/team/server"
    whole = shown(released)
    registries[2].storage.delete_tag("team/server", "1.2.3")
    said = back(released)
    assert said.code == 7, said
    assert statuses(said) == {"server": ["skipped", "skipped", "failed"]}
    first = f"{released.hosts[0]}/team/server:1.2.3"
    assert f"polyarch copy {first} {third}:1.2.3" in said.stderr
    assert [each["latest"] for each in shown(released)] == [each["latest"] for each in whole]
    partly = back(released, "--on-registry-failure", "continue")
    assert partly.code == 6, partly
    assert released.project.run("copy", first, f"{third}:1.2.3").code == 0
    assert back(released).code == 0
    assert [each["latest"] for each in shown(released)] == [each["1.2.3"] for each in whole]


def test_a_registry_that_is_down(released: Released, registries: Registries):
    whole = shown(released)
    registries[1].quirks = Quirks(on_request=down)
    stopped = back(released)
    assert stopped.code == 5, stopped
    assert statuses(stopped) == {"server": ["skipped", "failed", "skipped"]}
    partly = back(released, "--on-registry-failure", "continue")
    assert partly.code == 6, partly
    registries[1].quirks = Quirks()
    now = shown(released)
    assert [each["latest"] == old["1.2.3"] for each, old in zip(now, whole, strict=True)] == [
        True,
        False,
        True,
    ]
    assert back(released).code == 0
    assert [each["latest"] for each in shown(released)] == [each["1.2.3"] for each in whole]


def test_named_tags_go_to_a_digest(released: Released):
    digest = shown(released)[0]["1.2.3"]
    words = ("rollback", "--to", digest, "--tag", "latest", "--json")
    said = released.project.run(*words)
    assert said.code == 0, said
    assert tags_told(said) == {("latest", "moved")}
    assert {each["latest"] for each in shown(released)} == {digest}


def test_what_came_meanwhile_is_kept(released: Released, registries: Registries):
    storage = registries[0].storage
    newest = storage.tag("team/server", "1.2.3")
    assert released.release("1.4.0").code == 0
    other = storage.tag("team/server", "1.3.0")
    assert newest
    assert other
    begun: list[Call] = []

    async def meddle(call: Call) -> Answer | Call | None:
        """Somebody moves the tag once this run has begun to send."""
        if call.method == "POST" and not begun:
            begun.append(call)
            storage.put_tag("team/server", "latest", other)
        return None

    registries[0].quirks = Quirks(on_request=meddle)
    said = back(released, "--tag", "latest")
    registries[0].quirks = Quirks()
    assert begun
    assert said.code == 0, said
    assert ("latest", "kept") in tags_told(said)
    assert "somebody has moved it just now" in said.stderr
    assert shown(released)[0]["latest"] == str(other)
    assert shown(released)[1]["latest"] == str(newest)


WRONG = (
    (["--to", "9.9.9"], 3, "the newest there: `1.3.0`, `1.2.3`"),
    (["--to", "1.3"], 3, "no rule gives that tag"),
    (["--to", "1.2.3", "--tag", "nope"], 3, "`nope` stands nowhere"),
    (["--to", "1.2.3", "--tag", "no tag"], 2, "is no tag"),
    (["--to", "sha256:" + "a" * 64], 2, "name the tags"),
    (["--to", "sha256:" + "a" * 64, "--tag", "latest"], 3, "is not there"),
    (["--to", "sha256:zz", "--tag", "latest"], 2, "sha256:zz"),
    (["--to", "no tag"], 2, "neither a tag nor a digest"),
)


def test_what_cannot_be_gone_back_to(released: Released):
    whole = shown(released)
    for words, code, told in WRONG:
        said = released.project.run("rollback", "server", *words)
        assert said.code == code, said
        assert told in said.stderr
    assert shown(released) == whole


def test_a_pull_request_moves_nothing(released: Released, tmp_path: Path):
    file = tmp_path / "event.json"
    file.write_text("{}")
    more = github("pull_request", "refs/pull/7/merge", "a" * 40, GITHUB_EVENT_PATH=str(file))
    for words in (("rollback", "--to", "1.2.3"), ("undo", "last")):
        said = released.project.run(*words, more=more)
        assert said.code == 7, said
        assert "pull request" in said.stderr


def test_dry_run_shows_what_would_move(released: Released):
    whole = shown(released)
    said = back(released, "--dry-run")
    assert said.code == 0, said
    assert sum("would move from" in note for note in said.document["images"][0]["notes"]) == 6
    assert shown(released) == whole


def test_what_a_registry_has_lost_comes_from_another(released: Released, registries: Registries):
    first = f"{released.hosts[0]}/team/server"
    index = released.project.run("inspect", "--json", f"{first}:1.2.3").document
    child = Digest.parse(index["manifests"][0]["digest"])
    assert registries[0].storage.delete_manifest("team/server", child)
    said = back(released)
    assert said.code == 0, said
    after = shown(released)  # and all is whole again
    assert {each["latest"] for each in after} == {index["digest"]}


def test_a_version_of_which_a_part_is_nowhere(released: Released, registries: Registries):
    first = f"{released.hosts[0]}/team/server"
    index = released.project.run("inspect", "--json", f"{first}:1.2.3").document
    newest = [each.storage.tag("team/server", "latest") for each in registries]
    child = Digest.parse(index["manifests"][0]["digest"])
    for registry in registries:
        assert registry.storage.delete_manifest("team/server", child)
    shutil.rmtree(released.project.root / ".polyarch" / "manifests", ignore_errors=True)
    said = back(released)
    assert said.code == 7, said
    assert "is not whole" in said.stderr
    assert statuses(said) == {"server": ["failed"] * 3}
    assert [each.storage.tag("team/server", "latest") for each in registries] == newest


def test_tags_of_single_platforms_go_along_and_are_held(
    released: Released, tmp_path: Path, registries: Registries
):
    text = (released.project.root / "polyarch.toml").read_text()
    lines = [line for line in text.splitlines() if "type=sha" not in line]
    aliases = 'alias-tags = ["latest-{arch}", "{{version}}-{arch}"]'
    released.project.toml(
        "\n".join(lines).replace("[defaults.direct]", f"{aliases}\n[defaults.direct]")
    )
    for version in ("2.0.0", "2.1.0"):
        made = released.release(version)
        assert made.code == 0, made
    said = released.project.run("rollback", "--to", "2.0.0", "--json")
    assert said.code == 0, said
    assert ("latest-s390x", "moved") in tags_told(said)
    storage = registries[0].storage
    arch = storage.tag("team/server", "2.0.0-s390x")
    assert arch
    assert storage.tag("team/server", "latest-s390x") == arch
    sha = released.project.git("rev-parse", "v2.1.0")
    again = released.publish("2.1.0", sha, machine=released.empty_machine(tmp_path / "empty"))
    assert ("latest-s390x", "kept") in tags_told(again), again


def test_what_is_not_newer_than_what_was_taken_away_is_kept(released: Released, tmp_path: Path):
    assert back(released).code == 0
    rolled = shown(released)
    machine = released.empty_machine(tmp_path / "empty")
    between = released.publish("1.2.4", released.commit("1.2.4"), machine=None)
    assert between.code == 0, between
    assert {("latest", "kept"), ("1", "kept"), ("1.2", "moved")} <= tags_told(between)
    again = released.publish("1.3.0", machine.git("rev-parse", "v1.3.0"), machine=machine)
    assert {("latest", "kept"), ("1", "kept")} <= tags_told(again), again
    assert [each["latest"] for each in shown(released)] == [each["latest"] for each in rolled]
