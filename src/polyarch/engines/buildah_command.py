"""The command lines of one Buildah build: pure.

They run in the build's temporary folder: `oci:` paths become image names, which may hold neither
capitals nor much else, so they are given relative to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.engines.base import BuildRequest, FolderContext, ImageContext, NamedContext
from polyarch.engines.buildx_command import Arguments, Command, options

EXPORT = "export"
IMAGE_ID_FILE = "image-id"
TAG = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the engine laid into its temporary folder for one build.

    `dockerfile` is the project's, or a copy in which every FROM names its platform. `layouts` are
    folders, by the name of the context that they stand for.
    """

    dockerfile: Path
    ignore_file: Path | None
    layouts: Mapping[str, str]


def build_command(
    request: BuildRequest,
    environment: Mapping[str, str],
    prepared: Prepared,
    *,
    isolation: str,
) -> Command:
    """Build one platform; the image's ID goes to `IMAGE_ID_FILE`.

    Labels are not given here: Buildah would keep one more layer-cache entry for each commit, so
    they are set when the image is taken over. `docker` as format keeps HEALTHCHECK, SHELL and
    ONBUILD where `buildah inspect` can read them; what is exported is an OCI image all the same.
    """
    passed = Arguments.of(request.build_args, environment)
    arguments = [
        "buildah", "build",
        "--platform", str(request.platform),
        "--isolation", isolation,
        "--format", "docker",
        "--timestamp", str(request.created),
        "--identity-label=false",
        "--layers",
        "--force-rm",
        "--iidfile", IMAGE_ID_FILE,
        "--file", str(prepared.dockerfile.absolute()),
    ]  # fmt: skip
    if prepared.ignore_file:
        arguments += ["--ignorefile", str(prepared.ignore_file.absolute())]
    # Buildah asks the registry for a newer base in any case; `--pull` would refuse local ones.
    arguments += [option for option in options(request) if option != "--pull"]
    for name, context in sorted(request.contexts.items()):
        arguments += ["--build-context", f"{name}={_source(name, context, prepared)}"]
    arguments += [*passed.options, str(request.context.absolute())]
    return Command(arguments=tuple(arguments), environment={**environment, **passed.environment})


def export_command(image: str) -> tuple[str, ...]:
    """Write an image of Buildah's store as an OCI layout to `EXPORT`."""
    return ("buildah", "push", "--quiet", image, f"oci:{EXPORT}")


def context_image(folder: str) -> str:
    """The name under which Buildah keeps the image of a layout context in its store."""
    return f"localhost/{folder}:{TAG}"


def _source(name: str, context: NamedContext, prepared: Prepared) -> str:
    if isinstance(context, ImageContext):
        return f"docker-image://{context.reference}"
    if isinstance(context, FolderContext):
        return str(context.path.absolute())
    return f"container-image://oci:{prepared.layouts[name]}:{TAG}"
