"""A base in a private registry whose login only polyarch knows, with each engine."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.cli.exit_codes import ExitCode
from polyarch.registry.credential import default_variables
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject

pytestmark = pytest.mark.real

USER, CANARY = "somebody", "canary-5ecret"
FORMS = (CANARY, base64.b64encode(f"{USER}:{CANARY}".encode()).decode())

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/arm64"]
repositories = ["registry.example.com/app"]
contexts = {{ tools = "docker-image://{base}" }}

{registries}
"""
NAMED = '[registries."{host}"]\nusername-env = "BASE_USER"\npassword-env = "BASE_PASSWORD"\n'
DOCKERFILE = """\
FROM {base}
RUN uname -m > /machine
COPY --from=tools /bin/busybox /copied
"""


@dataclass(frozen=True)
class Work:
    """The project and the command in it; `variables` log in to the base's registry."""

    project: GitProject
    command: CommandLine
    variables: dict[str, str]
    closed: Registry


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@pytest.fixture(params=["named in the config", "by default"])
def work(
    request: pytest.FixtureRequest,
    engine: EngineAtHand,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    tmp_path: Path,
) -> Work:
    busybox = request.getfixturevalue("base_registry").reference("busybox:1")
    closed = distribution_registry(Auth.HTPASSWD, username=USER, password=CANARY)
    skopeo.login(closed)
    base = closed.reference("team/base:1")
    skopeo.copy(f"docker://{busybox}", f"docker://{base}", "--all")
    named = request.param == "named in the config"
    names = ("BASE_USER", "BASE_PASSWORD") if named else default_variables(closed.host)
    config = POLYARCH.format(
        engine=engine.name, base=base, registries=NAMED.format(host=closed.host) if named else ""
    )
    files = {"polyarch.toml": config, "Dockerfile": DOCKERFILE.format(base=base)}
    project = GitProject.make(tmp_path / "project", files)
    environment = {**plain_environment(tmp_path / "home"), **engine.environment}
    command = CommandLine(folder=project.root, environment=environment)
    return Work(project, command, dict(zip(names, (USER, CANARY), strict=True)), closed)


def test_the_engine_gets_the_login_and_nothing_keeps_it(work: Work) -> None:
    answer = work.command.run("build", "--json", more=work.variables)
    kept = [path for path in work.project.root.parent.rglob("*") if path.is_file()]
    assert any(path.name == "index.json" for path in kept)
    for form in FORMS:
        assert form not in str(answer)
        assert not [path for path in kept if form.encode() in path.read_bytes()]


def test_a_pull_request_gets_no_login(work: Work) -> None:
    more = {**work.variables, **work.project.pull_request()}
    work.command.run("build", "--json", more=more, status=ExitCode.REFUSED)


def test_a_base_that_only_the_engine_may_read_has_a_name_and_no_digest(
    work: Work, engine: EngineAtHand, tmp_path: Path
) -> None:
    """A pull request reads no login; that the engine has one of its own is not our affair."""
    own = engine.logged_in(tmp_path, work.closed)
    answer = work.command.run("build", "--json", more={**own, **work.project.pull_request()})
    [part] = answer.document["parts"]
    assert part["base"] == {"name": work.closed.reference("team/base:1"), "digest": None}
    assert "digest of" in answer.stderr
    assert "unknown" in answer.stderr


def test_without_a_login_the_base_is_refused(work: Work) -> None:
    work.command.run("build", "--json", status=ExitCode.REFUSED)
