"""`promote` at the command line: staging and production on three registries, one like GHCR."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

TOML = """\
[defaults]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = [{production}]
tags = [
  "type=ref,event=branch",
  "type=semver,pattern={{{{version}}}}",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}}",
]
[defaults.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
[images.app]
[images.web]
[images.bot]
[groups]
all = ["app", "web", "bot"]
[publish]
on = ["tag:v*"]
[environments.staging]
repositories = [{staging}]
[environments.staging.publish]
on = ["branch:main", "tag:v*"]
{more}
"""
MAKE = 'printf "app for %s\\n" "$2" > "$1"\nchmod +x "$1"\n'
NAMES = ("app", "web", "bot")


@pytest.fixture
def three() -> Iterator[Registries]:
    registries = SandboxRegistry(), SandboxRegistry(quirks=GHCR), SandboxRegistry()
    with running(*registries):
        yield registries


@pytest.fixture
def staged(tmp_path: Path, three: Registries) -> TinyProject:
    """A project whose version 1.2.3 stands in staging alone."""
    project = make(tmp_path / "project", three)
    said = publish(project, "--env", "staging")
    assert said.code == 0, said
    return project


def make(root: Path, three: Registries, more: str = "") -> TinyProject:
    production = ", ".join(f'"{each.host}/team/{{image}}"' for each in three)
    staging = ", ".join(f'"{each.host}/staging/{{image}}"' for each in three[:2])
    text = TOML.format(production=production, staging=staging, more=more)
    return TinyProject.make(root, {"polyarch.toml": text, "make.sh": MAKE})


def tag_event(project: TinyProject, tag: str = "v1.2.3") -> dict[str, str]:
    return github("push", f"refs/tags/{tag}", project.git("rev-parse", "HEAD"))


def publish(project: TinyProject, *words: str, tag: str = "v1.2.3") -> Said:
    return project.run("publish", "--json", *words, more=tag_event(project, tag))


def promote(project: TinyProject, *words: str, more: Mapping[str, str] | None = None) -> Said:
    event = tag_event(project) if more is None else more
    words = ("promote", "--json", "--from", "staging", "--to", "production", *words)
    return project.run(*words, more=event)


def digests(project: TinyProject, registry: SandboxRegistry, room: str = "team") -> dict[str, Any]:
    """What stands in a registry: by image, by tag."""
    found: dict[str, Any] = {}
    for image in NAMES:
        for tag in ("1.2.3", "1.2", "1.2.2", "main"):
            said = project.run("inspect", "--json", f"{registry.host}/{room}/{image}:{tag}")
            if said.code == 0:
                found.setdefault(image, {})[tag] = said.document["digest"]
    return found


def test_a_version_goes_everywhere_under_its_tags_and_is_not_built(
    staged: TinyProject, three: Registries
):
    before = digests(staged, three[0], "staging")
    said = promote(staged)
    assert said.code == 0, said
    assert [digests(staged, each) for each in three] == [before] * 3
    document = said.document
    assert document["schema"] == "polyarch.promote/v1"
    assert document["moved"] is True
    assert [each["proof"]["kind"] for each in document["images"]] == ["run"] * 3
    assert document["images"][0]["proof"]["run"] == staged.runs[0].name
