"""What people read of tags that were put back: by `inspect`, by `runs who`, by other verbs."""

import shutil
from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.released import Released
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in one registry."""
    made = Released.make(tmp_path / "project", [registries[0].host], ["server"])
    for version in ("1.2.3", "1.3.0"):
        said = made.release(version)
        assert said.code == 0, said
    return made


def name(released: Released, tag: str) -> str:
    return f"{released.hosts[0]}/team/server:{tag}"


def back(released: Released, why: str = "it leaks") -> Said:
    words = ("rollback", "server", "--to", "1.2.3", "--why", why)
    more = github("push", "refs/heads/main", released.project.git("rev-parse", "HEAD"))
    said = released.project.run(*words, more={**more, "GITHUB_ACTOR": "ada"})
    assert said.code == 0, said
    return said


def forget(project: TinyProject) -> None:
    shutil.rmtree(project.root / ".polyarch")


class TestInspect:
    def test_a_hold_has_a_line_of_its_own(self, released: Released):
        back(released, "it leaks\n\x1b[31mred")
        said = released.project.run("inspect", name(released, "1"))
        lines = (said.stdout + said.stderr).splitlines()
        [at] = [number for number, line in enumerate(lines) if "`1` was put back" in line]
        assert "`1` was put back from 1.3.0 by ada" in lines[at]
        assert "application/vnd.polyarch.hold.v1 sha256:" in lines[at - 1]
        assert r"it leaks\n\x1b[31mred" in " ".join(lines)
        assert "\\\\" not in said.stdout + said.stderr


class TestWho:
    def test_a_hold_says_who_where_no_record_does(self, released: Released):
        back(released)
        run = released.newest_run().name
        before = released.project.run("runs", "who", name(released, "latest"), "--json")
        [known] = before.document["answers"]
        assert known["source"] == "local"
        forget(released.project)
        said = released.project.run("runs", "who", name(released, "latest"), "--json")
        [answer] = said.document["answers"]
        assert answer["source"] == "hold"
        for key in ("digest", "commit", "version", "actor", "why", "run", "replaced"):
            assert answer[key] == known[key], key
        assert (answer["actor"], answer["why"], answer["run"]) == ("ada", "it leaks", run)
        assert answer["replaced"]["digest"]
        assert answer["verb"] is None
        text = released.project.run("runs", "who", name(released, "latest")).stdout
        assert f"put back by ada in run {run}\n  why      it leaks" in text
        assert f"in place of {answer['replaced']['digest']}" in text
        assert "known from the hold beside the image, and no record" in text

    def test_a_tag_that_was_not_put_back_has_none(self, released: Released):
        back(released)
        forget(released.project)
        said = released.project.run("runs", "who", name(released, "1.2.3"), "--json")
        [answer] = said.document["answers"]
        assert (answer["source"], answer["actor"], answer["why"]) == ("index", None, None)

    def test_records_of_what_was_before_do_not_hide_it(self, released: Released):
        back(released)
        shutil.rmtree(released.newest_run())
        said = released.project.run("runs", "who", name(released, "latest"), "--json")
        [answer] = said.document["answers"]
        assert (answer["source"], answer["actor"], answer["later"]) == ("hold", "ada", None)

    def test_a_record_that_is_newer_counts_more(self, released: Released):
        back(released)
        digest = "--digest", _digest(released, "latest")
        again = released.project.run("tag", name(released, "1.3.0"), "latest")
        assert again.code == 0, again
        said = released.project.run("runs", "who", name(released, "latest"), *digest, "--json")
        [answer] = said.document["answers"]
        assert (answer["source"], answer["verb"]) == ("local", "rollback")
        assert answer["later"]


class TestCopy:
    def copied(self, released: Released, tag: str) -> Said:
        return released.project.run("copy", name(released, "1.3.0"), name(released, tag), "--json")

    def test_it_says_that_it_moves_a_held_tag(self, released: Released):
        back(released)
        said = self.copied(released, "latest")
        assert said.code == 0, said
        told = "it was put back from 1.3.0 by ada, and waits for something newer: it leaks"
        warning = f"{name(released, 'latest')} has moved, though {told}; nothing holds it any more"
        assert said.stderr.count(warning) == 1
        [tag] = said.document["images"][0]["destinations"][0]["references"]
        assert (tag["status"], tag["reason"]) == ("moved", told)
        assert "put back" not in self.copied(released, "latest").stderr

    def test_tags_that_are_not_held_are_moved_in_silence(self, released: Released):
        back(released)
        for tag in ("1.2", "new"):
            said = self.copied(released, tag)
            assert said.code == 0, said
            assert "put back" not in said.stderr

    def test_a_registry_that_does_not_tell_of_holds_is_copied_to(
        self, released: Released, registries: Registries
    ):
        back(released)

        async def refuses(call: Call) -> Answer | Call | None:
            asked = call.target.kind is Kind.REFERRERS
            return refusal("DENIED", "no", status=403) if asked else None

        registries[0].quirks = Quirks(on_request=refuses)
        said = self.copied(released, "latest")
        assert said.code == 0, said
        assert _digest(released, "latest") == _digest(released, "1.3.0")


class TestHint:
    def test_publish_says_how_a_hold_is_lifted(self, released: Released):
        back(released)
        said = released.publish("1.3.0", released.project.git("rev-parse", "v1.3.0"), "--force")
        assert said.code == 0, said
        [hint] = [line for line in said.stderr.splitlines() if "polyarch tag" in line]
        told, _, command = hint.partition("polyarch ")
        assert "server: 1, latest stay where they were put back to" in told
        assert command == f"tag {name(released, '1.3.0')} 1 latest"
        assert released.project.run(*command.split()).code == 0
        assert _digest(released, "latest") == _digest(released, "1.3.0")

    def test_nothing_is_said_where_no_tag_is_held(self, released: Released):
        said = released.release("1.4.0")
        assert "polyarch tag" not in said.stderr


def _digest(released: Released, tag: str) -> str:
    said = released.project.run("runs", "who", name(released, tag), "--json")
    digest: str = said.document["answers"][0]["digest"]
    return digest
