"""One index whose platforms are built of different things, with each engine."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.registries import Registry
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_daemon import git_daemon
from tests.support.git_project import GitProject

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example.com/app"]
build-args = {{ BASE = "{base}" }}

[images.app.platform."linux/arm64"]
context = "{git}#main:docker"
dockerfile = "arm.Dockerfile"
target = "final"
build-args = {{ MIRROR = "arm-only-mirror" }}
network = "host"
contexts = {{ notes = "{git}#v1:docs" }}
"""
DOCKERFILE = """\
ARG BASE
FROM $BASE
ARG MIRROR=none
RUN echo "made of $MIRROR" > /made
COPY . /from
"""
ARM = """\
ARG BASE
FROM $BASE AS final
ARG MIRROR=none
RUN echo "made of $MIRROR" > /made
COPY . /from
COPY --from=notes . /notes
FROM scratch AS last
"""
UPSTREAM = {
    "docker/arm.Dockerfile": ARM,
    "docker/there.txt": "of the repository\n",
    "docker/secret.txt": "left out\n",
    "docker/.dockerignore": "secret.txt\n*.Dockerfile\n.dockerignore\n",
    "docs/note.txt": "first note\n",
    "docs/hidden.txt": "a hidden note\n",
    "docs/.dockerignore": "hidden.txt\n",
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


def part(project: GitProject, platform: str) -> tuple[dict[str, Any], bytes]:
    """The config of a platform's image, and all of its layers unpacked."""
    blobs = project.root / ".polyarch/parts/app" / platform.replace("/", "-") / "blobs/sha256"
    record = project.root / ".polyarch/parts/app" / f"{platform.replace('/', '-')}.json"
    digest = json.loads(record.read_text())["manifest"]["digest"].removeprefix("sha256:")
    manifest = json.loads((blobs / digest).read_text())
    config = json.loads((blobs / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    layers = (blobs / each["digest"].removeprefix("sha256:") for each in manifest["layers"])
    return config, b"".join(gzip.decompress(path.read_bytes()) for path in layers)


def test_platforms_differ_in_all_that_they_are_built_of(
    engine: EngineAtHand, base_registry: Registry, tmp_path: Path
) -> None:
    upstream = GitProject.make(tmp_path / "served" / "upstream", UPSTREAM)
    upstream.git("tag", "v1")
    upstream.write({"docs/note.txt": "second note\n"})
    upstream.commit("Second")
    with git_daemon(upstream.root.parent) as server:
        git, base = f"{server}/upstream", base_registry.reference("busybox:1")
        files = {
            "polyarch.toml": POLYARCH.format(engine=engine.name, base=base, git=git),
            "Dockerfile": DOCKERFILE,
            "here.txt": "of the folder\n",
            "hidden.txt": "a hidden file\n",
            # The Dockerfile's own rules stand in the place of the context's.
            "Dockerfile.dockerignore": "hidden.txt\n",
            ".dockerignore": "here.txt\n",
            ".containerignore": "here.txt\n",
        }
        project = GitProject.make(tmp_path / "project", files)
        environment = {**plain_environment(tmp_path / "home"), **engine.environment}
        command = CommandLine(folder=project.root, environment=environment)
        answer = command.run("build", "--json")
        keys = {each["platform"]: each["input_key"] for each in answer.document["parts"]}
        amd64, of_folder = part(project, "linux/amd64")
        arm64, of_git = part(project, "linux/arm64")
        assert (amd64["architecture"], arm64["architecture"]) == ("amd64", "arm64")
        assert b"made of none\n" in of_folder
        assert b"made of arm-only-mirror\n" in of_git
        assert b"of the folder\n" in of_folder
        assert b"of the repository\n" in of_git
        assert b"first note\n" in of_git
        assert b"a hidden" not in of_folder + of_git
        assert b"left out" not in of_git
        assert b"arm.Dockerfile" not in of_git
        # Another commit of the same branch is another input, and only for its platform.
        upstream.write({"docker/there.txt": "of another commit\n"})
        upstream.commit("Third")
        plan = command.run("plan", "--json").document
        [image] = plan["images"]
        planned = {each["platform"]: each["input_key"] for each in image["platforms"]}
        assert planned["linux/amd64"] == keys["linux/amd64"]
        assert planned["linux/arm64"] != keys["linux/arm64"]
