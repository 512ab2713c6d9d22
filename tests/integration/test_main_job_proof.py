"""The main job with smoke tests that really run: natively and under QEMU, in real registries."""

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.integration.test_main_job_interrupts import Three
from tests.lab.absence import require
from tests.lab.fixtures import RunImage
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.programs import hanging, program
from tests.support.proven_project import (
    AMD64,
    ARM64,
    jobs_of,
    levels,
    platforms_of,
    proven_project,
    publish,
    put_program,
    writes,
)
from tests.support.published import Destinations, Shelf, blobs_on_disk
from tests.support.tiny_project import TinyProject

SMOKE = 'smoke-test = ["/app", "--version"]'
RUNTIMES = ("bwrap", "qemu-aarch64-static")
WITHIN_S = 60

CONFIG = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=ref,event=branch", "type=semver,pattern={{{{version}}}}", "type=raw,value=latest"]
[images.app.direct]
files = [{{ from = "bin/{{arch}}", to = "/app", mode = "0755" }}]
entrypoint = ["/app"]
[[images.app.smoke-test]]
run = ["/app", "--version"]
matches = "^hello"
{logins}
"""


@pytest.fixture(autouse=True)
def parts() -> None:
    require("bubblewrap", "qemu")


@pytest.fixture
def registries() -> Iterator[tuple[SandboxRegistry, ...]]:
    three = tuple(SandboxRegistry() for _ in range(3))
    with running(*three):
        yield three


def with_runtimes(project: TinyProject) -> TinyProject:
    """Let its commands find what runs programs of images."""
    for name in RUNTIMES:
        found = shutil.which(name)
        assert found
        link = project.root.parent / "bin" / name
        if not link.exists():
            link.symlink_to(found)
    return project


def test_a_failing_smoke_test_moves_no_tag_in_any_registry(
    three_registries: Three, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    places = Destinations(registries=three_registries)
    skopeo.login(*three_registries)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repositories = places.repositories("team/app")
    config = CONFIG.format(repositories=repositories, logins=places.toml())
    project = GitProject.make(tmp_path / "project", {"polyarch.toml": config})
    lay(project, ARM64, program(ARM64))
    lay(project, AMD64, program(AMD64))
    project.commit("Programs")
    command = CommandLine(folder=project.root, environment=plain_environment(tmp_path / "home"))

    more = {**project.pushed_tag("v1.2.3"), **places.environment()}
    first = command.run("publish", "--json", more=more)
    assert levels(first.document) == {AMD64: "run", ARM64: "run"}
    hows = [each["proof"]["how"] for each in first.document["images"][0]["platforms"]]
    assert sorted(hows) == ["emulated", "native"]
    digest = first.document["images"][0]["digest"]
    before = [blobs_on_disk(registry) for registry in three_registries]

    lay(project, ARM64, program(ARM64, "Segmentation fault\n", 139))
    project.commit("Break arm64")
    more = {**project.pushed_tag("v1.2.4"), **places.environment()}
    answer = command.run("publish", "--json", more=more, status=1)
    what, where, _ = answer.error
    assert "\n" not in what
    assert what.startswith("error: `app` fails its smoke test: linux/arm64: `/app --version`: ")
    assert "app" in where
    assert answer.document["code"] == "smoke-test-failed"
    for repository in repositories:
        assert shelf.tags(repository) == ["1.2.3", "latest"]
        assert shelf.digest(f"{repository}:latest") == digest
    assert [blobs_on_disk(registry) for registry in three_registries] == before


def lay(project: GitProject, platform: str, content: bytes) -> None:
    path = project.root / "bin" / platform.partition("/")[2]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def test_one_job_per_platform_proves_and_one_without_an_emulator_joins(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path
) -> None:
    project = proven_project(tmp_path / "project", registries, SMOKE)
    jobs = jobs_of(project, tmp_path / "jobs")
    with_runtimes(project)
    for name, platform in (("one", AMD64), ("two", ARM64)):
        said = jobs.stage(name, platform)
        assert said.code == 0, said
    for name in RUNTIMES:
        (project.root.parent / "bin" / name).unlink()
    said = jobs.join()
    assert said.code == 0, said
    assert levels(said.document) == {AMD64: "run", ARM64: "run"}
    proofs = {each["platform"]: each["proof"] for each in said.document["images"][0]["platforms"]}
    assert [proofs[each]["how"] for each in (AMD64, ARM64)] == ["native", "emulated"]
    assert {each["reused"] for each in proofs.values()} == {True}
    assert "inspected only" not in said.stderr


def test_joining_runs_what_was_not_run_elsewhere(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path
) -> None:
    project = proven_project(
        tmp_path / "project", registries, SMOKE, programs={ARM64: program(ARM64, status=3)}
    )
    jobs = jobs_of(project, tmp_path / "jobs")
    for name, platform in (("one", AMD64), ("two", ARM64)):
        said = jobs.stage(name, platform)
        assert said.code == 0, said
        assert f"warning: app {platform}: inspected only: " in said.stderr
    assert [len(document["proofs"]) for document in jobs.documents()] == [1, 1]
    with_runtimes(project)
    said = jobs.join()
    assert said.code == 1, said
    assert said.document["code"] == "smoke-test-failed"
    for registry in registries:
        puts = [r.path for r in registry.requests if r.method == "PUT"]
        assert not [path for path in puts if path.endswith("/main")]


def test_other_questions_are_asked_anew(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path
) -> None:
    project = with_runtimes(proven_project(tmp_path / "project", registries, SMOKE))
    assert project.run("build").code == 0
    assert platforms_of(project)[ARM64]["level"] == "run"
    assert project.run("build").code == 0
    assert platforms_of(project)[ARM64]["reused"] is True
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('"--version"', '"--help"'))
    said = project.run("build")
    assert said.code == 0, said
    found = platforms_of(project)[ARM64]
    assert [each["command"] for each in found["smoke"]] == [["/app", "--help"]]
    assert found["checked"] is None, "its files are the same"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('[[images.app.smoke-test]]\nrun = ["/app"]\nexit = 4\n', "4 was expected"),
        ('[[images.app.smoke-test]]\nrun = ["/app"]\nmatches = "v[0-9]+"\n', "`v[0-9]+`"),
        ('[[images.app.smoke-test]]\nrun = ["/nowhere"]\n', "/nowhere"),
    ],
    ids=["exit", "output", "absent"],
)
def test_what_is_expected(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path, keys: str, told: str
) -> None:
    project = with_runtimes(proven_project(tmp_path / "project", registries, more=keys))
    said = publish(project)
    assert said.code == 1, said
    lines = said.document["message"].splitlines()
    assert lines[0] == "`app` fails its smoke tests"
    assert [line.split(":")[0] for line in lines[1:]] == ["  linux/amd64", "  linux/arm64"]
    assert all(told in line for line in lines[1:])
    assert writes(*registries) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_a_smoke_test(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path, number: signal.Signals
) -> None:
    project = with_runtimes(
        proven_project(
            tmp_path / "project", registries, SMOKE,
            programs={AMD64: hanging(AMD64), ARM64: hanging(ARM64)},
        )
    )  # fmt: skip
    with project.start("build", "--json") as process:
        end = time.monotonic() + WITHIN_S
        while not in_images(project.root):
            assert time.monotonic() < end
            time.sleep(0.05)
        begun = time.monotonic()
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130, stderr
    assert time.monotonic() - begun < 20
    assert json.loads(stdout)["code"] == "interrupted"
    assert "Traceback" not in stderr
    assert in_images(project.root) == []
    assert list((project.root / ".polyarch" / "tmp").glob("*")) == []


def in_images(root: Path) -> list[int]:
    """The processes that run the program of an image of this project."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--version" in words and any(bytes(root) in word for word in words):
            found.append(int(folder.name))
    return found


