"""The command line of one BuildKit build, and the environment beside it: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.engines.base import BuildRequest, FolderContext, ImageContext, NamedContext
from polyarch.engines.caching import buildkit_cache
from polyarch.engines.given import buildkit_options

EXPORT = "export"
"""The folder, below the one that the command runs in, that gets the OCI layout."""

METADATA = "metadata.json"
"""The file, in the folder that the command runs in, that says what was pushed."""

_READ_BY_ENGINES = (
    "BUILDKIT_", "BUILDX_", "COMPOSE_", "DOCKER_", "DYLD_", "GODEBUG", "GRPC_", "KUBE", "LD_",
    "OTEL_", "SSH_", "SSL_", "XDG_", "HOME", "PATH", "TMPDIR", "SOURCE_DATE_EPOCH",
    "BUILDAH_", "CONTAINERS_", "REGISTRY_AUTH_FILE", "STORAGE_",
    "ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
)  # fmt: skip
"""Names, and beginnings of names, that docker, buildx, Buildah and Go read for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Arguments and environment of one program, run in the engine's temporary folder."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def buildx_command(
    request: BuildRequest,
    environment: Mapping[str, str],
    dockerfile: Path,
    *,
    builder: str | None = None,
    raw_json: bool = True,
    push: bool = False,
    keep: bool = True,
) -> Command:
    """Build one platform into an OCI layout in `EXPORT`, or `push` it to `request.push_to`.

    Times in new layers are set back to the commit's (`rewrite-timestamp`, BuildKit 0.13; older ones
    do not know it and leave them), which with SOURCE_DATE_EPOCH makes equal builds equal bytes.
    """
    syntax = {"BUILDKIT_SYNTAX": request.syntax} if request.syntax else {}
    passed = Arguments.of({**syntax, **request.build_args}, environment)
    arguments = ["docker", "buildx", "build"]
    if builder:
        arguments += ["--builder", builder]
    arguments += [
        "--platform", str(request.platform),
        "--file", str(dockerfile),
        *output(request, push=push, keep=keep),
        "--progress", "rawjson" if raw_json else "plain",
        "--provenance=false",
        "--sbom=false",
    ]  # fmt: skip
    arguments += [*options(request), *buildkit_options(request), *buildkit_cache(request)]
    for name, context in sorted(request.contexts.items()):
        arguments += ["--build-context", f"{name}={_source(context)}"]
    for name, value in sorted(request.labels.items()):
        arguments += ["--label", f"{name}={value}"]
    arguments += [*passed.options, str(request.context.absolute())]
    return Command(
        arguments=tuple(arguments),
        environment={
            **environment,
            **passed.environment,
            # Else buildx starts git six times for a provenance that nobody asked for.
            "BUILDX_GIT_INFO": "false",
            "SOURCE_DATE_EPOCH": str(request.created),
        },
    )


def output(request: BuildRequest, *, push: bool, keep: bool = True) -> list[str]:
    """Where the image goes: a layout, by its digest and with no tag to a registry, or nowhere.

    Docker's and BuildKit's own media types differ; OCI's are what an exported layout has. What is
    pushed is not to stand among the images of the Engine that built it, too.
    """
    if not keep:
        return ["--output", "type=cacheonly"]
    if not push:
        return ["--output", f"type=oci,tar=false,dest={EXPORT},rewrite-timestamp=true"]
    repository = request.push_to
    words = [
        "type=image", f"name={repository}", "push=true", "push-by-digest=true",
        "name-canonical=true", "oci-mediatypes=true", "rewrite-timestamp=true", "store=false",
    ]  # fmt: skip
    if repository.partition("/")[0] in request.plain_http:
        words.append("registry.insecure=true")
    return ["--output", ",".join(words), "--metadata-file", METADATA]


def options(request: BuildRequest) -> list[str]:
    """What docker and Buildah call the same; the network is left out where it is an engine's own.

    Buildah has no network of the name `default`.
    """
    chosen: list[str] = []
    if request.target:
        chosen += ["--target", request.target]
    if request.network not in {"", "default"}:
        chosen += ["--network", request.network]
    if request.no_cache:
        chosen += ["--no-cache"]
    if request.pull:
        chosen += ["--pull"]
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Build arguments as options and, where that is safe, with values in the environment.

    Command lines can be read by everyone on a machine, environments cannot. A value whose name
    means something to the program itself must stand on the command line. Build arguments are no
    place for secrets either way: they end in the image's history.
    """

    options: tuple[str, ...]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, build_args: Mapping[str, str], environment: Mapping[str, str]) -> "Arguments":
        """Split them by name."""
        hidden = {
            name: value
            for name, value in build_args.items()
            if name not in environment and not name.upper().startswith(_READ_BY_ENGINES)
        }
        chosen: list[str] = []
        for name, value in sorted(build_args.items()):
            chosen += ["--build-arg", name if name in hidden else f"{name}={value}"]
        return cls(options=tuple(chosen), environment=hidden)


def _source(context: NamedContext) -> str:
    if isinstance(context, ImageContext):
        return f"docker-image://{context.reference}"
    if isinstance(context, FolderContext):
        return str(context.path.absolute())
    return f"oci-layout://{context.layout.absolute()}@{context.descriptor.digest}"
