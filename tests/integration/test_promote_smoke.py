"""`promote --prove`: programs of what stands in staging are started, natively and under QEMU."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.integration.test_main_job_proof import with_runtimes
from tests.lab.absence import require
from tests.support.programs import program
from tests.support.proven_project import AMD64, ARM64, proven_project, put_program
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]
WORDS = ("promote", "--json", "--from", "staging", "--to", "production", "--tag", "1.2.3")


@pytest.fixture(autouse=True)
def parts() -> None:
    require("bubblewrap", "qemu")


@pytest.fixture
def registries() -> Iterator[Registries]:
    two = SandboxRegistry(), SandboxRegistry()
    with running(*two):
        yield two


@pytest.fixture
def project(tmp_path: Path, registries: Registries) -> TinyProject:
    """A project with a smoke test, whose `main` stands in staging."""
    staging = f'[environments.staging]\nrepositories = ["{registries[0].host}/staging/app"]\n'
    staging += '[environments.staging.publish]\non = ["branch:main"]\n'
    made = with_runtimes(proven_project(tmp_path / "project", registries, more=staging))
    stage(made)
    return made


def stage(project: TinyProject) -> None:
    event = github("push", "refs/heads/main", project.git("rev-parse", "HEAD"))
    said = project.run("publish", "--env", "staging", more=event)
    assert said.code == 0, said
    shutil.rmtree(project.root / ".polyarch")


def promote(project: TinyProject, test: str) -> Said:
    """With a smoke test that is new: nobody has run it before."""
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace("[images.app]\n", f"[images.app]\nsmoke-test = {test}\n", 1))
    return project.run(*WORDS, "--from-tag", "main", "--prove")


def test_programs_that_answer_are_promoted(project: TinyProject, registries: Registries) -> None:
    said = promote(project, '["/app", "--version"]')
    assert said.code == 0, said
    [image] = json.loads((project.runs[-1] / "proof.json").read_text())["images"]
    how = {each["platform"]: (each["level"], each["how"]) for each in image["platforms"]}
    assert how == {AMD64: ("run", "native"), ARM64: ("run", "emulated")}
    assert registries[1].storage.tag("team/app", "1.2.3")


def test_programs_that_do_not_answer_stay_where_they_are(
    project: TinyProject, registries: Registries
) -> None:
    put_program(project, ARM64, program(ARM64, status=3))
    project.commit("It fails")
    stage(project)
    said = promote(project, '["/app", "--version"]')
    assert (said.code, said.document["code"]) == (1, "smoke-test-failed"), said
    assert ARM64 in said.document["message"]
    assert all(each.storage.tag("team/app", "1.2.3") is None for each in registries)
