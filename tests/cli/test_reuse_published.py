"""What was published is taken again by machines that have nothing: found by key, proven, told."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.sandbox.server import SandboxRegistry
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]


class Line:
    """One project's CI: every job on a machine that has no state of its own."""

    def __init__(self, project: TinyProject, registries: Registries) -> None:
        self.project = project
        self.registries = registries

    def event(
        self, name: str = "push", ref: str = "refs/heads/main", **more: str
    ) -> dict[str, str]:
        return github(name, ref, self.project.git("rev-parse", "HEAD"), **more)

    def run(self, *words: str, keep: bool = False, **event: str) -> Said:
        if not keep:
            shutil.rmtree(self.project.root / ".polyarch", ignore_errors=True)
        return self.project.run(*words, "--json", more=self.event(**event))

    def publish(self, *words: str, code: int = 0, **more: Any) -> dict[str, Any]:
        said = self.run("publish", *words, **more)
        assert said.code == code, said
        return said.document

    def reused(self, *words: str, **more: Any) -> dict[str, list[bool]]:
        """Which platforms of each image were taken again."""
        images = self.publish(*words, **more)["images"]
        return {each["name"]: [p["reused"] for p in each["platforms"]] for each in images}

    def planned(self, *words: str, **more: Any) -> list[dict[str, Any]]:
        said = self.run("plan", *words, **more)
        assert said.code == 0, said
        return [each for image in said.document["images"] for each in image["platforms"]]

    def changes(self, *words: str, **more: Any) -> list[list[str]]:
        return [each["changes"] for each in self.planned(*words, **more)]

    def index(self, tag: str = "main", image: str = "app", number: int = 0) -> dict[str, Any]:
        return self.manifest(self.digest(tag, image, number), image, number)

    def manifest(self, digest: Digest, image: str = "app", number: int = 0) -> dict[str, Any]:
        found = self.registries[number].storage.manifest(f"team/{image}", digest)
        assert found
        return dict(json.loads(found.raw))

    def digest(self, tag: str = "main", image: str = "app", number: int = 0) -> Digest:
        found = self.registries[number].storage.tag(f"team/{image}", tag)
        assert found
        return found

    def asked(self, method: str, part: str, number: int = 0) -> int:
        return sum(
            each.method == method and part in each.path for each in self.registries[number].requests
        )


@pytest.fixture
def line(published: TinyProject, registries: Registries) -> Line:
    published.write({".dockerignore": "polyarch.toml\n.dockerignore\nnotes\n"})
    published.commit()
    return Line(published, registries)


def toml(line: Line, old: str, new: str) -> None:
    path = line.project.root / "polyarch.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    line.project.commit()


def test_nothing_changed_is_the_same_index_and_nothing_is_built(line: Line) -> None:
    first = line.publish()
    again = line.publish()
    assert [p["reused"] for p in first["images"][0]["platforms"]] == [False, False]
    assert [p["reused"] for p in again["images"][0]["platforms"]] == [True, True]
    assert again["images"][0]["digest"] == first["images"][0]["digest"]
    assert {each["status"] for each in again["images"][0]["destinations"]} == {"unchanged"}


def test_nothing_changed_asks_for_nothing_twice(line: Line) -> None:
    line.publish()
    for registry in line.registries:
        registry.forget_requests()
    line.publish()
    first = line.registries[0].requests
    reads = [each.path for each in first if each.method == "GET"]
    assert len(reads) == len(set(reads)), "each manifest, config and layer once"
    looks = Counter(each.path for each in first if each.method == "HEAD")
    assert max(looks.values()) == 2, "once to find it, once before tags move"
    for other in line.registries[1:]:
        assert not [
            each for each in other.requests if "/blobs/sha256" in each.path and each.method == "GET"
        ]


def test_the_key_stands_beside_each_platform_and_nothing_else_does(line: Line) -> None:
    line.publish()
    for number in range(3):
        for child in line.index(number=number)["manifests"]:
            assert child["annotations"].keys() == {annotation.INPUT_KEY}


