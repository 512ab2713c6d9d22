"""The main job on a real C program: two engines, one platform emulated, three real registries.

The program is compiled by a Dockerfile of two stages, as its project could have it, published by
the command line as in a job of GitHub Actions, and taken back and run by other programs. In the
short form only one engine compiles; with the other, the emulated stage writes a script.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.fixtures import RunImage
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import TIME, GitProject
from tests.support.published import Destinations, Shelf, digest_of, platform_name

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
BASES = {"gcc": "gcc:12", "busybox": "busybox:1"}
TAGS = ["1.2", "1.2.3", "latest"]

POLYARCH = """\
[images.{program}]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=semver,pattern={{{{version}}}}", "type=semver,pattern={{{{major}}}}.{{{{minor}}}}"]
build-args = {{ VERSION = "{{{{version}}}}" }}
labels = {{ "org.opencontainers.image.title" = "{program}" }}
"""
FIGLET = """\
FROM {gcc} AS build
COPY . /src
RUN make -C /src LDFLAGS=-static figlet && uname -m > /machine
FROM {busybox}
ARG VERSION
ENV PROGRAM_VERSION=$VERSION
COPY --from=build /machine /machine
COPY --from=build /src/figlet /bin/figlet
COPY fonts/standard.flf /usr/local/share/figlet/standard.flf
ENTRYPOINT ["figlet"]
"""
SCRIPT = """\
FROM {busybox} AS build
COPY . /src
RUN test -f /src/figlet.c && uname -m > /machine
RUN printf '#!/bin/sh\\necho "$@ from a script"\\n' > /figlet && chmod +x /figlet
FROM {busybox}
ARG VERSION
ENV PROGRAM_VERSION=$VERSION
COPY --from=build /machine /machine
COPY --from=build /figlet /bin/figlet
COPY fonts/standard.flf /usr/local/share/figlet/standard.flf
ENTRYPOINT ["figlet"]
"""
# Its manual is made by a program that the base does not have.
HELLO = """\
FROM {gcc} AS build
COPY . /src
WORKDIR /src
RUN ./configure --disable-nls --disable-dependency-tracking LDFLAGS=-static
RUN make -j2 MANS= && uname -m > /machine
FROM {busybox}
ARG VERSION
ENV PROGRAM_VERSION=$VERSION
COPY --from=build /machine /machine
COPY --from=build /src/hello /bin/hello
ENTRYPOINT ["hello"]
"""


@dataclass(frozen=True)
class Program:
    """A program of Debian's: its Dockerfile, a command for it and what that prints."""

    name: str
    dockerfile: str
    command: tuple[str, ...]
    says: str


PROGRAMS = {
    "figlet": Program("figlet", FIGLET, ("figlet", "hi"), "|_|"),
    "script": Program("figlet", SCRIPT, ("figlet", "hi"), "hi from a script"),
    "hello": Program("hello", HELLO, ("hello", "--greeting=it runs"), "it runs"),
}
SHORT = {("script", "docker_engine"), ("script", "buildah")}
CASES = [
    pytest.param(program, engine, marks=() if (program, engine) in SHORT else pytest.mark.long)
    for program in PROGRAMS
    for engine in ENGINES
]


@dataclass(frozen=True)
class Job:
    """A project about to be published, and its destinations."""

    project: GitProject
    program: Program
    destinations: Destinations
    command: CommandLine

    @property
    def repositories(self) -> list[str]:
        return self.destinations.repositories(f"example/{self.program.name}")

    def publish(self) -> Answer:
        event, logins = self.project.pushed_tag(), self.destinations.environment()
        return self.command.run("publish", "--json", more={**event, **logins})


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@pytest.fixture
def destinations(three_registries: tuple[Registry, Registry, Registry]) -> Destinations:
    return Destinations(three_registries)


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Program:
    return PROGRAMS[request.param]


@pytest.fixture
def job(
    engine: EngineAtHand,
    program: Program,
    base_registry: Registry,
    destinations: Destinations,
    c_source: Callable[[str], Path],
) -> Job:
    bases = {name: base_registry.reference(base) for name, base in BASES.items()}
    config = POLYARCH.format(
        program=program.name,
        engine=engine.name,
        repositories=destinations.repositories(f"example/{program.name}"),
    )
    files = {
        "Dockerfile": program.dockerfile.format(**bases),
        "polyarch.toml": config + destinations.toml(),
    }
    project = GitProject.make(c_source(program.name), files)
    home = project.root.with_name("home")
    environment = {**plain_environment(home), **engine.environment}
    command = CommandLine(folder=project.root, environment=environment)
    return Job(project, program, destinations, command)


@pytest.mark.parametrize(("program", "engine"), CASES, indirect=True)
def test_a_c_program_goes_to_three_registries(
    job: Job, skopeo: Skopeo, run_image: RunImage
) -> None:
    answer = job.publish()
    assert_all_published(answer, job)
    skopeo.login(*job.destinations.registries)
    shelf = Shelf(skopeo, run_image)
    assert_equal_everywhere(answer, job, shelf)
    for repository in job.repositories:
        for platform, machine in MACHINES.items():
            reference = f"{repository}:1.2.3"
            assert shelf.run(reference, platform, "cat", "/machine").strip() == machine
            assert job.program.says in shelf.run(reference, platform, *job.program.command)
    assert_no_secret(answer, job)


def assert_all_published(answer: Answer, job: Job) -> None:
    (image,) = answer.document["images"]
    assert [each["platform"] for each in image["platforms"]] == list(MACHINES)
    assert [each["repository"] for each in image["destinations"]] == job.repositories
    for destination in image["destinations"]:
        assert (destination["status"], destination["error"]) == ("published", None)
        assert destination["digest"] == image["digest"]
        assert sorted(tag["tag"] for tag in destination["references"]) == TAGS
        assert {tag["status"] for tag in destination["references"]} == {"created"}


def assert_equal_everywhere(answer: Answer, job: Job, shelf: Shelf) -> None:
    """Index, annotations, labels and platforms are the same under every tag of every registry."""
    (image,) = answer.document["images"]
    told = {each["platform"]: each["digest"] for each in image["platforms"]}
    for repository in job.repositories:
        assert shelf.tags(repository) == TAGS
        raws = {shelf.raw(f"{repository}:{tag}") for tag in TAGS}
        (raw,) = raws
        assert raw is not None
        assert digest_of(raw) == image["digest"]
        annotations = json.loads(raw)["annotations"]
        assert annotations["org.opencontainers.image.version"] == "1.2.3"
        assert annotations["org.opencontainers.image.revision"] == job.project.head
        assert shelf.children(f"{repository}:latest") == told
        for platform, digest in told.items():
            config = shelf.config(repository, digest)
            assert platform_name(config) == platform
            assert config["created"] == TIME
            labels = config["config"]["Labels"]
            assert labels["org.opencontainers.image.title"] == job.program.name
            assert labels["org.opencontainers.image.revision"] == job.project.head
            assert "PROGRAM_VERSION=1.2.3" in config["config"]["Env"]


def assert_no_secret(answer: Answer, job: Job) -> None:
    """No password is in what was said, and in no file that the run left."""
    passwords = [registry.password for registry in job.destinations.registries]
    texts = [answer.stdout, answer.stderr]
    state = job.project.root / ".polyarch"
    texts += [path.read_text() for path in state.glob("runs/**/*") if path.is_file()]
    assert len(texts) > 2 + len(MACHINES)
    for text in texts:
        assert not any(password in text for password in passwords)
