"""Layers that outlive an engine: every platform keeps its own, and no failure stops a build."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import EngineAtHand
from tests.support.git_project import GitProject

PLATFORMS = ("linux-amd64", "linux-arm64")
POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example.com/app"]
cache = "{cache}"
"""
DOCKERFILE = """\
FROM {base}
RUN echo "costly {once}" > /costly
COPY here.txt /here.txt
"""
TAKEN = re.compile(r"CACHED|Cache pulled from remote|Using cache")


@dataclass(frozen=True)
class Work:
    project: GitProject
    command: CommandLine
    engine: EngineAtHand

    def build(self, *words: str, pull_request: bool = False) -> Answer:
        """Build without what earlier builds left here, as a CI job of `main` does."""
        event = self.project.pushed_branch()
        if pull_request:
            event = {**self.project.pull_request(), "GITHUB_BASE_REF": "main"}
        return self.command.run("build", "--force", *words, more=event)

    def empty(self) -> None:
        """Take all layers from the engine."""
        if isinstance(self.engine.part, DockerEngine):
            self.engine.part.docker("buildx", "prune", "--all", "--force")
        else:
            self.engine.part.buildah("rmi", "--all", "--force")

    def taken(self) -> dict[str, bool]:
        """Whether the costly step of the last run was in a cache, by platform."""
        run = max(self.project.root.glob(".polyarch/runs/*"))
        return {
            name: _is_taken((run / "logs" / f"build-app-{name}.log").read_text())
            for name in PLATFORMS
        }


def _is_taken(log: str) -> bool:
    """Whether the step after which the cache is told is the costly one."""
    lines = log.splitlines()
    at = next(i for i, line in enumerate(lines) if "costly" in line)
    number = lines[at].partition(" ")[0]
    told = lines[at + 1 : at + 3] if not number.startswith("#") else lines
    return any(
        TAKEN.search(line) and (not number.startswith("#") or line.startswith(f"{number} "))
        for line in told
    )


Make = Callable[[DockerEngine | Buildah, str], Work]


@pytest.fixture
def make(base_registry: Registry, tmp_path: Path) -> Make:
    def work(part: DockerEngine | Buildah, cache: str) -> Work:
        engine = EngineAtHand(
            name="buildx" if isinstance(part, DockerEngine) else "buildah", part=part
        )
        base = base_registry.reference("busybox:1")
        files = {
            "polyarch.toml": POLYARCH.format(engine=engine.name, cache=cache),
            "Dockerfile": DOCKERFILE.format(base=base, once=tmp_path.name),
            "here.txt": "here\n",
        }
        project = GitProject.make(tmp_path / "project, with a comma", files)
        environment = {**plain_environment(tmp_path / "home"), **engine.environment}
        return Work(project, CommandLine(folder=project.root, environment=environment), engine)

    return work


@pytest.mark.parametrize("kind", ["registry", pytest.param("local", marks=pytest.mark.long)])
def test_an_empty_buildkit_finds_every_platforms_layers(
    make: Make,
    docker_engine: DockerEngine,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    kind: str,
) -> None:
    registry = distribution_registry()
    caches = registry.reference("caches")
    work = make(docker_engine, f"type=registry,ref={caches}" if kind == "registry" else "local")
    work.build()
    assert not any(work.taken().values())
    work.empty()
    work.build()
    assert work.taken() == dict.fromkeys(PLATFORMS, True)
    work.build("--no-cache")
    assert not any(work.taken().values())
    if kind == "registry":
        # A pull request reads what is there and leaves nothing.
        work.project.write({"here.txt": "of a pull request\n"})
        work.empty()
        work.build(pull_request=True)
        assert work.taken() == dict.fromkeys(PLATFORMS, True)
        listed = skopeo.run("list-tags", "--tls-verify=false", f"docker://{caches}")
        assert set(json.loads(listed)["Tags"]) == {f"{name}.main" for name in PLATFORMS}
    else:
        kept = work.project.root.glob(".polyarch/cache/app/*")
        assert {path.name for path in kept} == {f"{name}.main" for name in PLATFORMS}


def test_an_empty_buildah_finds_every_platforms_layers(
    make: Make, buildah: Buildah, distribution_registry: StartRegistry
) -> None:
    caches = distribution_registry().reference("caches")
    work = make(buildah, f"type=registry,ref={caches}")
    work.build()
    assert not any(work.taken().values())
    work.empty()
    work.build()
    assert work.taken() == dict.fromkeys(PLATFORMS, True)
    work.build("--no-cache")
    assert not any(work.taken().values())


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        ("type=registry,ref=127.0.0.1:1/caches", "its layers could not be cached"),
        ("type=s3,region=nowhere,bucket=none", "it is built again without"),
    ],
)
def test_a_cache_that_fails_fails_no_build_of_buildkit(
    make: Make, docker_engine: DockerEngine, cache: str, told: str
) -> None:
    work = make(docker_engine, cache)
    answer = work.build("-p", "linux/amd64")
    assert told in answer.stderr


def test_a_cache_that_fails_fails_no_build_of_buildah(make: Make, buildah: Buildah) -> None:
    work = make(buildah, "type=registry,ref=127.0.0.1:1/caches")
    answer = work.build("-p", "linux/amd64")
    assert "it is built again without" in answer.stderr
