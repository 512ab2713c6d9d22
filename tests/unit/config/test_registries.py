"""Which table of `[registries]` a repository has."""

from pathlib import Path

import pytest

from polyarch.config.load import load_text
from polyarch.config.registries import RegistrySettings
from polyarch.oci.reference import Repository
from tests.support.config_documents import MINIMAL

TEXT = (
    MINIMAL
    + """
[registries."ghcr.io"]
ca = "certs/ca.pem"
username-env = "HOST_USER"
password-env = "HOST_PASSWORD"
[registries."ghcr.io/team"]
password-file = "secrets/team"
[registries."index.docker.io/team"]
password-command = ["pass", "show", "docker"]
[registries."localhost:5001"]
plain-http = false
[environments.staging.registries."ghcr.io"]
insecure = true
password-env = "STAGING"
"""
)


def settings(name: str, environment: str | None = None) -> RegistrySettings:
    project = load_text(TEXT, Path("/project/polyarch.toml"), environment=environment)
    return project.registries.of(Repository.parse(name))


def test_the_longest_key_is_laid_over_the_shorter_ones():
    team = settings("ghcr.io/team/app")
    assert team.prefix == "ghcr.io/team"
    assert team.ca == Path("/project/certs/ca.pem")
    assert team.username_env == "HOST_USER"
    assert (team.password_env, team.password_file) == (None, Path("/project/secrets/team"))
    assert settings("ghcr.io/team").prefix == "ghcr.io/team"


@pytest.mark.parametrize("name", ["ghcr.io/teams/app", "ghcr.io/other"])
def test_a_prefix_ends_where_a_part_ends(name: str):
    found = settings(name)
    assert (found.prefix, found.password_env, found.password_file) == (
        "ghcr.io",
        "HOST_PASSWORD",
        None,
    )


def test_docker_hub_by_any_of_its_names():
    assert settings("team/app").password_command == ("pass", "show", "docker")
    assert settings("other/app") == RegistrySettings(host="docker.io")
    assert settings("alpine").prefix == ""


def test_plain_http_is_left_open_unless_said():
    assert settings("localhost:5001/x").plain_http is False
    assert settings("localhost:5002/x").plain_http is None


def test_an_environment_is_laid_over():
    assert settings("ghcr.io/x/y").insecure is False
    staged = settings("ghcr.io/x/y", "staging")
    assert (staged.insecure, staged.password_env, staged.username_env) == (
        True,
        "STAGING",
        "HOST_USER",
    )
    assert staged.ca == Path("/project/certs/ca.pem")
