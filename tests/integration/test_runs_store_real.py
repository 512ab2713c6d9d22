"""Records in real registries: with passwords, with tokens, read by others, out of reach."""

import shutil
import time
from pathlib import Path

import pytest

from polyarch.pipeline.run_store import ARTIFACT, CONFIG, LAYER
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.tiny_project import Said, TinyProject, github

LOGIN = {"STORE_USER": "runs-user", "STORE_TOKEN": "runs-secret"}


@pytest.fixture(params=[Auth.HTPASSWD, Auth.TOKEN])
def registry(request: pytest.FixtureRequest, distribution_registry: StartRegistry) -> Registry:
    return distribution_registry(request.param, username="runs-user", password="runs-secret")


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> TinyProject:
    """What it publishes and its records go to the same registry, which wants a login."""
    made = TinyProject.make(tmp_path / "project")
    text = (made.root / "polyarch.toml").read_text()
    lines = [
        f'repositories = ["{registry.host}/team/{{image}}"]'
        if line.startswith("repositories")
        else line
        for line in text.splitlines()
    ]
    lines += [
        f'[registries."{registry.host}"]',
        'username-env = "STORE_USER"',
        'password-env = "STORE_TOKEN"',
        "[runs]",
        f'store = "{registry.host}/team/runs"',
    ]
    made.toml("\n".join(lines) + "\n")
    made.commit()
    return made


def publish(project: TinyProject) -> Said:
    sha = project.git("rev-parse", "HEAD")
    ci = github("push", "refs/heads/main", sha, GITHUB_ACTOR="octo")
    return project.run("publish", "--json", more={**ci, **LOGIN})


def test_records_come_back_on_a_machine_with_no_disk(
    project: TinyProject, registry: Registry, skopeo: Skopeo
) -> None:
    said = publish(project)
    assert said.code == 0, said
    assert "warning" not in said.stderr
    run = project.runs[-1].name
    kept = {path.name: path.read_bytes() for path in project.runs[-1].iterdir() if path.is_file()}
    shutil.rmtree(project.root / ".polyarch")
    (found,) = project.run("runs", "--store", "--json", more=LOGIN).document["runs"]
    assert (found["id"], found["actor"], found["state"]) == (run, "octo", "done")
    page = project.run("runs", "report", run, "--store", "--html", "report.html", more=LOGIN)
    assert page.code == 0, page
    assert "linux/s390x" in (project.root / "report.html").read_text()
    (answer,) = project.run("runs", "who", "main", "--json", more=LOGIN).document["answers"]
    assert (answer["source"], answer["run"]) == ("store", run)
    assert answer["replaced"] == {"known": True, "digest": None}
    skopeo.login(registry)
    manifest = skopeo.index(registry.reference(f"team/runs:run-{run}"))
    assert manifest["artifactType"] == ARTIFACT
    assert manifest["config"]["mediaType"] == CONFIG
    assert [layer["mediaType"] for layer in manifest["layers"]] == [LAYER]
    stored = b"".join(path.read_bytes() for path in registry.storage.rglob("data"))
    assert b"runs-secret" not in stored
    assert "journal.jsonl" in kept


def test_without_the_login_a_record_stays_and_is_told(project: TinyProject) -> None:
    project.toml(
        (project.root / "polyarch.toml").read_text().replace("/team/{image}", "/x/{image}")
    )
    sha = project.git("rev-parse", "HEAD")
    ci = github("push", "refs/heads/feature", sha)
    said = project.run("build", more={**ci, **LOGIN, "STORE_TOKEN": "wrong"})
    assert said.code == 0, said
    assert "the record of this run could not be stored" in said.stderr
    assert (project.runs[-1] / "run.json").exists()


def test_a_store_that_is_not_there_changes_nothing(
    project: TinyProject, registry: Registry
) -> None:
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace(f"{registry.host}/team/runs", "127.0.0.1:9/team/runs"))
    project.commit()
    begun = time.monotonic()
    said = publish(project)
    assert said.code == 0, said
    assert "could not be stored" in said.stderr
    assert time.monotonic() - begun < 70