def test_a_gate_reads_what_is_staged_in_a_rehearsal(tmp_path: Path) -> None:
    """With skopeo, which knows nothing of polyarch but the login that it is handed."""
    require("skopeo")
    skopeo = shutil.which("skopeo")
    gate = f'["{skopeo}", "inspect", "--raw", "--tls-verify=false", "docker://{{ref}}"]'
    project = proven_project(tmp_path / "project", (), f"gates = [{gate}]")
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace("repositories = []", 'repositories = ["ghcr.io/team/{image}"]'))
    said = project.run("publish", "--sandbox", "--json")
    assert said.code == 0, said
    logs = sorted((project.runs[-1] / "logs").glob("gate-*"))
    assert len(logs) == 2
    for log in logs:
        assert '"layers"' in log.read_text()


def test_a_part_that_lies_under_emulation_is_found(
    registries: tuple[SandboxRegistry, ...], tmp_path: Path
) -> None:
    """This machine would run the amd64 program of the arm64 image without a word."""
    project = with_runtimes(proven_project(tmp_path / "project", registries, SMOKE))
    put_program(project, ARM64, program(AMD64))
    said = publish(project)
    assert said.code == 1, said
    assert said.document["code"] == "verification"
    assert "linux/arm64: /app: " in said.document["message"]
    assert writes(*registries) == []
