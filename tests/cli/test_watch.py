"""`polyarch watch`: what is wrong with what is published, and what another registry can mend."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from polyarch.oci.manifest import ImageIndex
from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from polyarch.sandbox.wire import HANG_UP, Answer, Call
from tests.support.tiny_project import TinyProject, github
from tests.support.watched import (
    FIRST,
    SECOND,
    Held,
    codes,
    copied,
    findings,
    published_as,
    published_in,
    ruled,
    watched,
)

Registries = tuple[SandboxRegistry, ...]


@dataclass(frozen=True)
class Stage:
    """What was published once, for all tests to damage a copy of it."""

    project: TinyProject
    registries: Registries
    kept: tuple[MemoryStorage, ...]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two releases, the branch and a nightly stand in all three registries."""
    three = tuple(SandboxRegistry() for _ in range(3))
    with running(*three):
        project = ruled(published_in(tmp_path_factory.mktemp("stage") / "project", three))
        published_as(project, "refs/tags/v1.1.0")
        project.write({"make.sh": (project.root / "make.sh").read_text() + "# more\n"})
        project.commit("Next")
        published_as(project, "refs/tags/v1.2.0")
        published_as(project, "refs/heads/main")
        published_as(project, "refs/heads/main", "schedule")
        shutil.rmtree(project.root / ".polyarch/parts")
        kept = tuple(copied(each.storage) for each in three)
        yield Stage(project=project, registries=three, kept=kept)


@pytest.fixture
def registries(stage: Stage) -> Registries:
    for registry, kept in zip(stage.registries, stage.kept, strict=True):
        registry.storage, registry.quirks = copied(kept), Quirks()
    return stage.registries


@pytest.fixture
def shown(stage: Stage, registries: Registries, tmp_path: Path) -> TinyProject:
    """A copy of the project, records of its runs and all."""
    del registries
    root = tmp_path / "project"
    shutil.copytree(stage.project.root, root)
    return TinyProject(root=root, environment=stage.project.environment)


@pytest.fixture
def held(registries: Registries) -> tuple[Held, ...]:
    return tuple(Held(each) for each in registries)


def forget(project: TinyProject) -> None:
    """Let the machine be an empty one."""
    shutil.rmtree(project.root / ".polyarch")


def test_all_is_well(shown: TinyProject):
    said = watched(shown)
    [image] = said.document["results"]
    assert (said.document["ok"], image["findings"]) == (True, [])
    assert image["checked"]["platforms"] >= 12
    sorts = {each["tag"]: (each["sort"], each["current"]) for each in image["tags"]}
    assert sorts.pop("1.1.0") == ("version", False)
    assert sorts.pop("1.2.0") == ("version", True)
    assert sorts.pop("1.1") == ("moving", False)
    assert sorts.pop("1.2") == ("moving", True)
    assert sorts.pop("main") == ("branch", True)
    assert sorts.pop("nightly") == ("nightly", True)
    assert {each for each, _ in sorts.values()} <= {"commit", "moving"}
    assert [each["state"] for each in image["sampled"]] == ["ok"]


