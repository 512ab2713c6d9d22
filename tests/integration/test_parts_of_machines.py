"""Two machines build a platform each, a third joins them: three real registries with logins."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.test_main_job_interrupts import Three
from tests.lab.fixtures import RunImage
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.published import Destinations, Shelf, blobs_on_disk

PLATFORMS = ("linux/amd64", "linux/arm64")
BASE = """\
[images.base]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=raw,value=1"]
direct = {{ files = [{{ from = "base.txt", to = "/" }}] }}
{logins}
"""
APP = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=ref,event=branch", "type=raw,value=latest"]
annotations = {{ "org.example.branch" = "{{{{branch}}}}" }}
annotation-levels = ["index", "manifest"]
[images.app.direct]
base = "{base}:1"
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
{publish}
{logins}
"""
MAKE = 'echo "app for $2" > "$1"\n'


@dataclass(frozen=True)
class Machines:
    """Clones of one project, each with a folder of its own."""

    project: GitProject
    folder: Path
    environment: dict[str, str]

    def run(self, name: str, *words: str, status: int = 0) -> Answer:
        clone = self.folder / name / "clone"
        if not clone.exists():
            clone.parent.mkdir(parents=True, exist_ok=True)
            self.project.git("clone", "--quiet", str(self.project.root), str(clone))
        command = CommandLine(folder=clone, environment=self.environment)
        more = GitProject(clone).pushed_branch()
        return command.run(*words, "--json", more=more, status=status)

    def stage(self, platform: str) -> str:
        """Build and stage one platform on a machine of its own; gives its digest."""
        name = platform.replace("/", "-")
        [part] = self.run(name, "build", "--platform", platform, "--stage").document["parts"]
        for record in (self.folder / name).glob("clone/.polyarch/parts/*/*.json"):
            target = self.folder / "artifacts" / name / record.parent.name
            target.mkdir(parents=True)
            shutil.copy(record, target)
        digest: str = part["digest"]
        return digest

    def join(self, status: int = 0) -> Answer:
        parts = str(self.folder / "artifacts")
        return self.run("join", "publish", "--parts", parts, status=status)


def machines(places: Destinations, folder: Path, publish: str = "") -> Machines:
    """A project on a base that stands in the first registry alone, so that layers are borrowed."""
    environment = {**plain_environment(folder / "home"), **places.environment()}
    [first, *_] = places.repositories("parts/base")
    base = GitProject.make(
        folder / "base",
        {
            "polyarch.toml": BASE.format(repositories=[first], logins=places.toml()),
            "base.txt": "base\n",
        },
    )
    command = CommandLine(folder=base.root, environment=environment)
    command.run("publish", "--json", more=base.pushed_branch())
    config = APP.format(
        repositories=places.repositories("parts/app"),
        base=first,
        publish=publish,
        logins=places.toml(),
    )
    project = GitProject.make(folder / "app", {"polyarch.toml": config, "make.sh": MAKE})
    return Machines(project=project, folder=folder / "machines", environment=environment)


def tags(registries: Sequence[Registry]) -> list[list[str]]:
    """Every tag of every application's repository, as each registry has it on its disk."""
    found = []
    for registry in registries:
        repositories = registry.storage / "docker/registry/v2/repositories/parts"
        paths = [*repositories.glob("app/**/tags/*"), *repositories.glob("staged/**/tags/*")]
        found.append(sorted(path.name for path in paths))
    return found


def test_what_two_machines_staged_is_published_as_if_one_had_built_it(
    three_registries: Three, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    places = Destinations(registries=three_registries)
    jobs = machines(places, tmp_path)
    skopeo.login(*three_registries)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repositories = places.repositories("parts/app")

    staged = {platform: jobs.stage(platform) for platform in PLATFORMS}
    assert tags(three_registries) == [[], [], []]
    for repository in repositories:
        for digest in staged.values():
            assert shelf.digest(f"{repository}@{digest}") == digest
    before = [set(blobs_on_disk(registry)) for registry in three_registries]

    [image] = jobs.join().document["images"]
    assert {each["status"] for each in image["destinations"]} == {"published"}
    assert tags(three_registries) == [["latest", "main"]] * 3
    alone = jobs.run("alone", "publish", "--dry-run")
    assert alone.document["images"][0]["digest"] == image["digest"]
    for repository in repositories:
        for tag in ("main", "latest"):
            assert shelf.digest(f"{repository}:{tag}") == image["digest"]
        assert shelf.children(f"{repository}:main") == staged
        shelf.copy_whole(f"{repository}:main", tmp_path / "copy")
    raw = shelf.raw(f"{repositories[2]}:main")
    assert raw is not None
    index = json.loads(raw)
    assert index["annotations"]["org.example.branch"] == "main"
    assert index["annotations"]["org.opencontainers.image.revision"] == jobs.project.head
    after = [set(blobs_on_disk(registry)) for registry in three_registries]
    new = [sorted(now - was) for now, was in zip(after, before, strict=True)]
    assert new == [[image["digest"].removeprefix("sha256:")]] * 3, "the index alone is new"


def test_one_repository_takes_all_parts(
    three_registries: Three, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    places = Destinations(registries=three_registries)
    [*_, third] = places.repositories("parts/staged")
    jobs = machines(places, tmp_path, f'[publish]\nstage-to = "{third}/{{image}}"')
    skopeo.login(*three_registries)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repositories = places.repositories("parts/app")

    staged = {platform: jobs.stage(platform) for platform in PLATFORMS}
    assert [shelf.digest(f"{third}/app@{each}") for each in staged.values()] == [*staged.values()]
    assert tags(three_registries) == [[], [], []]

    [image] = jobs.join().document["images"]
    for repository in repositories:
        assert shelf.digest(f"{repository}:latest") == image["digest"]
        assert shelf.children(f"{repository}:latest") == staged
        shelf.copy_whole(f"{repository}:main", tmp_path / "copy")


def test_a_set_that_is_not_the_plans_moves_nothing(three_registries: Three, tmp_path: Path) -> None:
    jobs = machines(Destinations(registries=three_registries), tmp_path)
    jobs.stage(PLATFORMS[0])
    said = jobs.join(status=1)
    assert said.document["code"] == "part-missing"
    assert PLATFORMS[1] in said.document["message"]
    assert tags(three_registries) == [[], [], []]
