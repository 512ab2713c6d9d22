"""`polyarch runs`: what each run did can be read later, here and from what travelled here."""

import json
import shutil
import tarfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from polyarch.runs.summary import FILE
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.golden import compare, session
from tests.support.run_records import ID, MadeRun
from tests.support.tiny_project import Said, TinyProject, github

GOLDEN = Path(__file__).parent / "golden" / "runs"
Registries = tuple[SandboxRegistry, ...]


def ci(project: TinyProject, ref: str = "refs/heads/main", **more: str) -> Mapping[str, str]:
    return github("push", ref, project.git("rev-parse", "HEAD"), GITHUB_ACTOR="octo", **more)


def publish(project: TinyProject, *words: str, **more: str) -> Said:
    return project.run("publish", "--json", *words, more=ci(project, **more))


def listed(project: TinyProject, *words: str, more: Mapping[str, str] | None = None) -> Any:
    said = project.run("runs", *words, "--json", more=more or {})
    assert said.code == 0, said
    assert said.document["schema"] == "polyarch.runs/v1"
    return said.document["runs"]


@pytest.fixture
def recorded(project: TinyProject) -> TinyProject:
    """A project with one made record, of a publish that went partly well."""
    MadeRun(bad=frozenset({"web"})).write(project.root / ".polyarch" / "runs")
    return project


class TestList:
    def test_newest_first_with_what_became_of_each(
        self, published: TinyProject, registries: Registries
    ) -> None:
        assert publish(published).code == 0
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        published.write({"make.sh": (published.root / "make.sh").read_text() + "echo more\n"})
        published.commit()
        assert publish(published).code != 0
        runs = listed(published)
        assert [run["id"] for run in runs] == [path.name for path in reversed(published.runs)]
        assert [run["state"] for run in runs] == ["failed", "done"]
        assert runs[1]["images"] == ["app"]
        assert runs[1]["actor"] == "octo"
        assert [run["state"] for run in listed(published, "--result", "failed")] == ["failed"]
        assert len(listed(published, "--limit", "1")) == 1
        assert listed(published, "--image", "a*")
        assert not listed(published, "--image", "web")
        assert not listed(published, "--until", "2020-01-01")
        assert len(listed(published, "--since", "2020-01-01")) == 2

    def test_one_whose_process_is_gone_has_died(self, recorded: TinyProject) -> None:
        file = recorded.runs[0] / FILE
        value = json.loads(file.read_text())
        file.write_text(json.dumps({**value, "exit_code": None, "ended": None}))
        (recorded.runs[0] / "result.json").unlink()
        assert [run["state"] for run in listed(recorded)] == ["died"]
        assert listed(recorded, "--result", "died")
        assert not listed(recorded, "--result", "running")
        shown = recorded.run("runs", "show", "last")
        assert shown.code == 0, shown
        assert "died" in shown.stdout

    def test_one_that_goes_on_and_is_killed(self, project: TinyProject) -> None:
        project.write({"make.sh": ": > begun\nexec sleep 60\n"})
        with project.start("build") as running:
            end = time.monotonic() + 60
            while not (project.root / "begun").exists():
                assert time.monotonic() < end
                time.sleep(0.02)
            (run,) = listed(project)
            assert (run["state"], run["images"]) == ("running", ["app"])
            running.kill()
            running.communicate(timeout=60)
        assert [run["state"] for run in listed(project)] == ["died"]

    def test_the_oldest_go_when_a_new_one_begins(self, project: TinyProject) -> None:
        project.toml("+[runs]\nkeep = 2\n")
        runs = project.root / ".polyarch" / "runs"
        for number in range(1, 5):
            MadeRun(id=f"2026010{number}T000000.000Z-aaaaaa").write(runs)
        unfinished = runs / "20260102T000000.000Z-aaaaaa" / "journal.jsonl"
        unfinished.write_text('{"do":"begin","images":[]}\n')
        assert project.run("build").code == 0
        names = [path.name for path in project.runs]
        assert names[:2] == ["20260102T000000.000Z-aaaaaa", "20260104T000000.000Z-aaaaaa"]
        assert len(names) == 3
        assert [run["verb"] for run in listed(project, "--limit", "1")] == ["build"]

    def test_what_is_no_record_is_passed_over(self, recorded: TinyProject) -> None:
        runs = recorded.runs[0].parent
        (runs / "20260101T000000.000Z-aaaaaa").mkdir()
        other = runs / "20260102T000000.000Z-aaaaaa"
        other.mkdir()
        shutil.copy(recorded.runs[-1] / FILE, other / FILE)
        (runs / "notes.txt").write_text("mine")
        assert [run["id"] for run in listed(recorded)] == [ID]

    def test_none_at_all(self, project: TinyProject) -> None:
        assert listed(project) == []
        assert project.run("runs", "show", "last").code == 3

    def test_as_people_read_it(self, recorded: TinyProject) -> None:
        compare(GOLDEN / "list.txt", session(recorded, "runs", recorded.run("runs")))