class TestLost:
    def test_a_child(self, shown: TinyProject, held: tuple[Held, ...]):
        digest = held[1].lose_child("1.2.0", SECOND)
        said = watched(shown, code=1)
        [found] = findings(said)
        assert (found["code"], found["platform"]) == ("W103", SECOND)
        assert found["path"] == f"{held[1].repository}@{digest}"
        assert "--repair" in found["hint"]
        watched(shown, "--repair")
        assert codes(watched(shown)) == set()

    def test_a_blob(self, shown: TinyProject, held: tuple[Held, ...]):
        held[0].lose_blob("1.1.0", FIRST)
        said = watched(shown, code=1)
        [found] = findings(said)
        assert (found["code"], found["platform"]) == ("W104", FIRST)
        assert watched(shown, "--repair").document["images"][0]["destinations"]
        assert codes(watched(shown)) == set()

    def test_a_blob_that_nobody_has(self, shown: TinyProject, held: tuple[Held, ...]):
        for each in held:
            each.lose_blob("1.2.0", FIRST)
        said = watched(shown, "--repair", "--sample", "0", code=1)
        assert {each["code"] for each in findings(said)} == {"W104"}
        assert all("no other registry" in each["hint"] for each in findings(said))
        assert "nothing was mended" in said.stderr

    def test_a_tag(self, shown: TinyProject, held: tuple[Held, ...]):
        for tag in ("1.2.0", "1.1.0"):
            held[2].registry.storage.delete_tag("team/app", tag)
        said = watched(shown, code=1)
        assert sorted(each["code"] for each in findings(said)) == ["W108", "W109"]
        assert watched(shown, "--repair").document["ok"] is True
        assert held[2].digest("1.2.0") == held[0].digest("1.2.0")

    def test_what_a_tag_points_to(self, shown: TinyProject, held: tuple[Held, ...]):
        storage = held[0].registry.storage
        digest = held[0].digest("1.1.0")
        tags = [tag for tag in storage.tags("team/app") if storage.tag("team/app", tag) == digest]
        storage.delete_manifest("team/app", digest)
        for tag in tags:
            storage.put_tag("team/app", tag, digest)
        said = watched(shown, code=1)
        assert codes(said) == {"W102"}
        watched(shown, "--repair")
        assert held[0].index("1.1.0").manifests

    def test_a_platform_in_one_registry(self, shown: TinyProject, held: tuple[Held, ...]):
        forget(shown)
        held[1].lose_platform("1.1.0", SECOND)
        said = watched(shown, code=1)
        assert codes(said) == {"W106", "W110"}
        [lost] = [each for each in findings(said) if each["code"] == "W106"]
        assert (lost["platform"], lost["path"]) == (SECOND, "1.1.0")
        assert held[1].repository in lost["message"]

    def test_a_platform_everywhere(self, shown: TinyProject, held: tuple[Held, ...]):
        forget(shown)
        for each in held:
            each.lose_platform("1.2.0", SECOND)
        assert codes(watched(shown, code=1)) == {"W106"}

    def test_a_platform_of_an_old_version_that_only_a_record_knows(
        self, shown: TinyProject, held: tuple[Held, ...]
    ):
        before = held[0].digest("1.1.0")
        for each in held:
            each.lose_platform("1.1.0", SECOND)
        said = watched(shown, code=1)
        [found] = [each for each in findings(said) if each["severity"] == "error"]
        assert found["code"] == "W106"
        reference = f"{held[0].repository}@{before}"
        assert f"`polyarch tag {reference} 1.1.0 --everywhere`" in found["hint"]
        assert shown.run("tag", reference, "1.1.0", "--everywhere").code == 0
        assert codes(watched(shown)) == set(), "what the hint says helps"

    def test_a_platform_that_the_store_knows_on_an_empty_machine(
        self, shown: TinyProject, registries: Registries, held: tuple[Held, ...]
    ):
        forget(shown)
        shown.toml(f'+\n[runs]\nstore = "{registries[0].host}/team/runs"\n')
        in_ci = github("schedule", "refs/heads/main", shown.git("rev-parse", "HEAD"))
        watched(shown, "--sample", "0", more=in_ci)
        forget(shown)
        for each in held:
            each.lose_platform("1.1.0", SECOND)
        assert codes(watched(shown, "--sample", "0", code=1)) == {"W106"}

    def test_a_platform_of_an_old_version_that_the_last_watch_knows(
        self, shown: TinyProject, held: tuple[Held, ...]
    ):
        forget(shown)
        watched(shown)
        for each in held:
            each.lose_platform("1.1.0", SECOND)
        assert codes(watched(shown, code=1)) == {"W106"}
        assert codes(watched(shown, code=1)) == {"W106"}, "and it stays known"


