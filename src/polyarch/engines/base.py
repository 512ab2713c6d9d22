"""What every engine is asked and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from polyarch.content.layout import LayoutStore
from polyarch.engines.laid import HealthCheck, LookAt, SystemFile
from polyarch.events import Listener
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutContext:
    """An image in an OCI layout on this machine.

    `descriptor` is an index that holds the platform that is being built and, where the project
    builds it, this machine's own (for stages on the build platform); or a single image.
    """

    layout: Path
    descriptor: Descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContext:
    """An image in a registry; `reference` is complete, best pinned by digest."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContext:
    """A folder of this machine."""

    path: Path


NamedContext = LayoutContext | ImageContext | FolderContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image resolved for one platform, for engines that read it themselves.

    `repository` and `manifest` name where layers can be taken from by reference; `config` is the
    config blob's bytes. `layout` is a layout of this machine that holds layers of it (an image that
    the project has just built, say): those are taken from there.
    """

    repository: str
    manifest: ImageManifest
    config: bytes
    layout: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFile:
    """`source` (a path, or a glob from the project's root) laid at the absolute path `target`.

    A target that ends with `/` is a folder that the source is laid into; a source that is a folder
    is laid as the target. `mode` None keeps whether the owner may execute a file: 0755 or 0644.
    `layer` is the name of the layer that it is in, empty where its path says that.
    """

    source: str
    target: str
    mode: int | None = None
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectRecipe:
    """What the direct engine does: run `command` in the project's root, lay files on `base`.

    In `command`, in the values of `environment` (of the command) and in files' sources the
    placeholders of `oci.toolchain` stand, such as `{out}` and `{goarch}`, in files' targets those
    of them that name no folder of this machine. `base` None is an empty image (scratch).
    `system` are files below all others. With `look_at` every program that is laid must be for the
    platform; with `sole_entry` the only one is the entrypoint where none is given.
    """

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    files: tuple[CopiedFile, ...] = ()
    base: Base | None = None
    entrypoint: tuple[str, ...] = ()
    default_command: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    image_environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: HealthCheck | None = None
    system: tuple[SystemFile, ...] = ()
    look_at: LookAt | None = field(default=None, compare=False, repr=False)
    sole_entry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLogin:
    """A login that engines do not find by themselves; they know one for each host."""

    host: str
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSecret:
    """A secret by the place where its value lies: a variable of the engine's environment or a file.

    The value itself is never held here.
    """

    id: str
    variable: str = ""
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCache:
    """Where layers come from and go to between builds; texts in BuildKit's own form.

    `sources` are tried in their order (this branch's, then the default branch's), `targets` are
    written to with `mode=max`. None of them may fail a build.
    """

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a build may take, and how long be silent, in seconds; None is for ever."""

    whole_s: int | None = None
    silent_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One platform of one image; `project` is the folder of polyarch.toml.

    `contexts` maps a name as it stands in the Dockerfile (a context's name, or an image reference
    that is to be replaced) to what stands for it. `base` is the project's own image that the last
    stage stands on, where it was built now: its layers are taken over as they are. `created` is the
    commit's time in seconds since 1970, the only time that may enter the image. `log` gets the
    engine's whole output. `plain_http` lists registry hosts that speak no TLS, `logins` what the
    engine needs to pull from private ones beside its own logins. `mask` hides secrets in what the
    engine and the build say. `syntax` is a pinned frontend that takes the place of the
    Dockerfile's own.
    `push_to` is a repository that an engine elsewhere pushes to by digest, from where it builds.
    `emulated`: by the plan, programs of the platform run under an emulator there.
    """

    image: str
    platform: Platform
    project: Path
    context: Path
    dockerfile: Path | None
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    contexts: Mapping[str, NamedContext] = field(default_factory=lambda: MappingProxyType({}))
    base: Base | None = None
    created: int = 0
    network: str = ""
    no_cache: bool = False
    pull: bool = False
    plain_http: tuple[str, ...] = ()
    logins: tuple[RegistryLogin, ...] = ()
    direct: DirectRecipe | None = None
    syntax: str = ""
    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[str, ...] = ()
    cache: LayerCache = LayerCache()
    bounds: Bounds = Bounds()
    push_to: str = ""
    emulated: bool = False
    log: Path | None = None
    mask: Callable[[str], str] = field(default=str, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What an engine left in the layout.

    `manifest` carries the platform that the image's config says, which a check compares with the
    one that was asked for. `attestations` are the manifests that the engine made about it.
    `borrowed` names `repository@digest` where blobs that the layout lacks can be had. `pushed` is
    the `repository@digest` of an image that the engine pushed from where it was built: the layout
    holds nothing of it then, and `manifest` has no platform.
    """

    manifest: Descriptor
    attestations: tuple[Descriptor, ...] = ()
    borrowed: tuple[str, ...] = ()
    pushed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """Whether an engine can be used here, and for what.

    `problem` is None when it can, else what is wrong, with `hint` what to do. `native` are the
    platforms whose programs it executes without emulation; `emulated` those it says it can run
    through an emulator: engines forget some, so refuse nothing because it is not among them.
    `title` is what a person reads, such as `docker buildx 0.29 with the containerd image store`.
    """

    name: str
    version: str = ""
    title: str = ""
    problem: str | None = None
    hint: str | None = None
    native: tuple[Platform, ...] = ()
    emulated: tuple[Platform, ...] = ()
    details: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def usable(self) -> bool:
        """Whether builds can be asked of it."""
        return self.problem is None


class Engine(Protocol):
    """Builds one platform of one image; safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """The name in polyarch.toml."""
        ...

    def probe(self) -> EngineInfo:
        """Ask the machine; never raises for an engine that is absent or broken."""
        ...

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Build into `layout`, which then holds all but the borrowed blobs.

        Raises:
            BuildFailedError: the build ended badly; it names the log.
            EngineUnusableError: the engine is absent, too old, or lacks something.
        """
        ...


@runtime_checkable
class Loader(Protocol):
    """An engine with an image store of its own that people run images from."""

    def load(self, archive: Path, name: str) -> None:
        """Take an image of one platform from a tar archive (OCI and Docker form in one) as `name`.

        Raises:
            EngineUnusableError, ProcessFailedError: it did not take it.
        """
        ...
