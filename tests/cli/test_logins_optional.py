"""Jobs that only build have not all the logins that the config names, and need none to read."""

import shutil

import pytest

from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.tiny_project import TinyProject

LOGINS = {"PROD_USER": "u", "PROD_PASS": "p"}


@pytest.mark.parametrize("optional", [True, False])
def test_what_is_public_is_read_without_a_login(project: TinyProject, optional: bool):
    with running(production := SandboxRegistry(), stage := SandboxRegistry()):
        text = (project.root / "polyarch.toml").read_text()
        public = f'repositories = ["{production.host}/team/{{image}}"]'
        project.toml(
            text.replace('repositories = ["ghcr.io/team/{image}", "team/{image}"]', public)
            + f'[registries."{production.host}"]\n'
            'username-env = "PROD_USER"\npassword-env = "PROD_PASS"\n'
        )
        job = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": project.commit(),
            "GITHUB_REPOSITORY": "team/app",
            "GITHUB_RUN_ID": "7",
        }
        assert project.run("publish", more={**job, **LOGINS}).code == 0
        shutil.rmtree(project.root / ".polyarch")
        more = {**job, "POLYARCH_LOGINS": "optional"} if optional else job
        words = ("build", "--platform", "linux/s390x", "--stage", "--stage-to")
        said = project.run(*words, f"{stage.host}/stage", more=more)
        assert said.code == 0
        assert ("reused" in said.stderr) is optional, said
