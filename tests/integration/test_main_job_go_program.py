"""The main job on a Go program, with the Dockerfiles that tutorials have, by two engines.

In one the builder stage stands on the build platform and cross-compiles, as Docker's guide to
multi-platform builds has it; in the other, older one all of it runs on the target platform. In the
short form one engine compiles for two platforms, and each hands on what a stage of the build
platform wrote without a compiler.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.fixtures import RunImage
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.elf import Elf
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject
from tests.support.published import Destinations, Shelf

BASES = {"golang": "golang:1", "busybox": "busybox:1"}
ARCHITECTURES = {
    "linux/arm/v7": ("arm", "arm", 32),
    "linux/arm64": ("arm64", "aarch64", 64),
    "linux/amd64": ("amd64", "x86-64", 64),
}

POLYARCH = """\
[images.hello]
engine = "{engine}"
platforms = {platforms}
repositories = {repositories}
tags = ["type=ref,event=branch"]
"""
PROGRAM = """\
package main

import (
	"os"
	"runtime"
)

func main() {
	os.Stdout.WriteString(runtime.GOOS + "/" + runtime.GOARCH + "\\n")
}
"""
MODULE = "module example.com/hello\n\ngo 1.21\n"
CROSS = """\
FROM --platform=$BUILDPLATFORM {golang} AS build
ARG TARGETOS
ARG TARGETARCH
ARG TARGETVARIANT
WORKDIR /src
COPY . .
RUN uname -m > /builder
RUN --mount=type=cache,target=/root/.cache/go-build \\
    GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${{TARGETVARIANT#v}} CGO_ENABLED=0 \\
    go build -trimpath -o /hello .

FROM {busybox}
COPY --from=build /builder /builder
COPY --from=build /hello /bin/hello
ENTRYPOINT ["hello"]
"""
NO_COMPILER = """\
FROM --platform=$BUILDPLATFORM {busybox} AS build
ARG TARGETOS
ARG TARGETARCH
RUN uname -m > /builder
RUN printf '#!/bin/sh\\necho %s\\n' "$TARGETOS/$TARGETARCH" > /hello && chmod +x /hello

FROM {busybox}
COPY --from=build /builder /builder
COPY --from=build /hello /bin/hello
ENTRYPOINT ["hello"]
"""
EMULATED = """\
FROM {golang} AS build
WORKDIR /src
COPY . .
RUN uname -m > /builder
RUN CGO_ENABLED=0 go build -o /hello .

FROM {busybox}
COPY --from=build /builder /builder
COPY --from=build /hello /bin/hello
ENTRYPOINT ["hello"]
"""


@dataclass(frozen=True)
class Work:
    """A Go project about to be published to one registry with a password."""

    engine: EngineAtHand
    bases: Registry
    destination: Destinations
    shelf: Shelf
    folder: Path

    def publish(self, dockerfile: str, platforms: list[str]) -> list[str]:
        """Publish the program from this Dockerfile; gives the strategy of each platform."""
        (repository,) = self.destination.repositories("example/hello")
        config = POLYARCH.format(
            engine=self.engine.name, platforms=platforms, repositories=[repository]
        )
        names = {name: self.bases.reference(base) for name, base in BASES.items()}
        files = {
            "polyarch.toml": config + self.destination.toml(),
            "Dockerfile": dockerfile.format(**names),
            "main.go": PROGRAM,
            "go.mod": MODULE,
        }
        project = GitProject.make(self.folder / "hello", files)
        environment = {**plain_environment(self.folder / "home"), **self.engine.environment}
        command = CommandLine(folder=project.root, environment=environment)
        more = {**project.pushed_branch(), **self.destination.environment()}
        (image,) = command.run("plan", "--json", more=more).document["images"]
        command.run("publish", "--json", more=more)
        return [each["strategy"] for each in image["platforms"]]

    def run(self, platform: str, *words: str) -> str:
        (repository,) = self.destination.repositories("example/hello")
        return self.shelf.run(f"{repository}:main", platform, *words).strip()

    def program(self, platform: str) -> Elf:
        (repository,) = self.destination.repositories("example/hello")
        folder = self.folder / "pulled" / platform.replace("/", "-")
        found = self.shelf.program(f"{repository}:main", platform, "bin/hello", folder)
        return Elf.parse(found.read_bytes())


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
    three_registries: tuple[Registry, Registry, Registry],
    shelf: Shelf,
    tmp_path: Path,
) -> Work:
    token_registry = three_registries[2]
    shelf.skopeo.login(token_registry)
    return Work(engine, base_registry, Destinations([token_registry]), shelf, tmp_path)


FEW = ("linux/arm64", "linux/amd64")


@pytest.mark.parametrize(
    ("engine", "platforms"),
    [
        pytest.param("docker_engine", FEW, id="docker_engine-few"),
        *(
            pytest.param(name, tuple(ARCHITECTURES), id=f"{name}-all", marks=pytest.mark.long)
            for name in ENGINES
        ),
    ],
    indirect=["engine"],
)
def test_the_builder_runs_natively_where_the_dockerfile_says_so(
    work: Work, platforms: tuple[str, ...]
) -> None:
    strategies = work.publish(CROSS, list(platforms))
    assert strategies == [*["cross"] * (len(platforms) - 1), "native"]
    for platform in platforms:
        name, machine, bits = ARCHITECTURES[platform]
        assert work.run(platform, "hello") == f"linux/{name}"
        assert work.run(platform, "cat", "/builder") == "x86_64"
        elf = work.program(platform)
        assert (elf.machine, elf.bits, elf.static) == (machine, bits, True)


def test_a_stage_of_the_build_platform_runs_once_for_each_target(work: Work) -> None:
    strategies = work.publish(NO_COMPILER, list(ARCHITECTURES))
    assert strategies == ["cross", "cross", "native"]
    for platform, (name, _machine, _bits) in ARCHITECTURES.items():
        assert work.run(platform, "hello") == f"linux/{name}"
        assert work.run(platform, "cat", "/builder") == "x86_64"


@pytest.mark.long
def test_the_builder_is_emulated_where_it_says_nothing(work: Work) -> None:
    # There is a Go toolchain that runs on arm64, and none for arm/v7 that could be emulated.
    strategies = work.publish(EMULATED, ["linux/arm64", "linux/amd64"])
    assert strategies == ["emulated", "native"]
    for platform, builder in {"linux/arm64": "aarch64", "linux/amd64": "x86_64"}.items():
        assert work.run(platform, "hello") == platform
        assert work.run(platform, "cat", "/builder") == builder
