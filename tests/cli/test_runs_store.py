"""Records that outlive a machine, and the answers that they give."""

import re
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from polyarch.cli import run_keeping
from polyarch.oci.reference import Repository
from polyarch.pipeline.run_store import RunStore
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.golden import compare, session
from tests.support.tiny_project import Said, TinyProject, github

GOLDEN = Path(__file__).parent / "golden" / "runs"
Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def stored(published: TinyProject, registries: Registries) -> TinyProject:
    """The project, whose records go to its third registry."""
    published.toml(f'+\n[runs]\nstore = "{registries[2].host}/team/runs"\n')
    published.commit("Keep records")
    return published


def on_main(project: TinyProject, **more: str) -> Mapping[str, str]:
    sha = project.git("rev-parse", "HEAD")
    return github("push", "refs/heads/main", sha, GITHUB_ACTOR="octo", **more)


def publish(project: TinyProject, *words: str, **more: str) -> Said:
    return project.run("publish", "--json", *words, more=on_main(project, **more))


def change(project: TinyProject, text: str) -> str:
    """Let the image be another, and give the commit."""
    script = (project.root / "make.sh").read_text()
    project.write({"make.sh": f"{script}echo {text} >> $1\n"})
    return project.commit(text)


def forget(project: TinyProject) -> None:
    """The disk is gone with its machine."""
    shutil.rmtree(project.root / ".polyarch")


def listed(project: TinyProject, *words: str) -> Any:
    said = project.run("runs", "--store", "--json", *words)
    assert said.code == 0, said
    return said.document["runs"]


def who(project: TinyProject, *words: str) -> Any:
    said = project.run("runs", "who", "--json", *words)
    assert said.code == 0, said
    assert said.document["schema"] == "polyarch.who/v1"
    return said.document["answers"]


