"""`polyarch build`: parts, their documents, the record of the run."""

import json
import stat
import tarfile
from pathlib import Path

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.oci.manifest import ImageManifest
from tests.support.documents import BUILD, PART, check
from tests.support.golden import compare, session
from tests.support.tiny_project import TinyProject

GOLDEN = Path(__file__).parent / "golden" / "built"
PLATFORMS = ["linux/ppc64le", "linux/s390x"]


@pytest.fixture
def one_platform(project: TinyProject) -> TinyProject:
    """For golden texts: the platforms of an image are built at once, in any order."""
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('"linux/ppc64le", ', "").replace("echo", ":"))
    project.write({"make.sh": 'echo "making for $2"\nprintf x > "$1"\n'})
    project.commit()
    return project


def test_golden(one_platform: TinyProject):
    first = session(one_platform, "build", one_platform.run("build"))
    again = session(one_platform, "build", one_platform.run("build"))
    compare(GOLDEN / "first.txt", first)
    compare(GOLDEN / "again.txt", again)


def test_the_document(project: TinyProject):
    said = project.run("build", "--json")
    assert said.code == 0, said
    check(said.document, BUILD)
    assert [part["platform"] for part in said.document["parts"]] == PLATFORMS
    assert [part["reused"] for part in said.document["parts"]] == [False, False]
    for part in said.document["parts"]:
        assert part["ci_run"] is None
        assert part["revision"] == project.git("rev-parse", "HEAD")


def test_stdout_has_one_line_for_each_platform_and_nothing_else(project: TinyProject):
    said = project.run("build")
    parts = project.run("build", "--json").document["parts"]
    assert said.stdout.splitlines() == [
        f"app {part['platform']} {part['digest']}" for part in parts
    ]


def test_a_part_stands_beside_its_layout(project: TinyProject):
    project.run("build")
    parts = project.root / ".polyarch" / "parts" / "app"
    for slug in ("linux-ppc64le", "linux-s390x"):
        document = json.loads((parts / f"{slug}.json").read_text())
        check(document, PART)
        assert document["sources"] == [f"oci:{slug}"]
        layout = LayoutStore(parts / slug)
        layout.check()
        [entry] = layout.entries()
        assert str(entry.digest) == document["manifest"]["digest"]
        with layout.open(entry) as content:
            manifest = ImageManifest.parse(content.read())
        assert all(layout.exists(blob) for blob in manifest.blobs)


def test_a_mode_that_nobody_named_keeps_the_right_to_run(project: TinyProject):
    project.run("build", "-p", "s390x")
    layout = LayoutStore(project.root / ".polyarch" / "parts" / "app" / "linux-s390x")
    [entry] = layout.entries()
    with layout.open(entry) as content:
        manifest = ImageManifest.parse(content.read())
    with layout.open(manifest.layers[0]) as packed, tarfile.open(fileobj=packed) as tar:
        assert {member.name: oct(member.mode) for member in tar} == {"app": "0o755"}


class TestRecord:
    def test_the_folder_is_private_and_git_does_not_see_it(self, project: TinyProject):
        project.run("build")
        [run] = project.runs
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        assert project.git("status", "--porcelain") == ""
        assert project.run("build", "--json").document["run"] == project.runs[-1].name

    def test_plan_events_and_logs(self, project: TinyProject):
        project.run("build")
        [run] = project.runs
        assert json.loads((run / "plan.json").read_text())["schema"] == "polyarch.plan/v1"
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        assert {event["event"] for event in events} >= {
            "BuildStarted", "BuildStep", "BuildFinished", "ImageChecked",
        }  # fmt: skip
        assert all(event["time"].endswith("+00:00") for event in events)
        logs = {path.name: path.read_text() for path in (run / "logs").iterdir()}
        assert set(logs) == {"build-app-linux-ppc64le.log", "build-app-linux-s390x.log"}
        assert "for linux/s390x" in logs["build-app-linux-s390x.log"]

    def test_runs_are_told_apart_and_sorted_by_time(self, project: TinyProject):
        told = [project.run("build", "--json").document["run"] for _ in range(3)]
        assert [run.name for run in project.runs] == told

    def test_nothing_of_the_work_is_left_lying_about(self, project: TinyProject):
        project.run("build")
        assert list((project.root / ".polyarch" / "tmp").glob("*")) == []
        hidden = [p for p in (project.root / ".polyarch" / "parts").rglob(".*") if p.is_dir()]
        assert hidden == []


