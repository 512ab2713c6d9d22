"""The workflow that a project gets without keys: parts and images at ghcr.io, by the job's token.

That is a registry on loopback here, to which a proxy leads; it knows the token of jobs that may
write packages, and no other.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.absence import require
from tests.lab.certificates import make_certificate
from tests.lab.registries import Auth, Registry, running_registry
from tests.support.pipeline_project import PLATFORMS, TOKENS, programs, tags_of
from tests.support.published import blobs_on_disk
from tests.support.tiny_project import TinyProject
from tests.support.tunnels import leading
from tests.support.workflow import events
from tests.support.workflow.repository import asked_to_pull, hosted, origin
from tests.support.workflow.runs import Forge, Run

TOML = """\
[images.app]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["ghcr.io/team/app", "{other}"]
tags = ["type=ref,event=branch"]
[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]

[publish]
on = ["branch:main"]

[registries."ghcr.io"]
ca = "ca.pem"
[registries."{host}"]
username-env = "OTHER_USER"
password-env = "OTHER_TOKEN"

[environments.staging]
repositories = ["ghcr.io/team/rehearsal"]
publish.on = ["branch:rehearse"]
"""
MAKE = 'echo "app for $2" > "$1"\n'


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Registry, Registry, str]]:
    """GitHub's registry, another one, and the proxy."""
    require("registry")
    for name in ("tls", "ghcr", "other"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        ghcr = stack.enter_context(
            running_registry(
                tmp_path / "ghcr",
                auth=Auth.HTPASSWD,
                username="octocat",
                password=TOKENS["write"],
                certificate=make_certificate(tmp_path / "tls", "ghcr.io"),
            )
        )
        other = running_registry(tmp_path / "other", auth=Auth.HTPASSWD, password="other-secret")
        hosts = {"ghcr.io:443": ghcr.host}
        yield ghcr, stack.enter_context(other), stack.enter_context(leading(hosts))


def repository(
    folder: Path, places: tuple[Registry, Registry, str], *options: str
) -> tuple[TinyProject, Forge]:
    ghcr, other, proxy = places
    assert ghcr.certificate is not None
    files = {
        "polyarch.toml": TOML.format(other=other.reference("team/app"), host=other.host),
        "make.sh": MAKE,
        "ca.pem": ghcr.certificate.file.read_text(),
        ".gitignore": ".polyarch/\n",
    }
    project = hosted(folder / "hosted", files)
    said = project.run("ci", "github", *options)
    assert said.code == 0, said
    project.commit("Let it run by itself")
    project.push()
    forge = Forge(
        origin=origin(project),
        folder=folder / "forge",
        path=programs(folder / "tools"),
        tokens=TOKENS,
        secrets={"OTHER_TOKEN": other.password},
        variables={"OTHER_USER": other.username},
        known={"HTTPS_PROXY": proxy},
    )
    return project, forge


def powers(run: Run) -> dict[str, str]:
    """What each job's token may do with packages."""
    return {key: job.legs[0].powers.get("packages", "") for key, job in run.jobs.items()}


def secrets(run: Run) -> dict[str, set[str]]:
    return {key: {*job.legs[0].secrets} for key, job in run.jobs.items()}


def test_jobs_that_build_have_the_token_alone(
    places: tuple[Registry, Registry, str], tmp_path: Path
) -> None:
    ghcr, other, _ = places
    project, forge = repository(tmp_path, places)
    builds = [f"build-{platform.replace('/', '-')}" for platform in PLATFORMS]

    asked = forge.start(asked_to_pull(project, {"make.sh": f"{MAKE}#\n"}, fork=True))
    assert asked is not None
    assert [asked.jobs[key].result for key in builds] == ["success"] * 2, asked.log
    assert not blobs_on_disk(ghcr)
    assert set().union(*secrets(asked).values()) <= {"GITHUB_TOKEN"}

    run = forge.start(events.push("main", project.git("rev-parse", "main")))
    assert run is not None
    assert run.result == "success", run.log
    assert tags_of(ghcr, "team/app") == tags_of(other, "team/app") == ["main"]
    assert tags_of(ghcr, "team/project-stage") == []
    given = secrets(run)
    assert [given[key] for key in builds] == [{"GITHUB_TOKEN"}] * 2
    assert given["publish"] == {"GITHUB_TOKEN", "OTHER_TOKEN"}
    assert "OTHER_TOKEN" not in given["notify"]
    assert powers(run) == dict.fromkeys([*builds, "publish"], "write") | {"notify": ""}


def test_a_rehearsal_leaves_production_alone(
    places: tuple[Registry, Registry, str], tmp_path: Path
) -> None:
    ghcr, other, _ = places
    words = ("--env", "staging", "--branch", "rehearse")
    project, forge = repository(tmp_path, places, *words)
    [file] = (project.root / ".github/workflows").iterdir()
    name = file.relative_to(project.root).as_posix()
    head = project.git("rev-parse", "HEAD")
    project.git("push", "--quiet", "origin", "HEAD:refs/heads/rehearse")
    assert forge.start(events.push("main", head), name) is None
    run = forge.start(events.push("rehearse", head), name)
    assert run is not None
    assert run.result == "success", run.log
    assert tags_of(ghcr, "team/rehearsal") == ["rehearse"]
    assert tags_of(ghcr, "team/app") == tags_of(other, "team/app") == []
    assert "OTHER_TOKEN" not in set().union(*secrets(run).values())
