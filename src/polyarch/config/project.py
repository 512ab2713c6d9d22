"""What a polyarch.toml comes to: the values that the pipeline works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.direct import DirectSettings
from polyarch.config.placeholders import expand
from polyarch.config.registries import Registries
from polyarch.config.running import (
    NotifySettings,
    PruneSettings,
    RunsSettings,
    TriggerSettings,
    WatchSettings,
)
from polyarch.config.source import Source
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """A command that proves that the image runs; `timeout_s` in seconds."""

    run: tuple[str, ...]
    exit: int = 0
    matches: str | None = None
    timeout_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One resolved value of an image's table and the places that it comes from.

    Several places where a list was appended to, weakest first.
    """

    path: tuple[str, ...]
    value: object
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How one platform of an image is built; paths are texts from the project's root.

    Metadata expressions in double braces still stand in `build_args`, `labels`, `alias_tags` and
    `direct`. `source` is an existing image, pinned, that stands in for a build. `secrets`, `ssh`
    and `cache` are texts in BuildKit's own forms; `strategy` is `auto`, `native`, `cross` or
    `emulated`.
    """

    context: str
    dockerfile: str
    target: str
    contexts: Mapping[str, str]
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    engine: str
    direct: DirectSettings | None
    smoke_test: tuple[SmokeTest, ...]
    alias_tags: tuple[str, ...]
    source: str | None
    secrets: tuple[str, ...]
    ssh: tuple[str, ...]
    cache: str | None
    network: str | None
    strategy: str
    allow_emulation: bool
    timeout_s: int | None
    stall_timeout_s: int | None
    values: tuple[Value, ...]


PER_REGISTRY = "per-registry"
"""The `digest_policy` by which each registry gets what it takes."""

PRODUCTION = "production"
"""What is outside of all environments, unless one has that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings(BuildSettings):
    """One image; the settings inherited here are those without any platform's overrides.

    `tag_policy` is `guarded` or `free`; `version_tag` a glob for git tags of this image alone;
    `digest_policy` `same` or `per-registry`. `public`: everybody must be able to read its tags.
    `reuse` is `layers` or `digest`. `gates` and `after_publish` are commands as lists of words,
    placeholders still in them.
    """

    name: str
    platforms: tuple[Platform, ...]
    repositories: tuple[Repository, ...]
    tags: tuple[str, ...]
    annotations: Mapping[str, str]
    annotation_levels: tuple[str, ...]
    flavor: tuple[str, ...]
    tag_policy: str
    version_tag: str | None
    digest_policy: str
    public: bool
    cache_tag: str | None
    reuse: str
    max_age_s: int
    schedule_rebuilds: bool
    gates: tuple[tuple[str, ...], ...]
    after_publish: tuple[tuple[str, ...], ...]
    per_platform: Mapping[Platform, BuildSettings]

    def for_platform(self, platform: Platform) -> BuildSettings:
        """The settings of one of the image's platforms, its overrides laid over.

        Raises:
            KeyError: the image is not built for that platform.
        """
        return self.per_platform[platform]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderSettings:
    """A machine that builds. `driver` is one of buildx's, or `auto`; empty texts are not given.

    `tls` is a folder with the client's certificates. `parallel` None: as many as there are builds.
    `max_parallelism` and `keep_storage` are for a BuildKit that a driver starts.
    """

    name: str
    platforms: tuple[Platform, ...]
    endpoint: str
    driver: str
    tls: Path | None
    image: str
    driver_opts: Mapping[str, str]
    network: str
    parallel: int | None
    max_parallelism: int | None
    keep_storage: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """What publishes, and what a failing registry means.

    `on` holds texts such as `branch:main`, `tag:v*` or `release`. `on_registry_failure` is `abort`
    or `continue`. `build_forks`: pull requests from forks are built, too. `stage_to` is where parts
    are staged instead of in the image's repositories; `{image}` may stand in it.
    """

    on: tuple[str, ...]
    on_registry_failure: str
    build_forks: bool
    stage_to: str | None
    values: tuple[Value, ...]

    def stage_repository(self, image: str) -> Repository | None:
        """The one repository that takes parts of an image, None where all of its own do.

        Raises:
            InvalidReferenceError: with this image's name it is too long.
        """
        return Repository.parse(expand(self.stage_to, image)) if self.stage_to else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings:
    """How images are proven; `allow` are globs of paths that may be of another architecture.

    `attach`: proofs go along to registries.
    """

    allow: tuple[str, ...]
    attach: bool
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A whole file; images and groups in the file's order.

    `root` is the folder of the file, `environment` the one chosen, `environments` the names of all.
    `secret_variables` are those that the file says hold a login, whichever environment is chosen,
    or say who is told of runs. `runners` are labels by the beginnings of platforms.
    `warnings` are lines of text about what this version does not obey. `checkouts` says
    where Git contexts lie on this machine, by their texts, once they were brought here. `upkeep`
    has the values of `watch` and `prune` as `config show` prints them, by their tables.
    """

    root: Path
    file: Path
    environment: str | None
    images: Mapping[str, ImageSettings]
    groups: Mapping[str, tuple[str, ...]]
    publish: PublishSettings
    verify: VerifySettings
    registries: Registries
    builders: Mapping[str, BuilderSettings]
    notify: NotifySettings
    triggers: TriggerSettings
    runners: Mapping[str, str]
    runs: RunsSettings
    watch: WatchSettings
    prune: PruneSettings
    environments: tuple[str, ...]
    secret_variables: tuple[str, ...]
    warnings: tuple[str, ...]
    checkouts: Mapping[str, Path] = field(default_factory=dict)
    upkeep: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def environment_name(self) -> str:
        """The environment as people call it; empty where the file has none to tell it from."""
        if self.environment or not self.environments:
            return self.environment or ""
        return "" if PRODUCTION in self.environments else PRODUCTION
