"""The one home of every key of polyarch.toml: its name, type, default and what it does.

How tables are written stands in `table`, the keys of single builds in `build_tables`,
those of builders in `builder_table`, those of CI and records in `running_tables`.
"""

from typing import Annotated, Literal

from msgspec import Meta

from polyarch.config import forms, running_forms
from polyarch.config.build_tables import BuildTable, PlatformTable
from polyarch.config.builder_table import BuilderTable
from polyarch.config.keeping_tables import PruneTable, WatchTable
from polyarch.config.running_tables import NotifyTable, RunsTable, TriggersTable
from polyarch.config.table import (
    Duration,
    Labels,
    Level,
    Name,
    PlatformText,
    RepositoryText,
    Table,
    Variable,
    Words,
    doc,
)


class ImageTable(BuildTable, frozen=True):
    """One image. `[defaults]` takes the same keys, and every image inherits them."""

    platforms: Annotated[
        tuple[PlatformText, ...],
        Meta(min_length=1),
        doc("Platforms to build, as `linux/amd64` or `linux/arm/v7`. Needed, here or in defaults."),
    ] = ()
    repositories: Annotated[
        tuple[RepositoryText, ...],
        doc("Where the image is published; `{image}` stands for its name."),
    ] = ()
    tags: Annotated[
        tuple[Annotated[str, forms.RULE], ...],
        doc("Tag rules as docker/metadata-action has them; these are its defaults, too."),
    ] = ("type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr")
    annotations: Annotated[Labels, doc("Annotations; metadata expressions work.")] = {}
    annotation_levels: Annotated[tuple[Level, ...], doc("Where annotations stand.")] = ("index",)
    platform: Annotated[
        dict[PlatformText, PlatformTable], doc("What differs for single platforms, by platform.")
    ] = {}
    flavor: Annotated[
        tuple[Annotated[str, forms.FLAVOR], ...],
        doc("Flavor of the tags as docker/metadata-action has it, as `latest=auto`."),
    ] = ()
    cache_tag: Annotated[
        Annotated[str, forms.TAG_NAME] | None,
        doc("Tag of its repositories under which unchanged platforms are looked for as well."),
    ] = None
    digest_policy: Annotated[
        Literal["same", "per-registry"],
        doc(
            "`same`: one digest holds in every registry. `per-registry`: what one registry cannot"
            " take, such as attestations, is left out there alone, under a digest of its own."
        ),
    ] = "same"
    tag_policy: Annotated[
        Literal["guarded", "free"],
        doc(
            "`guarded`: a version's tag stays with its commit, `latest`, `1` and `1.2` never go"
            " back to an older version, a branch's tag never to an older commit. `free`: tags move"
            " as the run says."
        ),
    ] = "guarded"
    version_tag: Annotated[
        Annotated[str, forms.GLOB] | None,
        doc(
            "Pattern of git tags that select this image alone, as `server/v*`; the rules `semver`"
            " and `pep440` pass over what stands there before the version. Such tags publish where"
            " `[publish] on` lists them."
        ),
    ] = None
    reuse: Annotated[
        Literal["layers", "digest"],
        doc(
            "What of an unchanged platform is taken over: its layers under this commit's labels, or"
            " its image as it is, digest and all."
        ),
    ] = "layers"
    max_age: Annotated[
        Duration,
        doc(
            "Age at which a platform with a RUN, or an ADD of what lies elsewhere, is rebuilt"
            " although nothing changed: packages may have."
        ),
    ] = "7d"
    schedule_rebuilds: Annotated[
        bool, doc("Whether a scheduled run builds although nothing changed.")
    ] = False
    gates: Annotated[
        tuple[Annotated[tuple[Annotated[str, forms.GATE], ...], Meta(min_length=1)], ...],
        doc(
            "Commands run for each platform on what is staged, before any tag moves; one that fails"
            " keeps every tag where it is. `{ref}`, `{digest}`, `{platform}`, `{image}` and"
            " `{index}` stand for the platform's pinned reference, its digest, its name, the"
            " image's name, and the digest of the index."
        ),
    ] = ()
    after_publish: Annotated[
        tuple[Annotated[tuple[Annotated[str, forms.AFTER], ...], Meta(min_length=1)], ...],
        doc(
            "Commands run once for the image when all its repositories show it. `{ref}`, `{digest}`"
            " and `{image}` stand for its pinned reference in the first of them, the digest of the"
            " index, and its name; more stands in `POLYARCH_*` variables."
        ),
    ] = ()
    public: Annotated[
        bool,
        doc(
            "Whether anybody must be able to pull: once the tags have moved, they are read again"
            " without a login."
        ),
    ] = False


