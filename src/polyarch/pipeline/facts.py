"""What the world says, asked once before anything is decided: engines, Dockerfiles, registries."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarch.config.project import BuildSettings, Project
from polyarch.dockerfile.used import UsedFiles
from polyarch.engines.base import Engine, EngineInfo
from polyarch.engines.catalog import ENGINES, candidates
from polyarch.engines.node import Node
from polyarch.host.emulation import Machine
from polyarch.host.git import GitTree
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_digests import Bases
from polyarch.pipeline.contexts import (
    context_of,
    digest_of,
    dockerfile_of,
    folder_digests,
    is_direct,
)
from polyarch.pipeline.current import CurrentTags
from polyarch.pipeline.direct_facts import DirectReader
from polyarch.pipeline.existing import ExistingImages
from polyarch.pipeline.handing import Configs
from polyarch.pipeline.keys import Keys
from polyarch.pipeline.locked import Locked
from polyarch.pipeline.lookup import Reusable
from polyarch.pipeline.material import Sources
from polyarch.pipeline.unchanged import Verdict
from polyarch.pipeline.wording import Wording

if TYPE_CHECKING:
    from polyarch.pipeline.lint_advice import EmulationCosts

_NONE: ExistingImages = MappingProxyType({})
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """A builder of the config and what its engine said."""

    node: Node
    info: EngineInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that `make_plan` may know of the world.

    `descends` says of commits that stand in registries whether they come after the event's, None
    where nobody can tell. `takes_less` says of registries what they do not take of an image, and
    `costs` of what is emulated what takes longest. `nodes` are the builders of the config, by name;
    none: the local engines build all. `elsewhere`: other machines have built, and this one is not
    to say how. `bases` are digests of images that are not built now, `configs` those of the
    project's own. `verdicts` say what is built and why, and `reusable` holds what is taken again,
    by `repository@digest`. `locked` is what polyarch.lock pins; `toolchain` says what of
    engines and of the lock is not as it was.
    """

    machine: Machine
    wording: Wording
    probes: Mapping[str, EngineInfo]
    sources: Sources
    current: CurrentTags
    existing: ExistingImages = field(default_factory=dict)
    takes_less: Mapping[str, str] = field(default_factory=dict)
    descends: Mapping[str, bool | None] = field(default_factory=dict)
    costs: "EmulationCosts" = field(default_factory=dict)
    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    elsewhere: bool = False
    keys: Keys = field(default_factory=dict)
    bases: Bases = field(default_factory=dict)
    configs: Configs = field(default_factory=dict)
    verdicts: Mapping[tuple[str, Platform], Verdict] = field(default_factory=dict)
    reusable: Mapping[str, Reusable] = field(default_factory=dict)
    locked: Locked = field(default_factory=Locked)
    toolchain: tuple[str, ...] = ()


def make_engines(environment: Mapping[str, str]) -> dict[str, Engine]:
    """Every engine there is; none is started or asked yet."""
    return {name: make(environment) for name, make in ENGINES.items()}


def probe_engines(
    project: Project,
    sources: Sources,
    scope: Mapping[str, Sequence[Platform]],
    engines: Mapping[str, Engine],
    spared: Collection[tuple[str, Platform]] = (),
) -> dict[str, EngineInfo]:
    """Ask those engines that may be needed: for all builds but those of `spared`.

    Raises:
        EngineMisfitError: an image wants an engine for which it has nothing to work from.
    """
    needed = {
        name
        for image, platforms in scope.items()
        for platform in platforms
        if (image, platform) not in spared
        for name in candidates(
            image,
            sources[image, platform].material,
            project.images[image].for_platform(platform).engine,
        )
    }
    return {name: engine.probe() for name, engine in engines.items() if name in needed}


def context_digests(
    project: Project,
    scope: Mapping[str, Sequence[Platform]],
    sources: Sources,
    existing: ExistingImages = _NONE,
    environment: Mapping[str, str] = _NO_VARIABLES,
) -> dict[tuple[str, Platform], str]:
    """The digests of what each chosen build reads; every folder with the same rules once.

    `environment` is what compilers of the direct engine are found by.

    Raises:
        DockerfileError: a context or its .dockerignore cannot be read.
    """
    known: dict[tuple[Path, Path, bool, UsedFiles | None], str] = {}
    found: dict[tuple[str, Platform], str] = {}
    direct = DirectReader(project.root, environment)
    for name, platforms in scope.items():
        for platform in platforms:
            if (name, platform) in existing:
                continue
            settings = project.images[name].for_platform(platform)
            given = settings.direct if is_direct(settings) else None
            own = f" {direct.inputs(name, given, platform)}" if given else ""
            if given and not given.run:
                found[name, platform] = own  # no command reads anything else of the project
                continue
            dockerfile = dockerfile_of(project, settings)
            used = sources[name, platform].used
            key = (context_of(project, settings), dockerfile, is_direct(settings), used)
            if key not in known:
                known[key] = digest_of(project, settings, used)
            folders = "".join(f" {each}" for each in folder_digests(project, settings).values())
            found[name, platform] = known[key] + folders + own
    return found


def describe(project: Project, git: GitTree | None) -> str:
    """What `git describe` says, asked only where the config has an expression for it."""
    images = project.images.values()
    builds = (settings for image in images for settings in image.per_platform.values())
    texts = (
        *(text for image in images for text in image.annotations.values()),
        *(text for settings in builds for text in _texts(settings)),
    )
    return git.describe() if git and any("describe" in text for text in texts) else ""


def _texts(settings: BuildSettings) -> Iterator[str]:
    yield from (*settings.build_args.values(), *settings.labels.values())
    if settings.direct:
        direct = settings.direct
        yield from (*direct.run, *direct.run_env.values(), *direct.env.values())