class TestStore:
    def test_a_record_is_read_on_a_machine_with_no_disk(self, stored: TinyProject) -> None:
        assert publish(stored).code == 0
        kept = stored.runs[-1]
        plan = (kept / "plan.json").read_bytes()
        forget(stored)
        (run,) = listed(stored)
        assert (run["id"], run["state"], run["origin"]) == (kept.name, "done", "store")
        assert run["images"] == ["app"]
        shown = stored.run("runs", "show", "last", "--store", "--json")
        (found,) = shown.document["runs"]
        assert found["result"]["run"] == kept.name
        assert {tag["before"] for tag in found["tags"]} == {""}
        report = stored.run("runs", "report", "last", "--store")
        assert "linux/s390x" in report.stdout
        assert b"linux/s390x" in plan

    def test_logs_and_journals_stay_behind(
        self, stored: TinyProject, registries: Registries
    ) -> None:
        stored.write({"make.sh": (stored.root / "make.sh").read_text() + "echo a-quiet-word\n"})
        stored.commit()
        assert publish(stored).code == 0
        assert any(b"a-quiet-word" in path.read_bytes() for path in stored.files())
        repository = Repository.parse(f"{registries[2].host}/team/runs")
        with BlockingRegistries(RegistryClient) as open_registries:
            store = RunStore(repository, open_registries)
            documents = store.record(store.list(1)[0]).documents
        assert set(documents) >= {"run.json", "result.json", "events.jsonl", "tags.json"}
        assert not [name for name in documents if "log" in name or "journal" in name]
        assert not any(b"a-quiet-word" in raw for raw in documents.values())

    @pytest.mark.parametrize("words", [("--sandbox",), ("--dry-run",)])
    def test_what_must_not_leave_does_not(
        self, stored: TinyProject, words: tuple[str, ...]
    ) -> None:
        assert publish(stored, *words).code == 0
        assert listed(stored) == []

    def test_a_pull_request_and_a_laptop_store_nothing(self, stored: TinyProject) -> None:
        sha = stored.git("rev-parse", "HEAD")
        asked = github("pull_request", "refs/pull/7/merge", sha)
        assert stored.run("publish", more=asked).code == 0
        assert stored.run("build").code == 0
        assert listed(stored) == []

    def test_a_build_in_ci_and_a_copy_are_stored(
        self, stored: TinyProject, registries: Registries
    ) -> None:
        assert publish(stored).code == 0
        source, target = (f"{each.host}/team" for each in registries[:2])
        assert stored.run("copy", f"{source}/app:main", f"{target}/copy:main").code == 0
        assert stored.run("build", more=on_main(stored)).code == 0
        assert [run["verb"] for run in listed(stored)] == ["build", "copy", "publish"]

    def test_a_store_that_refuses_changes_nothing(
        self, stored: TinyProject, registries: Registries
    ) -> None:
        good = publish(stored)
        forget(stored)
        text = (stored.root / "polyarch.toml").read_text()
        stored.toml(text.replace(f"{registries[2].host}/team/runs", "127.0.0.1:1/team/runs"))
        stored.commit()
        said = publish(stored)
        assert said.code == good.code == 0
        assert "warning: the record of this run could not be stored" in said.stderr
        assert said.document["schema"] == "polyarch.publish/v1"

    def test_no_store_is_told(self, published: TinyProject) -> None:
        said = published.run("runs", "--store", "--json")
        assert (said.code, said.document["code"]) == (2, "no-run-store")
        published.toml('+\n[runs]\nstore = "ci"\n')
        assert "polyarch runs import" in published.run("runs", "--store").stderr

    def test_one_that_never_answers_is_not_waited_for(
        self, stored: TinyProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_keeping, "WITHIN_S", 0.3)
        text = (stored.root / "polyarch.toml").read_text()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            place = f'store = "127.0.0.1:{silent.getsockname()[1]}/team/runs"'
            stored.toml(re.sub("store = .*", place, text))
            stored.commit()
            said = publish(stored)
        assert said.code == 0, said
        assert "could not be stored: it took too long" in said.stderr

    def test_a_stranger_in_the_store_is_passed_over(
        self, stored: TinyProject, registries: Registries
    ) -> None:
        assert publish(stored).code == 0
        host = registries[2].host
        run = stored.runs[-1].name
        for tag in ("latest", "run-20200101T000000.000Z-abcdef"):
            source = f"{host}/team/app:main"
            assert stored.run("copy", source, f"{host}/team/runs:{tag}").code == 0
        assert run in [each["id"] for each in listed(stored)]
        assert "20200101T000000.000Z-abcdef" not in [each["id"] for each in listed(stored)]


