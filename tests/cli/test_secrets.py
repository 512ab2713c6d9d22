"""A password is nowhere but on its way to the registry: no output, no file, no program sees it."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.canary import PASSWORD, USERNAME, VARIABLES, find_canary, guard
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture(params=[BasicAuth, BearerAuth])
def guarded(
    request: pytest.FixtureRequest, published: TinyProject, registries: Registries
) -> TinyProject:
    """Three registries with a login; builds print and lay all of their environment."""
    return guard(published, registries, request.param)


def publish(project: TinyProject, *words: str, more: Mapping[str, str] = VARIABLES) -> Said:
    sha = project.git("rev-parse", "HEAD")
    return project.run("publish", *words, more={**github("push", "refs/heads/main", sha), **more})


@pytest.mark.parametrize("words", [(), ("--json",), ("--dry-run",), ("--quiet",)])
def test_a_run_that_goes_well(guarded: TinyProject, words: tuple[str, ...]):
    said = publish(guarded, *words)
    assert said.code == 0, said
    logs = guarded.runs[-1] / "logs" / "build-app-linux-s390x.log"
    assert "HOME" in logs.read_text(), "the build did print its environment"
    assert find_canary(guarded, said) == []


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(refuse_login=True),
        Quirks(denied_actions=frozenset({"push"})),
        Quirks(down=True),
        Quirks(redirect_blobs="http://127.0.0.1:1"),
    ],
)
def test_a_run_that_is_refused(guarded: TinyProject, registries: Registries, quirks: Quirks):
    registries[1].quirks = quirks
    for words in ((), ("--json",)):
        said = publish(guarded, *words)
        assert find_canary(guarded, said) == []


def test_the_default_variables(guarded: TinyProject, registries: Registries):
    """Those that the config does not name are kept from builds as well."""
    text = (guarded.root / "polyarch.toml").read_text()
    guarded.toml(text.partition("[registries.")[0])
    guarded.commit()
    more = {
        f"POLYARCH_{registry.host.upper().replace('.', '_').replace(':', '_')}_{key}": value
        for registry in registries
        for key, value in (("USERNAME", USERNAME), ("PASSWORD", PASSWORD))
    }
    said = publish(guarded, more=more)
    assert said.code == 0, said
    assert find_canary(guarded, said) == []


def test_a_password_from_a_file_or_a_command(guarded: TinyProject, registries: Registries):
    secret = guarded.root.parent / "password"
    secret.write_text(f"{PASSWORD}\n")
    text = (guarded.root / "polyarch.toml").read_text()
    guarded.toml(
        text.replace('password-env = "CANARY_PASSWORD"', f'password-file = "{secret}"', 1).replace(
            'password-env = "CANARY_PASSWORD"', f'password-command = ["cat", "{secret}"]', 1
        )
    )
    guarded.commit()
    said = publish(guarded)
    assert said.code == 0, said
    assert find_canary(guarded, said) == []


@pytest.mark.parametrize("verb", ["plan", "doctor", "config show", "build", "publish --sandbox"])
def test_other_verbs(guarded: TinyProject, verb: str):
    for words in (verb.split(), [*verb.split(), "--json"]):
        assert find_canary(guarded, guarded.run(*words, more=VARIABLES)) == []


def test_a_password_in_the_file_itself_is_not_repeated(project: TinyProject):
    project.toml(f'+[registries."ghcr.io"]\npassword = "{PASSWORD}"\npassword-env = "{PASSWORD}"\n')
    for words in (("plan", "--offline"), ("plan", "--offline", "--json"), ("config", "show")):
        said = project.run(*words)
        assert said.code == 2
        assert PASSWORD not in said.stdout + said.stderr


def test_a_password_within_a_proxy(guarded: TinyProject):
    """It would be used for another host than loopback; it must not be told."""
    proxy = f"http://{USERNAME}:c4n4ry@127.0.0.1:1"
    said = guarded.run("inspect", "registry.invalid/team/app", more={"HTTPS_PROXY": proxy})
    assert said.code == 5, said
    assert "c4n4ry" not in said.stdout + said.stderr


def test_docker_config(published: TinyProject, registries: Registries, tmp_path: Path):
    encoded = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    auths = ", ".join(f'"{registry.host}": {{"auth": "{encoded}"}}' for registry in registries)
    docker = tmp_path / "docker"
    docker.mkdir()
    (docker / "config.json").write_text(f'{{"auths": {{{auths}}}}}')
    for registry in registries:
        registry.auth = BasicAuth(Account(username=USERNAME, password=PASSWORD))
    said = publish(published, more={"DOCKER_CONFIG": str(docker)})
    assert said.code == 0, said
    assert find_canary(published, said) == []
