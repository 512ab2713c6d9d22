"""What has not changed is taken again: with real engines and a real registry, from empty machines.

The base is an index of another project, which moves for one platform. Where nothing has changed the
command runs with no engine on its PATH at all.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyarch.oci import annotation
from tests.lab.fixtures import RunImage, StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject
from tests.support.published import Shelf

AMD, ARM = "linux/amd64", "linux/arm64"
BASE = """\
[images.base]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{host}/else/base"]
tags = ["type=raw,value=1"]
reuse = "digest"
direct = {{ base = "{busybox}", files = [{{ from = "file", to = "/base" }}] }}
"""
POLYARCH = """\
[defaults]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{host}/team/{{image}}"]
dockerfile = "Dockerfile.{{image}}"
tags = ["type=ref,event=branch"]
[images.app]
[images.tool]
"""
# What runs, runs on this machine's own platform: there is nothing to emulate.
APP = """\
FROM --platform=$BUILDPLATFORM {host}/else/base:1 AS build
RUN cat /base > /built
FROM {host}/else/base:1
COPY --from=build /built /built
COPY --from={busybox} /bin/busybox /copied
COPY app /app
"""
TOOL = "FROM {host}/team/app:main\nCOPY tool /tool\n"


@dataclass(frozen=True)
class Work:
    """The project, another one that makes its base, and the command with and without engines."""

    project: GitProject
    base: GitProject
    host: str
    command: CommandLine
    bare: CommandLine
    shelf: Shelf

    def publish(self, *words: str, engine: bool = True) -> dict[str, dict[str, bool]]:
        """Publish from a machine without state; which platforms of each image were taken again."""
        images = self.run("publish", *words, engine=engine).document["images"]
        return {
            image["name"]: {each["platform"]: each["reused"] for each in image["platforms"]}
            for image in images
        }

    def run(self, *words: str, engine: bool = True) -> Answer:
        shutil.rmtree(self.project.root / ".polyarch", ignore_errors=True)
        command = self.command if engine else self.bare
        return command.run(*words, "--json", more=self.project.pushed_branch())

    def planned(self, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
        images = self.run("plan", *words).document["images"]
        return {(i["name"], each["platform"]): each for i in images for each in i["platforms"]}

    def publish_base(self) -> dict[str, str]:
        """Publish what stands outside; its images by platform."""
        command = CommandLine(folder=self.base.root, environment=self.bare.environment)
        command.run("publish", more=self.base.pushed_branch())
        return self.shelf.children(f"{self.host}/else/base:1")

    def labels(self, image: str, platform: str) -> dict[str, str]:
        repository = f"{self.host}/team/{image}"
        config = self.shelf.config(repository, self.shelf.children(f"{repository}:main")[platform])
        found: dict[str, str] = config["config"]["Labels"]
        return found


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@pytest.fixture
def shelf(skopeo: Skopeo, run_image: RunImage) -> Shelf:
    return Shelf(skopeo, run_image)


@pytest.fixture
def work(
    engine: EngineAtHand,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    shelf: Shelf,
    tmp_path: Path,
) -> Work:
    registry = distribution_registry()
    names = {
        "host": registry.host,
        "busybox": base_registry.reference("busybox:1"),
        "engine": engine.name,
    }
    base = GitProject.make(
        tmp_path / "base", {"polyarch.toml": BASE.format(**names), "file": "of the base\n"}
    )
    project = GitProject.make(
        tmp_path / "project",
        {
            "polyarch.toml": POLYARCH.format(**names),
            "Dockerfile.app": APP.format(**names),
            "Dockerfile.tool": TOOL.format(**names),
            ".dockerignore": "app/notes\n",
            "app/file": "1",
            "tool": "1",
            "README.md": "1",
        },
    )
    environment = plain_environment(tmp_path / "home")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    return Work(
        project,
        base,
        registry.host,
        CommandLine(folder=project.root, environment={**environment, **engine.environment}),
        CommandLine(folder=project.root, environment={**environment, "PATH": str(programs)}),
        shelf,
    )


def test_from_nothing_to_a_base_that_moves(work: Work) -> None:
    bases = work.publish_base()
    every = {AMD: False, ARM: False}
    assert work.publish() == {"app": every, "tool": every}
    for platform in (AMD, ARM):
        assert work.labels("app", platform)[annotation.BASE_DIGEST] == bases[platform]
    first = work.shelf.digest(f"{work.host}/team/app:main")

    again = {AMD: True, ARM: True}
    assert work.publish(engine=False) == {"app": again, "tool": again}
    assert work.shelf.digest(f"{work.host}/team/app:main") == first

    work.project.write({"app/notes": "ignored", "README.md": "2"})
    head = work.project.commit("Nothing that is built")
    assert work.publish(engine=False) == {"app": again, "tool": again}
    for image in ("app", "tool"):
        assert work.labels(image, ARM)[annotation.REVISION] == head
    app = work.shelf.children(f"{work.host}/team/app:main")
    assert work.labels("tool", ARM)[annotation.BASE_DIGEST] == app[ARM]

    toml = work.base.root / "polyarch.toml"
    toml.write_text(f'{toml.read_text()}[images.base.platform."{ARM}"]\nlabels = {{ a = "b" }}\n')
    work.base.commit("Move for one platform")
    moved = work.publish_base()
    assert {each: moved[each] == bases[each] for each in bases} == {AMD: True, ARM: False}
    planned = work.planned()
    assert [planned[image, AMD]["reuse"] for image in ("app", "tool")] == ["layers"] * 2
    [change] = planned["app", ARM]["changes"]
    before, after = bases[ARM][:19], moved[ARM][:19]
    assert change == f"`{work.host}/else/base:1` moved {before} -> {after}"
    assert planned["tool", ARM]["reuse"] is None

    one = {AMD: True, ARM: False}
    assert work.publish() == {"app": one, "tool": one}
    assert work.labels("app", ARM)[annotation.BASE_DIGEST] == moved[ARM]
    assert work.labels("app", ARM)["a"] == work.labels("tool", ARM)["a"] == "b"


def test_what_runs_grows_old(work: Work) -> None:
    work.publish_base()
    work.publish("--now", "2026-01-01T12:00:00Z")
    index = work.shelf.raw(f"{work.host}/team/app:main")
    assert index
    for child in json.loads(index)["manifests"]:
        assert child["annotations"][annotation.BUILT] == "2026-01-01"
    kept = work.planned("--now", "2026-01-07T12:00:00Z")
    assert {each["reuse"] for each in kept.values()} == {"layers"}
    old = work.planned("--now", "2026-01-09T12:00:00Z")
    told = ["it was built on 2026-01-01: `max-age` is over"]
    assert [old["app", each]["changes"] for each in (AMD, ARM)] == [told, told]
    assert old["tool", ARM]["changes"], "it stands on what is built again"
