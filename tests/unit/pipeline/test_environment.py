"""Engines get everything but the logins of registries."""

from polyarch.config.load import load_text
from polyarch.pipeline.environment import without_logins
from tests.support.config_documents import MINIMAL

REGISTRIES = """\
[registries."ghcr.io"]
username-env = "ACTOR"
password-env = "GHCR_TOKEN"
[registries."ghcr.io/other"]
password-env = "OTHER_TOKEN"
[environments.staging.registries."registry.internal:5000"]
password-env = "STAGING_TOKEN"
"""
SECRET = ("ACTOR", "GHCR_TOKEN", "OTHER_TOKEN", "STAGING_TOKEN", "POLYARCH_NOTIFY_URLS")


def test_a_project_knows_its_variables_whichever_environment_is_chosen():
    for environment in (None, "staging"):
        project = load_text(MINIMAL + REGISTRIES, environment=environment)
        assert project.secret_variables == SECRET


def test_named_variables_and_the_default_names_are_left_out():
    defaults = ("POLYARCH_GHCR_IO_USERNAME", "POLYARCH_REGISTRY_INTERNAL_5000_PASSWORD")
    kept = {"PATH": "/bin", "DOCKER_HOST": "ssh://box", "POLYARCH_LAB": "/lab", "GOPROXY": "direct"}
    found = without_logins({**kept, **dict.fromkeys((*SECRET, *defaults), "hush")}, SECRET)
    assert found == kept
