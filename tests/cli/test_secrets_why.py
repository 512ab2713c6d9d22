"""A secret in the words of `--why`: everybody who can pull reads a hold."""

from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.environments import Staged
from tests.support.released import Released
from tests.support.tiny_project import Said, TinyProject

Registries = tuple[SandboxRegistry, ...]
SECRET = "s3cr3t-of-a-kind"
WHY = ("--why", f"  the login {SECRET} leaked\t")
TOLD = "the login *** leaked"


@pytest.fixture
def released(tmp_path: Path, registries: Registries) -> Released:
    """Two versions of one image in one registry, whose login the config names."""
    made = Released.make(tmp_path / "project", [registries[0].host], ["server"])
    for version in ("1.2.3", "1.3.0"):
        assert made.release(version).code == 0
    return made


def kept_nowhere(project: TinyProject, registry: SandboxRegistry, said: Said) -> None:
    """Neither in what was printed, nor in the record, nor in the registry."""
    assert said.code == 0, said
    assert said.document["why"] == TOLD
    assert SECRET not in said.stdout + said.stderr
    for file in (project.root / ".polyarch" / "runs").rglob("*.json*"):
        assert SECRET not in file.read_text()
    storage = registry.storage
    for tag in storage.tags("team/server"):
        subject = storage.tag("team/server", tag)
        for digest in storage.referrers("team/server", subject) if subject else ():
            manifest = storage.manifest("team/server", digest)
            assert manifest
            assert SECRET not in str(manifest)


@pytest.mark.parametrize("variable", ["MY_TOKEN", "LOGIN_WORD"])
def test_acts_hide_it(released: Released, registries: Registries, variable: str):
    host = registries[0].host
    login = f'[registries."{host}"]\nusername-env = "LOGIN_NAME"\npassword-env = "LOGIN_WORD"\n'
    released.project.toml(f"+{login}" if variable == "LOGIN_WORD" else "+")
    more = {variable: SECRET, "LOGIN_NAME": "somebody"}
    for words in (
        ("rollback", "--to", "1.2.3"),
        ("undo", "last"),
        ("tag", f"{host}/team/server:1.2.3", "latest"),
    ):
        said = released.project.run(*words, "--json", *WHY, more=more)
        kept_nowhere(released.project, registries[0], said)


def test_a_promotion_hides_it(tmp_path: Path, registries: Registries):
    staged = Staged.make(tmp_path / "project", [registries[0].host])
    staged.stage("app")
    said = staged.promote("app", *WHY, more={**staged.event(), "MY_TOKEN": SECRET})
    assert said.code == 0, said
    assert said.document["why"] == TOLD
    for file in (staged.project.root / ".polyarch" / "runs").rglob("*.json*"):
        assert SECRET not in file.read_text()