class TestShow:
    def test_as_people_read_it(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "show", "last")
        compare(GOLDEN / "show.txt", session(recorded, "runs show last", said))

    def test_by_a_piece_of_its_id(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "show", "abcdef", "--json")
        (found,) = said.document["runs"]
        assert found["id"] == ID
        assert found["result"]["schema"] == "polyarch.publish/v1"
        assert {tag["tag"] for tag in found["tags"]} == {"v1.2.3", "v1.2", "latest"}
        assert recorded.run("runs", "show", "zzz").code == 3

    def test_a_piece_that_several_have(self, recorded: TinyProject) -> None:
        MadeRun(id="20260302T120000.000Z-abcdef").write(recorded.runs[0].parent)
        said = recorded.run("runs", "show", "abcdef")
        assert said.code == 3
        assert "may be any of 2 runs" in said.stderr

    def test_what_was_replaced_stands_in_the_journal(self, published: TinyProject) -> None:
        first = publish(published).document["images"][0]["digest"]
        published.write({"make.sh": (published.root / "make.sh").read_text() + "echo x >> $1\n"})
        published.commit()
        assert publish(published, GITHUB_RUN_ID="43").code == 0
        (run,) = published.run("runs", "show", "last", "--json").document["runs"]
        before = {tag["tag"]: tag["before"] for tag in run["tags"]}
        assert before["main"] == first
        assert "" in before.values(), "the tag of the commit is new"


class TestLogs:
    def test_which_there_are(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "logs", "last")
        compare(GOLDEN / "logs.txt", session(recorded, "runs logs last", said))

    def test_of_an_image_and_of_a_platform(self, recorded: TinyProject) -> None:
        both = recorded.run("runs", "logs", "last", "web").stdout
        assert "making web for linux/amd64" in both
        assert "making web for linux/arm64" in both
        one = recorded.run("runs", "logs", "last", "web", "linux/arm64").stdout
        assert one == "making web for linux/arm64\n"
        named = recorded.run("runs", "logs", "last", "build-web-linux-arm64").stdout
        assert named == one
        assert recorded.run("runs", "logs", "last", "web", "linux/s390x").code == 3
        assert recorded.run("runs", "logs", "last", "../run.json").code == 3

    def test_those_of_other_jobs_count_as_well(self, recorded: TinyProject) -> None:
        other = MadeRun(images=("worker",), id="20260301T115900.000Z-abcdee")
        other.write(recorded.runs[0].parent)
        said = recorded.run("runs", "logs", ID, "worker", "linux/arm64")
        assert said.stdout == "making worker for linux/arm64\n"
        assert "build-worker-linux-arm64  30 B  20260301T115900.000Z-abcdee" in (
            recorded.run("runs", "logs", ID).stdout
        )

    def test_a_terminal_is_not_steered(self, recorded: TinyProject) -> None:
        log = recorded.runs[0] / "logs" / "build-web-linux-arm64.log"
        log.write_bytes(b"\x1b[2Jgone\n")
        words = ("runs", "logs", "last", "web", "linux/arm64")
        assert recorded.run(*words, on_terminal=True).stdout == "\\x1b[2Jgone\n"
        assert recorded.run(*words).stdout == "\x1b[2Jgone\n"