class TestWho:
    def test_from_the_runs_of_this_machine(
        self, stored: TinyProject, registries: Registries
    ) -> None:
        first = publish(stored).document["images"][0]["digest"]
        commit = change(stored, "two")
        second = publish(stored, GITHUB_RUN_ID="43").document["images"][0]["digest"]
        reference = f"{registries[0].host}/team/app:main"
        (answer,) = who(stored, reference)
        assert (answer["digest"], answer["source"]) == (second, "local")
        assert answer["run"] == stored.runs[-1].name
        assert (answer["actor"], answer["commit"], answer["verb"]) == ("octo", commit, "publish")
        assert answer["ci_run"].endswith("/43")
        assert answer["replaced"] == {"known": True, "digest": first}
        assert answer["time"]
        (earlier,) = who(stored, reference, "--digest", first)
        assert earlier["run"] == stored.runs[0].name
        assert earlier["replaced"] == {"known": True, "digest": None}
        assert earlier["later"]["digest"] == second

    def test_as_people_read_it(self, stored: TinyProject, registries: Registries) -> None:
        assert publish(stored).code == 0
        change(stored, "two")
        assert publish(stored, GITHUB_RUN_ID="43").code == 0
        reference = f"{registries[0].host}/team/app:main"
        said = stored.run("runs", "who", reference)
        text = session(stored, f"runs who {reference}", said)
        steady = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-01 00:00:00", text)
        compare(GOLDEN / "who.txt", steady)

    def test_from_the_store(self, stored: TinyProject, registries: Registries) -> None:
        first = publish(stored).document["images"][0]["digest"]
        commit = change(stored, "two")
        assert publish(stored).code == 0
        run = stored.runs[-1].name
        forget(stored)
        answers = who(stored, "main")
        assert len(answers) == 3
        for answer in answers:
            assert (answer["source"], answer["run"], answer["commit"]) == ("store", run, commit)
            assert answer["replaced"] == {"known": True, "digest": first}
            assert answer["where"].startswith(f"{registries[2].host}/team/runs:run-")

    def test_from_the_image_itself(self, published: TinyProject, registries: Registries) -> None:
        assert publish(published).code == 0
        forget(published)
        (answer,) = who(published, f"{registries[0].host}/team/app:main")
        assert (answer["source"], answer["run"]) == ("index", None)
        assert answer["commit"] == published.git("rev-parse", "HEAD")
        assert answer["version"] == "main"
        text = published.run("runs", "who", f"{registries[0].host}/team/app:main").stdout
        assert "known from the image itself, and no record" in text

    def test_somebody_has_moved_it_past_polyarch(
        self, published: TinyProject, registries: Registries
    ) -> None:
        first = publish(published).document["images"][0]["digest"]
        change(published, "two")
        second = publish(published, GITHUB_RUN_ID="43").document["images"][0]["digest"]
        host = registries[0].host
        moved = ("copy", f"{host}/team/app@{first}", f"{host}/team/app:main")
        assert published.run(*moved).code == 0
        (answer,) = who(published, f"{host}/team/app:main")
        assert (answer["digest"], answer["verb"]) == (first, "copy")
        assert answer["replaced"] == {"known": True, "digest": second}
        assert answer["commit"] == published.git("rev-parse", "HEAD~1")
        shutil.rmtree(published.runs[-1])
        (answer,) = who(published, f"{host}/team/app:main")
        assert (answer["digest"], answer["verb"]) == (first, "publish")
        assert answer["later"]["digest"] == second

    def test_a_registry_that_is_down_leaves_the_last_known(
        self, published: TinyProject, registries: Registries
    ) -> None:
        done = publish(published).document["images"][0]["digest"]
        registries[0].quirks = Quirks(denied_actions=frozenset({"pull", "push"}))
        (answer,) = who(published, f"{registries[0].host}/team/app:main")
        assert (answer["state"], answer["digest"]) == ("unknown", done)
        assert answer["reason"]
        assert answer["source"] == "local"

    def test_a_rehearsal_counts_for_nothing(
        self, published: TinyProject, registries: Registries
    ) -> None:
        assert publish(published, "--sandbox").code == 0
        said = published.run("runs", "who", f"{registries[0].host}/team/app:main", "--json")
        assert said.code == 3
        (answer,) = said.document["answers"]
        assert (answer["state"], answer["run"]) == ("absent", None)

    def test_from_a_record_that_was_imported(
        self, published: TinyProject, registries: Registries, tmp_path: Path
    ) -> None:
        first = publish(published).document["images"][0]["digest"]
        change(published, "two")
        assert publish(published).code == 0
        away = tmp_path / "artifact"
        shutil.move(published.root / ".polyarch" / "runs", away)
        assert published.run("runs", "import", str(away)).code == 0
        (answer,) = who(published, f"{registries[0].host}/team/app:main")
        assert (answer["source"], answer["actor"]) == ("imported", "octo")
        assert answer["replaced"] == {"known": True, "digest": first}

    def test_outside_any_project(self, tmp_path: Any) -> None:
        nowhere = TinyProject.make(tmp_path / "nowhere", {}, git=False)
        assert nowhere.run("runs", "who", "latest").code == 2
        assert nowhere.run("runs").code == 0
