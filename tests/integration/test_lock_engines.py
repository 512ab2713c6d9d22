"""Real engines take what polyarch.lock pins, for stages and copies, when the tag is another."""

from pathlib import Path

import pytest

from polyarch.cli.exit_codes import ExitCode
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject

pytestmark = pytest.mark.real

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64"]
repositories = ["registry.example.com/app"]
"""
DOCKERFILE = """\
FROM {base} AS build
RUN test -e /bin/busybox && echo made > /made
FROM scratch
COPY --from=build /made /made
COPY --from={base} /bin/busybox /busybox
"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


def test_a_build_takes_what_is_locked(
    engine: EngineAtHand,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    tmp_path: Path,
) -> None:
    registry = distribution_registry()
    base = registry.reference("team/base:1")

    def stands_for(name: str) -> None:
        skopeo.copy(f"docker://{base_registry.reference(name)}", f"docker://{base}", "--all")

    files = {
        "polyarch.toml": POLYARCH.format(engine=engine.name),
        "Dockerfile": DOCKERFILE.format(base=base),
    }
    project = GitProject.make(tmp_path / "project", files)
    environment = {**plain_environment(tmp_path / "home"), **engine.environment}
    command = CommandLine(folder=project.root, environment=environment)

    stands_for("busybox:1")
    updated = command.run("doctor", "--update-lock", "--json").document
    assert [each["name"] for each in updated["entries"] if each["kind"] == "images"] == [base]
    assert engine.name in updated["tools"]

    stands_for("debian:bookworm")
    command.run("build", "--json")
    [line] = [line for line in command.run("plan", "--json").document["toolchain"] if base in line]
    assert "has moved on" in line

    (project.root / "polyarch.lock").unlink()
    command.run("build", "--json", status=ExitCode.FAILED)