class TestReport:
    def test_markdown(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "report", "last")
        compare(GOLDEN / "report.md", said.stdout)
        assert said == recorded.run("runs", "report", "last", "--markdown")

    def test_a_page(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "report", "last", "--html", "report.html")
        assert said.stdout == "report.html\n"
        page = (recorded.root / "report.html").read_text()
        assert page.startswith("<!doctype html>")
        assert "linux/arm64" in page

    def test_jobs_of_one_ci_run_are_joined(self, recorded: TinyProject) -> None:
        other = MadeRun(images=("worker",), id="20260301T115900.000Z-abcdee")
        other.write(recorded.runs[0].parent)
        text = recorded.run("runs", "report", "last").stdout
        assert "worker" in text
        assert "1 more jobs of the same CI run" in text


class TestImport:
    @pytest.fixture
    def artifact(self, tmp_path: Path) -> Path:
        """What a CI job left, with a journal and a stranger's file beside the record."""
        top = tmp_path / "artifact"
        folder = MadeRun().write(top / ".polyarch" / "runs")
        (folder / "journal.jsonl").write_text('{"do":"begin","images":[]}\n')
        (folder / "evil.sh").write_text("rm -rf /\n")
        (folder / "logs" / "link.log").symlink_to("/etc/passwd")
        return top

    @pytest.mark.parametrize("form", ["folder", "zip", "tar", "tar.gz"])
    def test_every_form(
        self, project: TinyProject, artifact: Path, tmp_path: Path, form: str
    ) -> None:
        place = artifact if form == "folder" else tmp_path / f"artifact.{form}"
        if form == "zip":
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in artifact.rglob("*"):
                    archive.write(path, path.relative_to(artifact))
        elif form != "folder":
            with tarfile.open(place, "w:gz" if form == "tar.gz" else "w") as tar:
                tar.add(artifact, "job")
        said = project.run("runs", "import", str(place))
        assert (said.code, said.stdout) == (0, f"{ID}\n"), said
        (run,) = listed(project)
        assert (run["origin"], run["state"]) == ("imported", "done")
        kept = {path.name for path in project.runs[0].iterdir()}
        assert "evil.sh" not in kept
        assert "journal.jsonl" not in kept, "a run must never go on from a stranger's"
        assert not (project.runs[0] / "logs" / "link.log").is_symlink()
        assert "making web" in project.run("runs", "logs", "last", "web").stdout
        again = project.run("runs", "import", str(place))
        assert (again.code, again.stdout) == (0, "")
        assert "1 were here already" in again.stderr

    def test_the_end_of_a_run_that_was_still_going_on(
        self, project: TinyProject, artifact: Path
    ) -> None:
        file = artifact / ".polyarch" / "runs" / ID / FILE
        whole = file.read_text()
        file.write_text(json.dumps({**json.loads(whole), "exit_code": None, "ended": None}))
        assert project.run("runs", "import", str(artifact)).code == 0
        assert listed(project)[0]["state"] == "died"
        file.write_text(whole)
        assert project.run("runs", "import", str(artifact)).stdout == f"{ID}\n"
        assert listed(project)[0]["state"] == "done"

    def test_a_run_of_this_machine_is_never_replaced(
        self, recorded: TinyProject, artifact: Path
    ) -> None:
        mark = recorded.runs[0] / "mine"
        mark.write_text("x")
        assert recorded.run("runs", "import", str(artifact)).stdout == ""
        assert mark.exists()

    def test_nothing_to_import(self, project: TinyProject, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        said = project.run("runs", "import", str(tmp_path / "empty"), "--json")
        assert (said.code, said.document["code"]) == (3, "no-records")
        (tmp_path / "junk.tar").write_bytes(b"no archive at all" * 100)
        said = project.run("runs", "import", str(tmp_path / "junk.tar"), "--json")
        assert (said.code, said.document["code"]) == (1, "run-unreadable")


class TestWhatCannotBeSaid:
    def test_an_id_stays_whole_in_a_narrow_terminal(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", more={"COLUMNS": "60"})
        assert ID in said.stdout

    def test_a_record_that_cannot_be_read_is_named(self, recorded: TinyProject) -> None:
        (recorded.root / ".polyarch" / "runs" / ID / FILE).write_text("{")
        said = recorded.run("runs")
        assert said.code == 0
        assert f"the record of the run {ID} cannot be read" in said.stderr

    def test_who_fails_where_nobody_could_say(self, recorded: TinyProject) -> None:
        said = recorded.run("runs", "who", "127.0.0.1:1/nobody/knows:it")
        assert said.code == 5, said
        assert "unknown" in said.stdout
