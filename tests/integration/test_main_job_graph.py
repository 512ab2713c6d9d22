"""Three images of one project, two of them FROM the first: what they stand on, with each engine.

`tool` names the first by its repository, `web` by a named context. What they stand on is read out
of what was published: files of the first that they saw when they were built, and its layers.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.fixtures import RunImage, StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject
from tests.support.published import Shelf

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
CHILDREN = ("tool", "web")

POLYARCH = """\
[defaults]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{repository}/{{image}}"]
context = "{{image}}"
dockerfile = "{{image}}/Dockerfile"
tags = ["type=ref,event=branch", "type=semver,pattern={{{{version}}}}"]

[images.web]
contexts = {{ base = "image:base" }}
[images.base]
[images.tool]
"""
FILES = {
    "base/Dockerfile": "FROM {busybox}\nCOPY note.txt /note.txt\nRUN uname -m > /machine\n",
    "base/note.txt": "first words\n",
    "tool/Dockerfile": "FROM {repository}/base:main\nRUN cat /note.txt /machine > /seen\n",
    "tool/tool.txt": "a tool\n",
    "web/Dockerfile": (
        "FROM {busybox} AS work\n"
        "COPY --from=base /note.txt /machine /copied/\n"
        "RUN cat /copied/note.txt /copied/machine > /copied/all\n"
        "FROM base\n"
        "COPY --from=work /copied/all /copied\n"
        "RUN cat /note.txt /machine > /seen\n"
        "COPY page.html /page.html\n"
    ),
    "web/page.html": "a page\n",
}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@dataclass(frozen=True)
class Work:
    """The project, the registry that it publishes to, and looks into that."""

    project: GitProject
    repository: str
    command: CommandLine
    shelf: Shelf

    def publish(self, *words: str) -> Answer:
        """Publish the commit that is checked out as branch `main`."""
        event = self.project.pushed_branch()
        return self.command.run("publish", "--json", *words, more=event)

    def change(self, file: str, text: str) -> None:
        self.project.write({file: text})
        self.project.commit(f"Change {file}")

    def layers(self, image: str, platform: str) -> list[str]:
        """The layers of an image by what they hold unpacked, lowest first."""
        digest = self.shelf.children(f"{self.repository}/{image}:main")[platform]
        config = self.shelf.config(f"{self.repository}/{image}", digest)
        found: list[str] = config["rootfs"]["diff_ids"]
        return found

    def seen(self, image: str, platform: str, file: str = "/seen") -> str:
        return self.shelf.run(f"{self.repository}/{image}:main", platform, "cat", file)


@pytest.fixture
def registry(distribution_registry: StartRegistry) -> Registry:
    return distribution_registry(Auth.HTPASSWD)


@pytest.fixture
def shelf(skopeo: Skopeo, run_image: RunImage, registry: Registry) -> Shelf:
    skopeo.login(registry)
    return Shelf(skopeo, run_image)


@pytest.fixture
def work(
    engine: EngineAtHand,
    base_registry: Registry,
    registry: Registry,
    shelf: Shelf,
    tmp_path: Path,
) -> Work:
    repository = registry.reference("example")
    names = {"repository": repository, "busybox": base_registry.reference("busybox:1")}
    files = {name: text.format(**names) for name, text in FILES.items()}
    config = POLYARCH.format(engine=engine.name, repository=repository)
    project = GitProject.make(tmp_path / "project", {**files, "polyarch.toml": config})
    environment = {**plain_environment(tmp_path / "home"), **engine.logged_in(tmp_path, registry)}
    command = CommandLine(folder=project.root, environment=environment)
    return Work(project, repository, command, shelf)


def names_of(answer: Answer) -> list[str]:
    return [image["name"] for image in answer.document["images"]]


def reused(answer: Answer) -> dict[str, set[bool]]:
    return {
        image["name"]: {each["reused"] for each in image["platforms"]}
        for image in answer.document["images"]
    }


def assert_on_base(work: Work, note: str) -> None:
    """Both children show that they were built on the base as it is published, which has `note`."""
    for platform, machine in MACHINES.items():
        base = work.layers("base", platform)
        assert work.seen("base", platform, "/note.txt") == note
        for child in CHILDREN:
            assert work.seen(child, platform) == f"{note}{machine}\n"
            assert work.layers(child, platform)[: len(base)] == base
        assert work.seen("web", platform, "/copied") == f"{note}{machine}\n"


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_children_stand_on_the_base_just_built(work: Work) -> None:
    first = work.publish()
    assert names_of(first)[0] == "base"
    assert reused(first) == {"base": {False}, "tool": {False}, "web": {False}}
    assert_on_base(work, "first words\n")

    nothing = work.publish("--changed-since", "HEAD")
    assert nothing.document["images"] == []
    assert "nothing has changed" in nothing.stderr

    work.change("base/note.txt", "other words\n")
    second = work.publish("--changed-since", "HEAD~1")
    assert reused(second) == {"base": {False}, "tool": {False}, "web": {False}}
    assert_on_base(work, "other words\n")

    work.change("web/page.html", "another page\n")
    assert reused(work.publish("--changed-since", "HEAD~1")) == {"web": {False}}
    third = work.publish("--with-dependencies", "web")
    assert reused(third) == {"base": {True}, "web": {False}}
    for platform in MACHINES:
        assert work.seen("web", platform) == work.seen("tool", platform)
        assert work.seen("web", platform, "/page.html") == "another page\n"
    (tool,) = (image for image in second.document["images"] if image["name"] == "tool")
    assert work.shelf.children(f"{work.repository}/tool:main") == {
        each["platform"]: each["digest"] for each in tool["platforms"]
    }


@pytest.mark.parametrize(
    "engine", ["docker_engine", pytest.param("buildah", marks=pytest.mark.long)], indirect=True
)
def test_a_child_alone_stands_on_the_published_base(work: Work) -> None:
    work.publish()
    work.change("base/note.txt", "other words\n")
    for child in CHILDREN:
        assert names_of(work.publish(child)) == [child]
    assert_on_base(work, "first words\n")

    plan = work.command.run("plan", "--json", "web", more=work.project.pushed_branch())
    (image,) = plan.document["images"]
    assert (image["depends_on"], image["bases"]) == (["base"], [])

    again = work.publish("web")
    assert reused(again) == {"web": {True}}
    work.publish("base")
    anew = work.publish("web", "tool")
    assert reused(anew) == {"tool": {False}, "web": {False}}
    assert_on_base(work, "other words\n")


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_base_that_is_published_nowhere_is_told(work: Work) -> None:
    answer = work.command.run("publish", "web", more=work.project.pushed_branch(), status=1)
    what, where, hint = answer.error
    assert what == "error: image `base`, which `web` stands on, is not published"
    assert f"{work.repository}/base:main" in where
    assert "--with-dependencies" in hint