class TestMoved:
    def foreign(self, held: Held) -> ImageIndex:
        return ImageIndex.build(held.index("main").manifests, annotations={"by": "somebody"})

    def test_by_a_foreign_client(self, shown: TinyProject, held: tuple[Held, ...]):
        held[2].put("1.2", self.foreign(held[2]))
        said = watched(shown, code=1)
        [found] = findings(said)
        assert (found["code"], found["path"]) == ("W110", "1.2")
        assert watched(shown, "--repair").document["ok"] is True
        assert held[2].digest("1.2") == held[0].digest("1.2")

    def test_on_an_empty_machine_most_registries_count(
        self, shown: TinyProject, held: tuple[Held, ...]
    ):
        forget(shown)
        held[2].put("1.2", self.foreign(held[2]))
        watched(shown, "--repair")
        assert held[2].digest("1.2") == held[0].digest("1.2")

    def test_where_nobody_can_say_it_is_told(self, shown: TinyProject, held: tuple[Held, ...]):
        forget(shown)
        held[1].put("1.2", self.foreign(held[1]))
        held[2].put("1.2", ImageIndex.build(held[2].index("main").manifests))
        said = watched(shown, "--repair", code=1)
        assert codes(said) == {"W110"}
        assert "polyarch copy" in findings(said)[0]["hint"]

    def test_keys_stay(self, shown: TinyProject, held: tuple[Held, ...]):
        held[2].put("1.2", self.foreign(held[2]))
        first, second = watched(shown, code=1), watched(shown, code=1)
        keys = [[each["key"] for each in findings(said)] for said in (first, second)]
        assert keys == [["W110 app 1.2"]] * 2


class TestUnasked:
    def test_a_registry_that_is_down(self, shown: TinyProject, registries: Registries):
        registries[1].quirks = Quirks(down=True)
        said = watched(shown, code=5)
        assert codes(said) == {"W101"}
        assert said.document["ok"] is False
        asked = [each["asked"] for each in said.document["results"][0]["repositories"]]
        assert asked == [True, False, True]

    def test_and_the_others_are_mended_all_the_same(
        self, shown: TinyProject, registries: Registries, held: tuple[Held, ...]
    ):
        registries[1].quirks = Quirks(down=True)
        held[0].lose_child("1.2.0", SECOND)
        watched(shown, "--repair", code=5)
        assert held[0].child("1.2.0", SECOND).layers

    def test_one_that_refuses_the_login(self, shown: TinyProject, registries: Registries):
        registries[1].quirks = Quirks(denied_actions=frozenset({"pull"}))
        assert codes(watched(shown, code=7)) == {"W101"}


class TestOptions:
    def test_only_errors(self, shown: TinyProject, held: tuple[Held, ...]):
        held[2].registry.storage.delete_tag("team/app", "1.1.0")
        watched(shown, code=1)
        watched(shown, "--fail-on", "error")

    def test_a_pull_request_mends_nothing(self, shown: TinyProject):
        more = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "CI": "true"}
        said = shown.run("watch", "--repair", more={**more, "GITHUB_REF": "refs/pull/7/merge"})
        assert said.code == 7, said
        assert "pull request" in said.stderr

    def test_repair_and_bases(self, shown: TinyProject):
        assert shown.run("watch", "--repair", "--bases").code == 2

    def test_an_image_that_is_none(self, shown: TinyProject):
        assert shown.run("watch", "nothing").code == 3

    def test_nothing_is_published(self, shown: TinyProject, registries: Registries):
        for each in registries:
            each.storage = MemoryStorage()
        said = watched(shown, code=1)
        assert codes(said) == {"W111"}

    def test_on_the_screen(self, shown: TinyProject, held: tuple[Held, ...]):
        held[1].lose_child("1.2.0", SECOND)
        said = shown.run("watch")
        assert said.code == 1, said
        assert "W103" in said.stdout
        assert "wrong" in said.stdout
        assert "3 repositories" in said.stdout
        quiet = shown.run("watch", "--quiet")
        assert quiet.stdout.startswith("error W103")


