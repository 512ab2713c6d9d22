"""A project whose images are one small program each, true or not, for three registries."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarch.sandbox.server import SandboxRegistry
from tests.support.jobs import Jobs
from tests.support.programs import program
from tests.support.tiny_project import Said, TinyProject, github

AMD64, ARM64 = "linux/amd64", "linux/arm64"
NOTHING: Mapping[str, bytes] = MappingProxyType({})

CONFIG = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
repositories = [{repositories}]
tags = ["type=ref,event=branch", "type=semver,pattern={{{{version}}}}"]

[images.app.direct]
files = [{{ from = "bin/{{arch}}", to = "/app", mode = "0755" }}]
entrypoint = ["/app"]

[images.app]
{keys}
"""


def proven_project(
    root: Path,
    registries: Sequence[SandboxRegistry],
    *keys: str,
    programs: Mapping[str, bytes] = NOTHING,
    more: str = "",
) -> TinyProject:
    """Make it; `programs` take the place of honest ones, by platform, `more` ends the config."""
    repositories = ", ".join(f'"{each.host}/team/{{image}}"' for each in registries)
    text = CONFIG.format(repositories=repositories, keys="\n".join(keys)) + more
    project = TinyProject.make(root, {"polyarch.toml": text, ".dockerignore": "polyarch.toml\n"})
    for platform in (AMD64, ARM64):
        put_program(project, platform, programs.get(platform) or program(platform))
    project.commit("Programs")
    return project


def put_program(project: TinyProject, platform: str, content: bytes) -> None:
    """Let the project have another program for a platform."""
    path = project.root / "bin" / platform.partition("/")[2]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def publish(project: TinyProject, *words: str, **more: str) -> Said:
    """`publish` for a pushed branch."""
    event = github("push", "refs/heads/main", project.git("rev-parse", "HEAD"), **more)
    return project.run("publish", "--json", *words, more=event)


def proof_of(project: TinyProject) -> dict[str, Any]:
    """The record of what the last run has proven."""
    found: dict[str, Any] = json.loads((project.runs[-1] / "proof.json").read_text())
    return found


def platforms_of(project: TinyProject) -> dict[str, dict[str, Any]]:
    """The proofs of the last run's one image, by platform."""
    [image] = proof_of(project)["images"]
    return {each["platform"]: each for each in image["platforms"]}


def levels(document: Mapping[str, Any]) -> dict[str, str]:
    """How far each platform is proven, in a document of `publish`."""
    [image] = document["images"]
    return {each["platform"]: each["proof"]["level"] for each in image["platforms"]}


def jobs_of(project: TinyProject, folder: Path) -> Jobs:
    """The jobs of a CI run that share its build."""
    return Jobs(project=project, folder=folder)


def writes(*registries: SandboxRegistry) -> list[str]:
    """Requests that brought anything, but for the question whether pushes are taken."""
    return [
        request.path
        for registry in registries
        for request in registry.requests
        if request.received and request.method in {"PUT", "PATCH", "POST"}
    ]