def test_two_projects_in_one_repository(project: TinyProject):
    """The folder of polyarch.toml is the project's root, wherever git's is."""
    inner = project.root / "services" / "inner"
    inner.mkdir(parents=True)
    for name in ("polyarch.toml", "make.sh"):
        (inner / name).write_text((project.root / name).read_text())
    project.commit()
    said = project.run("build", "--json", folder=inner)
    assert said.code == 0, said
    assert (inner / ".polyarch" / "parts").is_dir()
    assert not (project.root / ".polyarch").exists()


def test_without_git(tmp_path: Path):
    files = {
        "polyarch.toml": '[images.app]\nplatforms = ["linux/s390x"]\n'
        'direct = { files = [{ from = "hello.txt", to = "/" }] }\n',
        "hello.txt": "hello\n",
    }
    bare = TinyProject.make(tmp_path / "bare", files, git=False)
    said = bare.run("build", "--json")
    assert said.code == 0, said
    check(said.document, BUILD)
    assert said.document["parts"][0]["revision"] == ""


def test_two_builds_at_once_wait_for_each_other(project: TinyProject):
    project.write({"make.sh": 'sleep 0.5\nprintf x > "$1"\n'})
    first, second = project.start("build", "--json"), project.start("build", "--json")
    answers = [each.communicate(timeout=60) for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), answers
    parts = [json.loads(stdout)["parts"] for stdout, _ in answers]
    assert [part["digest"] for part in parts[0]] == [part["digest"] for part in parts[1]]
    assert sum("another polyarch is at work" in stderr for _, stderr in answers) == 1
    assert sorted(part["reused"] for each in parts for part in each) == [False, False, True, True]


def test_what_is_laid_by_hand_is_an_input(project: TinyProject):
    """`files` may name what lies in the project, with no command at all."""
    project.toml(
        '[images.app]\nplatforms = ["linux/s390x"]\n'
        'direct = { files = [{ from = "make.sh", to = "/bin/" }] }\n'
    )
    assert project.run("build").code == 0


def test_a_hostile_branch_cannot_reach_into_a_command(project: TinyProject):
    """Words of a command come from the config; what an event says stays one word of it."""
    project.toml(
        '[images.app]\nplatforms = ["linux/s390x"]\ntags = ["type=raw,value=x"]\n'
        '[images.app.direct]\nrun = ["sh", "save.sh", "{out}/name", "{{branch}}"]\n'
        'files = [{ from = "{out}/name", to = "/name" }]\n'
    )
    project.write({"save.sh": 'printf %s "$2" > "$1"\nprintf %s "$2"\n'})
    name = "a/{out}/$(touch owned)/`id`;x"
    said = project.run("build", "--json", "--event", "push", "--ref", f"refs/heads/{name}")
    assert said.code == 0, said
    [run] = project.runs
    assert name in (run / "logs" / "build-app-linux-s390x.log").read_text()
    assert not (project.root / "owned").exists()


def test_what_was_done_is_told_with_the_failure(project: TinyProject):
    """A verb that has results prints its own document, with the error in it."""
    project.write({"make.sh": 'case "$2" in *s390x) sleep 1; exit 3;; esac\nprintf x > "$1"\n'})
    project.commit()
    said = project.run("build", "--json")
    assert said.code == 1
    check(said.document, BUILD)
    assert [part["platform"] for part in said.document["parts"]] == ["linux/ppc64le"]
    assert said.document["error"]["code"] == "build-failed"
    assert "linux/s390x" in said.document["error"]["message"]
    assert "error: cannot build" in said.stderr
