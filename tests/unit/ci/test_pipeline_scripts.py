"""The lines of GitLab's scripts, run by a shell."""

import json
import subprocess
from pathlib import Path

import pytest

from polyarch.ci.pipelines.gitlab_scripts import logins_of_the_job, result_of, telling
from polyarch.registry.credential import default_variables


def shell(lines: list[str], folder: Path, **more: str) -> str:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "CI_PROJECT_DIR": str(folder), **more},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (("success", "success", "success"), ["success"] * 3),
        (("success", "failed", None), ["success", "failure", "skipped"]),
        (("success", "success", None), ["success", "success", "failure"]),
        ((None, "success", None), ["failure", "success", "skipped"]),
        (("canceled", None, None), ["cancelled", "skipped", "skipped"]),
    ],
)
def test_results(tmp_path: Path, left: tuple[str | None, ...], told: list[str]):
    jobs = ["build-a", "build-b", "publish"]
    for job, status in zip(jobs, left, strict=True):
        if status:
            shell([result_of(job)], tmp_path, CI_JOB_STATUS=status)
    said = json.loads(shell([*telling(jobs), 'printf %s "$NEEDS"'], tmp_path))
    assert said == {job: {"result": each} for job, each in zip(jobs, told, strict=True)}


@pytest.mark.parametrize("host", ["registry.gitlab.com", "git.example.com:5050", "r-1.x"])
def test_the_registrys_own_login(tmp_path: Path, host: str):
    user, password = default_variables(host)
    more = {"CI_REGISTRY": host, "CI_REGISTRY_USER": "u", "CI_REGISTRY_PASSWORD": "p$'\" x"}
    said = shell([*logins_of_the_job(), "env -0"], tmp_path, **more)
    environment = dict(each.partition("=")[::2] for each in said.split("\0"))
    assert (environment[user], environment[password]) == ("u", "p$'\" x")
