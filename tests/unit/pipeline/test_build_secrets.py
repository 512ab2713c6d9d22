from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyarch.config.load import load_project
from polyarch.engines.base import BuildSecret
from polyarch.errors import BuildSecretError
from polyarch.events import Event, Warned
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.oci.platform import Platform
from polyarch.pipeline.build_secrets import SecretKeeper, key_names, secret_names, variables_of
from polyarch.pipeline.world import World

TOKEN = "t0ken-of-a-registry"
CONFIG = """\
[defaults]
repositories = ["registry.example.com/{image}"]
platforms = ["linux/amd64", "linux/arm64"]

[images.app]
secrets = ["id=npm,env=NPM_TOKEN", "id=config,src=conf/npmrc", "id=home,src=~/key"]
ssh = ["default", "git=conf/id"]

[images.app.platform."linux/arm64"]
secrets = ["id=arm,env=ARM_TOKEN"]
ssh = []

[registries."registry.example.com"]
password-env = "PUSH"
"""
PUSH = CiEvent(provider=Provider.LOCAL, name="local", ref="refs/heads/main", sha="a" * 40)
PULL = replace(PUSH, name="pull_request", ref="refs/pull/7/merge")
AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")


class Scene:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []
        self.environment = {"NPM_TOKEN": TOKEN, "ARM_TOKEN": "x" * 8, "SSH_AUTH_SOCK": "/s"}
        self.write({"conf/npmrc": f"//r/:_authToken={TOKEN}9\n", "conf/id": "k", "home/key": "k"})
        self.write({"polyarch.toml": CONFIG})

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def keeper(self, event: CiEvent = PUSH) -> SecretKeeper:
        world = World(
            environment=self.environment,
            home=self.root / "home",
            state=self.root / ".polyarch",
            now=datetime(2026, 1, 2, tzinfo=UTC),
            listen=self.events.append,
        )
        project = load_project(self.root / "polyarch.toml")
        return SecretKeeper(project=project, event=event, world=world)

    def refused(self, platform: Platform = AMD64) -> BuildSecretError:
        with pytest.raises(BuildSecretError) as caught:
            self.keeper().check("app", platform)
        return caught.value


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_secrets_are_places_and_their_values_are_hidden(scene: Scene) -> None:
    keeper = scene.keeper()
    app = keeper.project.images["app"]
    assert keeper.secrets("app", app.for_platform(AMD64)) == (
        BuildSecret(id="npm", variable="NPM_TOKEN"),
        BuildSecret(id="config", file=scene.root / "conf/npmrc"),
        BuildSecret(id="home", file=scene.root / "home/key"),
    )
    assert keeper.keys("app", app.for_platform(AMD64)) == (
        "default",
        f"git={scene.root}/conf/id",
    )
    assert TOKEN not in keeper.world.mask(f"it is {TOKEN}, and {TOKEN}9 of the file")
    assert keeper.world.mask(f"<{TOKEN}9>") == "<***>"
    assert keeper.keys("app", app.for_platform(ARM64)) == ()


def test_keys_and_records_see_names_alone(scene: Scene) -> None:
    project = scene.keeper().project
    app = project.images["app"]
    assert secret_names(app.for_platform(AMD64), PUSH) == ("config", "home", "npm")
    assert secret_names(app.for_platform(ARM64), PUSH) == ("arm",)
    assert secret_names(app.for_platform(AMD64), PULL) == ()
    assert key_names(app.for_platform(AMD64), PUSH) == ("default", "git")
    assert key_names(app.for_platform(AMD64), PULL) == ()
    assert variables_of(project) == ("NPM_TOKEN", "ARM_TOKEN")


def test_a_pull_request_gets_nothing_and_reads_nothing(scene: Scene) -> None:
    scene.environment.clear()
    (scene.root / "conf/npmrc").unlink()
    keeper = scene.keeper(PULL)
    app = keeper.project.images["app"].for_platform(AMD64)
    assert keeper.secrets("app", app) == ()
    assert keeper.keys("app", app) == ()
    keeper.check("app", AMD64)
    [warned] = scene.events
    assert isinstance(warned, Warned)
    assert "without `npm`, `config`, `home`, `default`, `git`" in warned.text


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_says_nothing(scene: Scene, value: str | None) -> None:
    scene.environment.pop("NPM_TOKEN")
    if value is not None:
        scene.environment["NPM_TOKEN"] = value
    error = scene.refused()
    assert "the build secret `npm`: `NPM_TOKEN` is not set, or empty" in error.message
    assert error.where == "polyarch.toml:6, images.app.secrets"
    scene.keeper().check("app", ARM64)


def test_a_platforms_own_secret_is_named_where_it_stands(scene: Scene) -> None:
    scene.environment.pop("ARM_TOKEN")
    assert scene.refused(ARM64).where == (
        'polyarch.toml:10, images.app.platform."linux/arm64".secrets'
    )


def test_the_login_of_a_registry_is_no_build_secret(scene: Scene) -> None:
    scene.environment["PUSH"] = "password"
    scene.write({"polyarch.toml": CONFIG.replace("env=NPM_TOKEN", "env=PUSH")})
    assert "`PUSH` holds the login of a registry" in scene.refused().message


def test_a_file_that_cannot_be_read(scene: Scene) -> None:
    (scene.root / "conf/npmrc").unlink()
    error = scene.refused()
    assert "`config`: its file cannot be read: No such file" in error.message
    assert error.where == "polyarch.toml:6, images.app.secrets: `conf/npmrc`"


def test_keys_that_are_not_there(scene: Scene) -> None:
    scene.environment.pop("SSH_AUTH_SOCK")
    error = scene.refused()
    assert "the SSH key `default`: no agent runs" in error.message
    assert error.where == "polyarch.toml:7, images.app.ssh"
    scene.environment["SSH_AUTH_SOCK"] = "/s"
    (scene.root / "conf/id").unlink()
    assert "`git=conf/id`: it does not exist" in scene.refused().message
