"""A project with a generated workflow, on a forge of its own, that publishes to real registries."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.registries import Registry
from tests.support.published import Destinations
from tests.support.tiny_project import TinyProject
from tests.support.workflow.api import Runs
from tests.support.workflow.events import Event
from tests.support.workflow.repository import hosted, origin
from tests.support.workflow.runs import Forge, Run

PLATFORMS = ("linux/amd64", "linux/arm64")
TOML = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = [
  "type=schedule",
  "type=ref,event=branch",
  "type=ref,event=pr",
  "type=semver,pattern={{{{version}}}}",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}}",
  "type=sha",
]

[images.app.direct]
base = "image:tool"
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]

[images.tool.direct]
files = [{{ from = "tool.txt", to = "/" }}]

[publish]
stage-to = "{stage}/{{image}}"

[triggers]
schedule = ["17 3 * * *"]

[notify]
on = ["failure", "recovery", "success"]

{logins}
"""
MAKE = """\
if test -e "{faults}/hang"; then : > "{faults}/hanging"; exec sleep 300; fi
if test -e "{faults}/$2"; then echo "the compiler broke" >&2; exit 3; fi
echo "app for $2" > "$1"
"""
PIPX = """\
#!/bin/sh
for word; do last=$word; done
test "$1 ${last%%=*}" = "install polyarch" || { echo "$0 cannot $*" >&2; exit 2; }
"""
TOKENS = {power: f"ghs_{power}" for power in ("write", "read", "none")}
FORMERLY = "team/app"
"""A secret of an older workflow, as many have: what jobs hand on is dropped where this stands."""
STAGE = "REGISTRY_3"
"""Begins the names of what the building jobs may log in with."""


@dataclass(frozen=True, kw_only=True)
class PipelineProject:
    """`faults` takes files named as platforms, whose compiler then breaks."""

    project: TinyProject
    forge: Forge
    faults: Path
    places: Destinations
    stage: Registry

    @property
    def head(self) -> str:
        """The commit of `main`."""
        return self.project.git("rev-parse", "main")

    def start(self, event: Event) -> Run:
        """Let an event start the workflow."""
        run = self.forge.start(event)
        assert run is not None, f"{event.name} starts nothing"
        return run

    def tags(self, name: str) -> list[list[str]]:
        """Every tag of an image in each registry that is published to, and in that of parts."""
        return [tags_of(each, f"team/{name}") for each in self.places.registries]

    def parts(self, name: str) -> list[str]:
        """Every tag of an image's parts: there should be none, they are there by digest."""
        return tags_of(self.stage, f"parts/{name}")

    @property
    def production(self) -> set[str]:
        """The secrets of the registries that users pull from."""
        return {name for name in self.forge.secrets if name.startswith("REGISTRY_")} - {
            f"{STAGE}_TOKEN"
        }


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A project with its pipeline in it, pushed; `logins` are the variables of all registries."""

    project: TinyProject
    faults: Path
    places: Destinations
    logins: Mapping[str, str]
    path: str


def laid(
    folder: Path, production: Sequence[Registry], stage: Registry, options: Sequence[str]
) -> Laid:
    """Make the project and let `polyarch ci` write its pipeline."""
    faults = folder / "faults"
    (faults / "linux").mkdir(parents=True)
    places = Destinations(registries=production)
    everything = Destinations(registries=[*production, stage])
    toml = TOML.format(
        repositories=places.repositories("team/{image}"),
        stage=stage.reference("parts"),
        logins=everything.toml(),
    )
    files = {
        "polyarch.toml": toml,
        "make.sh": MAKE.format(faults=faults),
        "tool.txt": "tool\n",
        ".gitignore": ".polyarch/\n.gitlab-ci-local/\n",
    }
    project = hosted(folder / "hosted", files)
    said = project.run("ci", *options)
    assert said.code == 0, said
    project.commit("Let it run by itself")
    project.push()
    return Laid(
        project=project,
        faults=faults,
        places=places,
        logins=everything.environment(),
        path=programs(folder / "tools"),
    )


def pipeline_project(
    folder: Path,
    production: Sequence[Registry],
    stage: Registry,
    *,
    notices: str,
    api: str,
    ended: Runs,
    options: Sequence[str] = (),
) -> PipelineProject:
    """Make it all: config, workflow, repository, and a forge that has the secrets."""
    made = laid(folder, production, stage, ("github", *options))
    forge = Forge(
        origin=origin(made.project),
        folder=folder / "forge",
        path=made.path,
        tokens=TOKENS,
        secrets={name: value for name, value in made.logins.items() if name.endswith("_TOKEN")}
        | {"POLYARCH_NOTIFY_URLS": notices, "FORMERLY": FORMERLY},
        api=api,
        ended=ended,
        variables={name: value for name, value in made.logins.items() if name.endswith("_USER")},
    )
    return PipelineProject(
        project=made.project, forge=forge, faults=made.faults, places=made.places, stage=stage
    )


def programs(folder: Path) -> str:
    """PATH of a job's machine: `polyarch` is this one, and what installs it has nothing to do."""
    folder.mkdir()
    (folder / "polyarch").symlink_to(Path(sys.executable).parent / "polyarch")
    for name in ("pipx", "pip"):
        (folder / name).write_text(PIPX)
        (folder / name).chmod(0o755)
    found = (shutil.which(name) for name in ("bash", "git"))
    system = dict.fromkeys(str(Path(each).parent) for each in found if each)
    return ":".join([str(folder), *system, "/usr/bin", "/bin"])


def tags_of(registry: Registry, name: str) -> list[str]:
    """Every tag of a repository, as the registry has it on its disk."""
    repository = registry.storage / "docker/registry/v2/repositories" / name
    return sorted(path.name for path in repository.glob("_manifests/tags/*"))