def test_another_commit_has_the_old_layers_and_its_own_labels(line: Line) -> None:
    before = line.publish()["images"][0]
    commit = line.project.commit("The same")
    after = line.publish()["images"][0]
    assert [p["reused"] for p in after["platforms"]] == [True, True]
    assert after["digest"] != before["digest"]
    shutil.rmtree(line.project.root / ".polyarch")
    fresh = line.publish("--force")["images"][0]
    assert fresh["digest"] == after["digest"], "a build would have given the same bytes"
    assert line.index()["annotations"][annotation.REVISION] == commit


def test_with_reuse_digest_the_image_stays_and_the_index_tells_of_this_run(line: Line) -> None:
    toml(line, "[images.app.direct]", '[images.app]\nreuse = "digest"\n[images.app.direct]')
    before = line.publish()["images"][0]
    commit = line.project.commit("The same")
    after = line.publish()["images"][0]
    assert [p["digest"] for p in after["platforms"]] == [p["digest"] for p in before["platforms"]]
    assert line.index()["annotations"][annotation.REVISION] == commit
    assert [p["reused"] for p in after["platforms"]] == [True, True]


def test_only_the_platform_whose_input_changed_is_built(line: Line) -> None:
    line.publish()
    line.project.toml('+[images.app.platform."linux/s390x"]\nlabels = { a = "b" }\n')
    line.project.commit()
    assert line.reused() == {"app": [True, False]}
    assert line.reused() == {"app": [True, True]}


@pytest.mark.parametrize("change", ["an ignored file", "a remark in the config"])
def test_what_is_no_input_changes_nothing(line: Line, change: str) -> None:
    line.publish()
    if change == "an ignored file":
        line.project.write({"notes": "more"})
    else:
        line.project.toml("+# a remark\n")
    line.project.commit()
    assert line.reused() == {"app": [True, True]}


def test_this_machine_s_own_part_is_taken_before_registries_are_asked(line: Line) -> None:
    line.publish()
    reasons = {each["reason"] for each in line.planned(keep=True)}
    assert reasons == {"nothing has changed: this machine's own part"}
    assert {each["reuse"] for each in line.planned(keep=True)} == {"part"}