class TestRecord:
    def test_it_is_a_run(self, shown: TinyProject):
        said = watched(shown)
        listed = shown.run("runs", "--json").document["runs"]
        assert (listed[0]["verb"], listed[0]["id"]) == ("watch", said.document["run"])
        assert listed[0]["images"] == ["app"]

    def test_bases_are_not_one(self, shown: TinyProject):
        before = len(shown.runs)
        watched(shown, "--bases")
        assert len(shown.runs) == before

    def test_what_was_mended_is_found_by_its_tag(
        self, shown: TinyProject, held: tuple[Held, ...], tmp_path: Path
    ):
        del tmp_path
        held[2].registry.storage.delete_tag("team/app", "1.1.0")
        run = watched(shown, "--repair").document["run"]
        told = shown.run("runs", "who", "--json", f"{held[2].repository}:1.1.0").document
        assert run in str(told)


class TestRequests:
    def test_what_counts_is_not_read_and_the_rest_once(
        self, shown: TinyProject, registries: Registries
    ):
        forget(shown)
        hub = registries[0]
        shown.toml(f'+\n[registries."{hub.host}"]\nprofile = "docker-hub"\n')
        for each in registries:
            each.forget_requests()
        watched(shown, "--sample", "0")
        reads = [read_manifests(each) for each in registries]
        assert reads[0] == []
        both = reads[1] + reads[2]
        assert len(both) == len(set(both)) > 0
        for each in registries:
            each.forget_requests()
        watched(shown, "--sample", "0")
        assert [read_manifests(each) for each in registries] == [[], [], []]

    def test_nothing_is_asked_twice(self, shown: TinyProject, registries: Registries):
        for each in registries:
            each.forget_requests()
        watched(shown, "--sample", "0")
        for each in registries:
            asked = [(request.method, request.path) for request in each.requests]
            assert len(asked) == len(set(asked))


def read_manifests(registry: SandboxRegistry) -> list[str]:
    return [
        request.path.rpartition("/")[2]
        for request in registry.requests
        if request.method == "GET" and "/manifests/" in request.path
    ]


class TestLikeGhcr:
    def test_signatures_and_lists_of_referrers_are_no_tags_of_the_image(
        self, shown: TinyProject, registries: Registries, held: tuple[Held, ...]
    ):
        registries[2].quirks = GHCR
        digest = held[2].digest("1.2.0").encoded
        for tag in (f"sha256-{digest}", f"sha256-{digest}.sig", "polyarch-lock"):
            held[2].put(tag, ImageIndex.build([]))
        assert codes(watched(shown)) == set()
        held[2].lose_child("1.2.0", SECOND)
        held[2].registry.storage.delete_tag("team/app", "1.1.0")
        assert codes(watched(shown, code=1)) == {"W103", "W108"}
        assert watched(shown, "--repair").document["ok"] is True


def test_an_image_that_is_published_nowhere(shown: TinyProject):
    shown.toml(
        "+\n[images.base]\nrepositories = []\n"
        '[images.base.direct]\nfiles = [{ from = "make.sh", to = "/make.sh" }]\n'
    )
    said = watched(shown, "--sample", "0")
    assert [each["ok"] for each in said.document["results"]] == [True, True]


class TestKilled:
    @pytest.mark.parametrize(
        "at",
        [pytest.param(1), *(pytest.param(at, marks=pytest.mark.long) for at in (2, 3))],
    )
    def test_mending_goes_on_where_it_was(
        self, shown: TinyProject, registries: Registries, held: tuple[Held, ...], at: int
    ):
        held[0].lose_child("1.2.0", SECOND)
        held[1].lose_blob("1.1.0", FIRST)
        held[2].registry.storage.delete_tag("team/app", "1.1.0")
        held[2].put("1.2", ImageIndex.build(held[2].index("main").manifests))
        writes, started = count(1), list[int]()

        async def kill(call: Call) -> Answer | None:
            if call.method == "PUT" and next(writes) == at:
                os.kill(started[0], signal.SIGKILL)
                return HANG_UP
            return None

        for each in registries:
            each.quirks = Quirks(on_request=kill)
        with shown.start("watch", "--repair", "--sample", "0") as process:
            started.append(process.pid)
            process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        for each in registries:
            each.quirks = Quirks()
        assert watched(shown, "--repair", "--sample", "0").document["ok"] is True
        assert held[2].digest("1.2") == held[0].digest("1.2")
