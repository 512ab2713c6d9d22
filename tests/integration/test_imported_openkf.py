"""OpenKF's own workflow imported, nothing edited, and published on this machine.

For each event the tags are those of the workflow's metadata steps: three images, two platforms,
three registries. The Dockerfiles are small ones at the places that the workflow names.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.ci.importing.occasion import SHA, Occasion
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.pipeline.init import InitRequest, read_flow_file, workflow_reading
from tests.lab.registries import Registry
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject

WORKFLOW = (
    Path(__file__).resolve().parents[3] / "shared" / "ci" / "corpus" / "001_openimsdk_openkf.yml"
)
pytestmark = pytest.mark.skipif(not WORKFLOW.is_file(), reason="the corpus is not there")

REGISTRIES = {"docker.io", "ghcr.io", "registry.cn-hangzhou.aliyuncs.com"}
EVENTS = (
    Occasion(title="release branch", name="push", ref="refs/heads/release-1.2", kind="branch"),
    Occasion(title="tag", name="push", ref="refs/tags/v1.2.3", kind="tag"),
    Occasion(title="schedule", name="schedule", ref="refs/heads/main", kind="schedule"),
    Occasion(title="pull request", name="pull_request", ref="refs/pull/7/merge"),
)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@dataclass(frozen=True)
class Imported:
    """The project as `polyarch init` leaves it, and what its workflow would do."""

    project: GitProject
    command: CommandLine
    rehearsal: Rehearsal

    def expected(self, occasion: Occasion) -> set[str]:
        """What the workflow's own metadata steps give, for the commit that is checked out."""
        names = self.rehearsal.named(occasion)
        return {each.replace(SHA[:7], self.project.head[:7]) for each in names}


@pytest.fixture
def imported(engine: EngineAtHand, base_registry: Registry, tmp_path: Path) -> Imported:
    base = base_registry.reference("busybox:1")
    files = {".github/workflows/build.yml": WORKFLOW.read_text(encoding="utf-8")}
    for name in ("web", "server", "bot"):
        files[f"deploy/docker/Dockerfile.{name}"] = f"FROM {base}\nCOPY said.txt /said.txt\n"
        files[f"{name}/said.txt"] = f"{name}\n"
    project = GitProject.make(tmp_path / "openkf", files)
    project.git("remote", "add", "origin", "https://github.com/openimsdk/openkf.git")
    environment = {**plain_environment(tmp_path / "home"), **engine.environment}
    command = CommandLine(folder=project.root, environment=environment)
    workflow = ".github/workflows/build.yml"
    command.run("init", "--from-workflow", workflow, "--default-branch", "main")
    request = InitRequest(
        root=project.root,
        git=None,
        repository="openimsdk/openkf",
        default_branch="main",
        values={},
    )
    reading = workflow_reading(read_flow_file(project.root / workflow), request)
    return Imported(project, command, reading.rehearsal)


@pytest.mark.parametrize(
    "engine", ["buildah", pytest.param("docker_engine", marks=pytest.mark.long)], indirect=True
)
def test_every_event_gives_the_tags_of_the_workflow(imported: Imported) -> None:
    imported.command.run("plan", "--compare-workflow", ".github/workflows/build.yml")
    for occasion in EVENTS:
        answer = imported.command.run(
            "publish", "--sandbox", "--json", "--event", occasion.name, "--ref", occasion.ref
        )
        images = answer.document["images"]
        given = {
            f"{place['repository']}:{reference['tag']}"
            for image in images
            for place in image["destinations"]
            for reference in place["references"]
        }
        assert given == imported.expected(occasion), occasion.title
        assert {each.partition("/")[0] for each in given} == REGISTRIES
        assert [image["name"] for image in images] == ["web", "server", "bot"]
        for image in images:
            assert [each["platform"] for each in image["platforms"]] == [
                "linux/amd64",
                "linux/arm64",
            ]
            digests = {place["digest"] for place in image["destinations"]}
            assert digests == {image["digest"]}