class TestWhere:
    """Tags of the project in its own repositories, and no others."""

    def test_a_tag_finds_what_the_default_branch_has(self, line: Line) -> None:
        line.publish()
        self.origin(line)
        line.project.git("tag", "v1.0.0")
        assert [each["reuse"] for each in line.planned(ref="refs/tags/v1.0.0")] == ["layers"] * 2

    def origin(self, line: Line) -> None:
        """Let git know the default branch, as a clone does."""
        line.project.git("update-ref", "refs/remotes/origin/main", "HEAD")
        line.project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

    def test_a_new_branch_finds_what_the_default_branch_has(self, line: Line) -> None:
        toml(line, "[images.app.direct]", '[publish]\non = ["branch:**"]\n[images.app.direct]')
        line.publish()
        self.origin(line)
        line.project.commit("On a branch")
        [one, two] = line.planned(ref="refs/heads/topic/x")
        assert one["source"].startswith(f"{line.registries[0].host}/team/app@sha256:")
        assert one["reason"] == (
            "nothing has changed: its layers are taken from"
            f" `{line.registries[0].host}/team/app:main`"
        )
        assert two["reuse"] == "layers"

    def test_a_cache_tag_is_one_more_place(self, line: Line) -> None:
        line.publish()
        self.move(line, "main", "kept")
        self.forget(line, "main")
        assert [each["reuse"] for each in line.planned()] == [None, None]
        toml(line, "[images.app.direct]", '[images.app]\ncache-tag = "kept"\n[images.app.direct]')
        assert [each["reuse"] for each in line.planned()] == ["layers", "layers"]

    @pytest.mark.parametrize("tag", ["pr-7", "other", "main-1"])
    def test_a_key_under_a_foreign_tag_is_never_used(self, line: Line, tag: str) -> None:
        line.publish()
        self.move(line, "main", tag)
        self.forget(line, "main")
        assert line.reused() == {"app": [False, False]}
        assert not line.asked("HEAD", f"/manifests/{tag}")

    def test_a_key_in_a_foreign_repository_is_never_used(self, line: Line) -> None:
        line.publish()
        toml(line, "/team/{image}", "/other/{image}")
        asked = len(line.registries[0].requests)
        assert line.reused() == {"app": [False, False]}
        paths = [each.path for each in line.registries[0].requests[asked:]]
        assert not [path for path in paths if "/team/" in path]

    def test_pull_requests_look_for_nothing(self, line: Line) -> None:
        line.publish()
        asked = len(line.registries[0].requests)
        said = line.run("build", name="pull_request", ref="refs/pull/7/merge")
        assert said.code == 0
        assert [part["reused"] for part in said.document["parts"]] == [False, False]
        assert len(line.registries[0].requests) == asked

    def test_the_next_repository_where_the_first_has_nothing(self, line: Line) -> None:
        line.publish()
        for tag in line.registries[0].storage.tags("team/app"):
            line.registries[0].storage.delete_tag("team/app", tag)
        assert [each["reuse"] for each in line.planned()] == ["layers", "layers"]

    def move(self, line: Line, tag: str, to: str) -> None:
        for number, registry in enumerate(line.registries):
            registry.storage.put_tag("team/app", to, line.digest(tag, number=number))

    def forget(self, line: Line, *_tags: str) -> None:
        """Take away what this event's own tags show, so that only others are left."""
        sha = line.project.git("rev-parse", "--short=7", "HEAD")
        for registry in line.registries:
            for tag in ("main", f"sha-{sha}"):
                registry.storage.delete_tag("team/app", tag)


DAMAGE: dict[str, Callable[[dict[str, Any]], str]] = {
    "a layer": lambda manifest: manifest["layers"][0]["digest"],
    "the config": lambda manifest: manifest["config"]["digest"],
}


@pytest.mark.parametrize("what", DAMAGE)
def test_where_something_is_missing_nothing_is_taken(line: Line, what: str) -> None:
    line.publish()
    child = Digest.parse(line.index()["manifests"][0]["digest"])
    blob = Digest.parse(DAMAGE[what](line.manifest(child)))
    line.registries[0].storage.unlink_blob("team/app", blob)
    line.project.commit()
    assert line.changes()[0] != []
    assert line.reused() == {"app": [False, True]}


def test_force_looks_for_nothing(line: Line) -> None:
    line.publish()
    assert line.reused("--force") == {"app": [False, False]}


def test_a_scheduled_run_builds_only_where_it_is_asked_to(line: Line) -> None:
    line.publish()
    assert [each["reuse"] for each in line.planned(name="schedule")] == ["layers", "layers"]
    toml(line, "[images.app.direct]", "[images.app]\nschedule-rebuilds = true\n[images.app.direct]")
    assert line.reused(name="schedule") == {"app": [False, False]}
    assert line.reused() == {"app": [True, True]}


def test_the_plan_says_why(line: Line) -> None:
    assert line.changes() == [["nothing of it was found"]] * 2
    line.publish()
    assert line.changes() == [[], []]
    line.project.write({"make.sh": "printf y > $1\n"})
    line.project.commit()
    assert line.changes() == [["what it is built from is not what it was"]] * 2
    said = line.project.run("plan", more=line.event())
    assert "what it is built from is not what it was" in said.stdout


def test_a_rehearsal_takes_what_an_earlier_one_left(line: Line) -> None:
    line.publish("--sandbox")
    shutil.rmtree(line.project.root / ".polyarch" / "parts")
    line.project.commit()
    assert line.reused("--sandbox", keep=True) == {"app": [True, True]}
    assert not line.asked("GET", "/"), "nothing left this machine"
