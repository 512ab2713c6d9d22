"""The generated GitLab pipeline: its schema, and its jobs really run against three registries."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.test_main_job_interrupts import Three
from tests.lab.fixtures import StartRegistry
from tests.lab.nodetool import NodeTool
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.gitlab_runs import GitLab
from tests.support.notice_receiver import NoticeReceiver, receiving
from tests.support.pipeline_checks import schema_problems
from tests.support.pipeline_project import PLATFORMS, Laid, laid, programs, tags_of
from tests.support.published import blobs_on_disk
from tests.support.tiny_project import TinyProject

EXAMPLES = Path(__file__).parents[2] / "examples"
IMAGES = ("app", "tool")


@dataclass(frozen=True, kw_only=True)
class Scene:
    gitlab: GitLab
    made: Laid
    stage: Registry
    receiver: NoticeReceiver

    def tags(self, image: str) -> list[list[str]]:
        return [tags_of(each, f"team/{image}") for each in self.made.places.registries]


@pytest.fixture
def scene(
    three_registries: Three,
    distribution_registry: StartRegistry,
    node: NodeTool,
    tmp_path: Path,
) -> Iterator[Scene]:
    stage = distribution_registry(Auth.HTPASSWD, username="ci-user")
    made = laid(tmp_path, three_registries, stage, ("gitlab", "--image", "none"))
    made.project.git("remote", "set-head", "origin", "main")
    made.project.git("remote", "set-url", "origin", "https://gitlab.com/team/project.git")
    with receiving() as receiver:
        variables = {**made.logins, "POLYARCH_NOTIFY_URLS": receiver.url}
        gitlab = GitLab(
            project=made.project, folder=tmp_path, node=node, path=made.path, variables=variables
        )
        yield Scene(gitlab=gitlab, made=made, stage=stage, receiver=receiver)


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
def test_pipelines_of_examples(example: str, node: NodeTool, tmp_path: Path) -> None:
    toml = (EXAMPLES / example / "polyarch.toml").read_text()
    project = TinyProject.make(tmp_path / "project", {"polyarch.toml": toml})
    files: list[Path] = []
    for option in ((), ("--single-job",), ("--image", "none")):
        said = project.run("ci", "gitlab", *option, "--output", "-")
        assert said.code == 0, said
        files.append(tmp_path / f"{len(files)}.gitlab-ci.yml")
        files[-1].write_text(said.stdout)
    assert schema_problems("gitlab-ci", *files) == ""
    project.write({".gitlab-ci.yml": files[0].read_text()})
    project.git("remote", "add", "origin", "https://gitlab.com/team/project.git")
    path = programs(tmp_path / "tools")
    gitlab = GitLab(project=project, folder=tmp_path, node=node, path=path, variables={})
    listed = gitlab.run("--list", CI_COMMIT_BRANCH="main", CI_COMMIT_TAG="v1.2.3")
    assert listed.code == 0, listed.log
    for name in ("build-linux-amd64", "publish", "notify"):
        assert f"\n{name} " in listed.log


def test_a_push_and_a_merge_request(scene: Scene, skopeo: Skopeo) -> None:
    asked = scene.gitlab.run(
        CI_PIPELINE_SOURCE="merge_request_event",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
    )
    assert asked.code == 0, asked.log
    assert not any(map(blobs_on_disk, (*scene.made.places.registries, scene.stage)))
    assert scene.receiver.told == []

    pushed = scene.gitlab.run()
    assert pushed.code == 0, pushed.log
    sha = scene.made.project.git("rev-parse", "HEAD")
    skopeo.login(*scene.made.places.registries)
    for image in IMAGES:
        assert scene.tags(image) == [["main", f"sha-{sha[:7]}"]] * 3
        assert tags_of(scene.stage, f"parts/{image}") == []
        for repository in scene.made.places.repositories(f"team/{image}"):
            platforms = [x["platform"] for x in skopeo.index(f"{repository}:main")["manifests"]]
            assert [f"{x['os']}/{x['architecture']}" for x in platforms] == list(PLATFORMS)
    assert [told["kind"] for told in scene.receiver.told] == ["success"]


@pytest.mark.long
def test_a_tag_and_a_schedule(scene: Scene) -> None:
    sha = scene.made.project.git("rev-parse", "--short=7", "HEAD")
    scene.made.project.git("tag", "v1.2.3")
    tagged = scene.gitlab.run(CI_COMMIT_TAG="v1.2.3")
    assert tagged.code == 0, tagged.log
    released = {"1.2.3", "1.2", "latest", f"sha-{sha}"}
    assert [{*tags} for tags in scene.tags("app")] == [released] * 3
    nightly = scene.gitlab.run(CI_PIPELINE_SOURCE="schedule")
    assert nightly.code == 0, nightly.log
    assert [{*tags} for tags in scene.tags("tool")] == [released | {"nightly", "main"}] * 3


def test_a_registry_that_refuses_is_told(scene: Scene) -> None:
    # What runs pipelines here ends with the first stage that fails, so that is the last one.
    ended = scene.gitlab.run(REGISTRY_1_TOKEN="wrong")
    assert ended.code != 0
    assert scene.tags("app") == scene.tags("tool") == [[], [], []]
    assert [told["kind"] for told in scene.receiver.told] == ["failure"], ended.log