class PublishTable(Table, frozen=True):
    """What publishes, and how."""

    on: Annotated[
        tuple[Annotated[str, forms.PUBLISH], ...],
        doc(
            "Events that publish; all others only build and prove: `branch:PATTERN`,"
            " `tag:PATTERN`, `release`, `schedule`, `dispatch`."
        ),
    ] = ("branch:main", "tag:v*", "release", "schedule", "dispatch")
    on_registry_failure: Annotated[
        Literal["abort", "continue"],
        doc("When a registry refuses: move no tag anywhere, or publish to the others."),
    ] = "abort"
    stage_to: Annotated[
        RepositoryText | None,
        doc(
            "Repository that takes what `build --stage` built, by digest; `{image}` stands for the"
            " image's name. Without this key every repository of the image takes it."
        ),
    ] = None
    build_forks: Annotated[bool, doc("Whether pull requests from forks are built at all.")] = True


class RegistryTable(Table, frozen=True):
    """How a registry is reached. A key is a host, or a host and the beginning of a path.

    Where several fit a repository, each adds to the shorter ones. Without names of its own a host's
    credentials are looked for in `POLYARCH_<HOST>_USERNAME` and `POLYARCH_<HOST>_PASSWORD`.
    """

    username_env: Annotated[Variable | None, doc("Variable that holds the user's name.")] = None
    password_env: Annotated[Variable | None, doc("Variable that holds the password or token.")] = (
        None
    )
    password_file: Annotated[
        str | None, doc("File that holds the password, from the project's root.")
    ] = None
    password_command: Annotated[
        Annotated[Words, Meta(min_length=1)] | None,
        doc("Command, as a list of words, that prints the password."),
    ] = None
    plain_http: Annotated[
        bool | None, doc("Whether to speak HTTP without TLS; only loopback hosts do by default.")
    ] = None
    ca: Annotated[
        str | None, doc("File of certificate authorities to trust, from the project's root.")
    ] = None
    insecure: Annotated[bool, doc("Whether to take any certificate.")] = False
    profile: Annotated[
        str | None,
        doc("Which known kind of registry this is, as `aliyun` or `harbor`, whatever its host."),
    ] = None
    mirrors: Annotated[
        Words, doc("Hosts that builders ask first for images of this registry.")
    ] = ()


class EnvironmentTable(Table, frozen=True):
    """What `--env NAME` changes."""

    repositories: Annotated[
        tuple[RepositoryText, ...], doc("Where every image is published instead.")
    ] = ()
    registries: Annotated[
        dict[Annotated[str, forms.PREFIX], RegistryTable],
        doc("Registries, laid over those outside."),
    ] = {}
    publish: Annotated[PublishTable, doc("Laid over `[publish]`.")] = PublishTable()


class VerifyTable(Table, frozen=True):
    """How images are proven."""

    allow: Annotated[
        Words,
        doc("Paths in images that may be of another architecture, as globs: `/opt/firmware/**`."),
    ] = ()
    attach: Annotated[
        bool,
        doc(
            "Whether the proof is attached to each published index as a referrer, so that `promote`"
            " finds it on a machine that has no record."
        ),
    ] = False


class ProjectTable(Table, frozen=True):
    """The file polyarch.toml, beside the project's Dockerfiles."""

    defaults: Annotated[ImageTable, doc("Any key of an image; every image inherits it.")] = (
        ImageTable()
    )
    images: Annotated[
        dict[Name, ImageTable], Meta(min_length=1), doc("The project's images, by name.")
    ] = {}
    groups: Annotated[
        dict[Name, tuple[str, ...]], doc("Names for sets of images, used as `@NAME`.")
    ] = {}
    publish: Annotated[PublishTable, doc("What publishes, and how.")] = PublishTable()
    registries: Annotated[
        dict[Annotated[str, forms.PREFIX], RegistryTable], doc("What differs for registries.")
    ] = {}
    environments: Annotated[
        dict[Name, EnvironmentTable], doc("Other places to publish to, chosen with `--env`.")
    ] = {}
    builders: Annotated[
        dict[Name, BuilderTable], doc("Machines that build; without any the local engine does.")
    ] = {}
    notify: Annotated[NotifyTable, doc("Who is told about a run.")] = NotifyTable()
    triggers: Annotated[TriggersTable, doc("What starts the generated pipeline.")] = TriggersTable()
    runners: Annotated[
        dict[Annotated[str, running_forms.PLATFORM_PREFIX], Annotated[str, running_forms.RUNNER]],
        doc(
            "Runners of the generated pipeline by the beginning of a platform's name, the longest"
            " that fits: a label, or `emulate` for QEMU on the runner of `default`."
        ),
    ] = {}
    verify: Annotated[VerifyTable, doc("How images are proven.")] = VerifyTable()
    runs: Annotated[RunsTable, doc("The records of runs.")] = RunsTable()
    watch: Annotated[WatchTable, doc("What is watched once it is published.")] = WatchTable()
    prune: Annotated[PruneTable, doc("What may go from registries.")] = PruneTable()
