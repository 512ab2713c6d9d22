"""What a pipeline consists of, in no CI's words: who builds what where, and what each job needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.ci.pipelines.logins import (
    Home,
    Variable,
    bases,
    build_secrets,
    destinations,
    logins,
    notices,
    published_to,
    unique,
    watching,
)
from polyarch.ci.pipelines.runners import Runner, default_runner, runner_of
from polyarch.ci.pipelines.triggers import Triggers
from polyarch.config.project import Project
from polyarch.oci.platform import Platform
from polyarch.oci.platform import unique as unique_platforms
from polyarch.oci.reference import Repository

PART_PREFIX = "POLYARCH_PART_"
"""Begins the names of the variables that carry parts from job to job."""

JOURNALS = "*/journal.jsonl"
"""Below the folder of runs; no artifact keeps them: they may hold signed addresses of uploads."""

_SAMPLE = "project/parts"
_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """All images of one platform, each after those it stands on, on one machine."""

    platform: Platform
    runner: Runner

    @property
    def word(self) -> str:
        """The platform as part of a job's name: `linux-arm-v7`."""
        return _NO_WORD.sub("-", str(self.platform).lower()).strip("-")

    @property
    def variable(self) -> str:
        """The variable that carries its parts."""
        return PART_PREFIX + self.word.upper().replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Everything that the writers need.

    `folder` and `file` say where the config is, seen from the repository's root. `environment` is
    empty for production. `stage_to` is what `--stage-to` gets: None where the config says it,
    empty where a repository of `own_registry`, the CI's, takes parts. `engine`: some image needs a
    container engine. `staging`, `builds`, `publishing`, `watching` and `telling` are the variables
    of building jobs' logins, of their builds, of the joining job, of the one that watches, of the
    notice. `uses_own`, `fills_own` and `stores_own`: the CI's registry holds parts, is published
    to, takes records. `issues`: the notice may open issues.
    `protect`: the CI's environment that publishes. `image`: jobs run in it where the CI runs them
    in containers. `command` made the text, for its head. `usual_place`: the file is where `--check`
    looks for it by itself.
    """

    folder: str
    file: str
    environment: str
    triggers: Triggers
    legs: tuple[Leg, ...]
    default: tuple[str, ...]
    engine: bool
    stage_to: str | None
    own_registry: str
    uses_own: bool
    fills_own: bool
    stores_own: bool
    staging: tuple[Variable, ...]
    builds: tuple[Variable, ...]
    publishing: tuple[Variable, ...]
    watching: tuple[Variable, ...]
    telling: tuple[Variable, ...]
    single: bool
    issues: bool
    protect: str
    image: str
    install: str
    command: str
    usual_place: bool

    @property
    def emulated(self) -> tuple[Leg, ...]:
        """The platforms that QEMU runs."""
        return tuple(leg for leg in self.legs if leg.runner.emulated)

    @property
    def name(self) -> str:
        """What people see, and the beginning of the file's name."""
        return f"polyarch-{self.environment}" if self.environment else "polyarch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line adds; `command` is it all, as it can be typed again.

    `elsewhere` are the registries that other environments of the file publish to.
    """

    folder: str = "."
    branch: str = ""
    stage_to: str = ""
    single: bool = False
    issues: bool = False
    protect: str = ""
    image: str = ""
    install: str = ""
    command: str = ""
    usual_place: bool = True
    elsewhere: frozenset[str] = frozenset()


def shape(project: Project, wishes: Wishes, *, hosted: Mapping[str, str], home: Home) -> Pipeline:
    """Decide everything; `hosted` are the machines that the CI offers, by platforms."""
    platforms = unique_platforms(
        platform for image in project.images.values() for platform in image.platforms
    )
    branch, places = wishes.branch, (*_stages(project, home), *_store(project, home))
    staging = logins(project, iter(places), home)
    records = [project.runs.repository] if project.runs.repository else []
    recording = logins(project, iter(records), home)
    triggers = Triggers.rehearsal(branch) if branch else Triggers.of(project)
    return Pipeline(
        folder=wishes.folder,
        file=project.file.name,
        environment=project.environment or "",
        triggers=triggers,
        legs=tuple(
            Leg(platform=each, runner=runner_of(each, project.runners, hosted))
            for each in platforms
        ),
        default=default_runner(project.runners, hosted),
        engine=any(
            settings.engine != "direct" and settings.direct is None
            for image in project.images.values()
            for settings in image.per_platform.values()
        ),
        stage_to=_stage_option(project, wishes),
        own_registry=home.registry,
        uses_own=any(each.registry == home.registry for each in places),
        fills_own=home.registry in {*published_to(project), *(each.registry for each in records)},
        stores_own=any(each.registry == home.registry for each in records),
        staging=staging,
        builds=unique(
            iter((*bases(project, home, wishes.elsewhere), *build_secrets(project.images, home)))
        ),
        publishing=unique(
            iter(
                (
                    *destinations(project, home),
                    *staging,
                    *recording,
                )
            )
        ),
        watching=watching(project, recording, home) if triggers.watch else (),
        telling=notices(project),
        single=wishes.single,
        issues=wishes.issues,
        protect=wishes.protect,
        image=wishes.image,
        install=wishes.install,
        command=wishes.command,
        usual_place=wishes.usual_place,
    )


def _stages(project: Project, home: Home) -> tuple[Repository, ...]:
    """Where parts are staged; a sample of the CI's own registry where nobody said."""
    named = (project.publish.stage_repository(name) for name in project.images)
    found = tuple(dict.fromkeys(each for each in named if each))
    sample = (Repository.parse(f"{home.registry}/{_SAMPLE}"),) if home.registry else ()
    return found or sample


def _store(project: Project, home: Home) -> tuple[Repository, ...]:
    """Where building jobs leave their records: with the CI's own login, or nowhere."""
    found = project.runs.repository
    return (found,) if found and found.registry == home.registry else ()


def _stage_option(project: Project, wishes: Wishes) -> str | None:
    if wishes.stage_to:
        return wishes.stage_to
    return None if project.publish.stage_to else ""
