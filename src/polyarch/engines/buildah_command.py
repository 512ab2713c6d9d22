"""The command lines of one Buildah build: pure.

They run in the build's temporary folder, because Buildah splits some paths at commas and makes
image names, which hold no capitals, of others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.engines.base import BuildRequest, FolderContext, ImageContext
from polyarch.engines.buildx_command import Arguments, Command, options
from polyarch.engines.caching import buildah_cache
from polyarch.engines.given import buildah_options

DOCKERFILE = "Dockerfile"
"""The copy that is built from: Buildah splits the path behind `--file` at commas."""
EXPORT = "export"
IMAGE_ID_FILE = "image-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the engine made for one build, beside `DOCKERFILE` in its temporary folder.

    `ignore_file` is the project's. `images` are IDs in Buildah's store, by the name that stands in
    `DOCKERFILE`. `secrets` are links to the files of secrets, by their ids.
    """

    ignore_file: Path | None
    images: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)


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
        "--file", DOCKERFILE,
    ]  # fmt: skip
    if prepared.ignore_file:
        arguments += ["--ignorefile", str(prepared.ignore_file.absolute())]
    # Buildah asks the registry for a newer base in any case; `--pull` would refuse local ones.
    arguments += [option for option in options(request) if option != "--pull"]
    arguments += buildah_options(request, prepared.secrets) + buildah_cache(request)
    for name, image in sorted(prepared.images.items()):
        arguments += ["--build-context", f"{name}=container-image://{image}"]
    for name, context in sorted(request.contexts.items()):
        if isinstance(context, ImageContext) and name not in prepared.images:
            arguments += ["--build-context", f"{name}=docker-image://{context.reference}"]
        elif isinstance(context, FolderContext):
            arguments += ["--build-context", f"{name}={context.path.absolute()}"]
    arguments += [*passed.options, str(request.context.absolute())]
    return Command(arguments=tuple(arguments), environment={**environment, **passed.environment})


def export_command(image: str) -> tuple[str, ...]:
    """Write an image of Buildah's store as an OCI layout to `EXPORT`."""
    return ("buildah", "push", "--quiet", image, f"oci:{EXPORT}")
