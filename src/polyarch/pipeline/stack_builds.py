"""Services that are built where they run: whether what they stand on has a platform."""

from pathlib import Path

from polyarch.ci.compose_service import Build
from polyarch.content.places import Place
from polyarch.dockerfile.graph import external_images
from polyarch.dockerfile.read import read_dockerfile
from polyarch.dockerfile.stages import resolve
from polyarch.errors import DockerfileError, InvalidReferenceError, PolyarchError
from polyarch.oci.platform import Platform
from polyarch.pipeline.stack_result import Answer, Has
from polyarch.pipeline.verify_declared import Declared
from polyarch.pipeline.verify_result import why

BUILT_HERE = "built here"
_BUILDER = Platform(os="linux", architecture="amd64")
"""What stages for the build machine run on; they need not be of the platform."""


def of_build(build: Build, platform: Platform, declared: Declared) -> Answer:
    """What is known of an image that is built: that a base lacks the platform, or nothing."""
    try:
        bases = _bases(build, platform)
    except (DockerfileError, InvalidReferenceError) as error:
        return _unknown(platform, f"{BUILT_HERE}; {why(error)}")
    if bases is None:
        return _unknown(platform, BUILT_HERE)
    for base in bases:
        try:
            if not declared.has(base, platform):
                newer = declared.newer(base, platform)
                reason = f"{BUILT_HERE}; its base {base} has no image for it"
                reason += f", {newer} has" if newer else ""
                return Answer(platform=platform, has=Has.NO, reason=reason)
        except PolyarchError as error:
            return _unknown(platform, f"{BUILT_HERE}; its base {base}: {why(error)}")
    if not bases:
        return _unknown(platform, f"{BUILT_HERE}, on no other image")
    names = ", ".join(str(base) for base in bases)
    return _unknown(platform, f"{BUILT_HERE}; it stands on {names}, which has it")


def _bases(build: Build, platform: Platform) -> tuple[Place, ...] | None:
    """The images that stages of the platform take from; None where no Dockerfile is at hand.

    Raises:
        DockerfileError: it cannot be read.
        InvalidReferenceError: a base is none.
    """
    context = build.context
    if build.inline or context is None or context.problem or not Path(context.text).is_dir():
        return None
    name = build.dockerfile.text if build.dockerfile else "Dockerfile"
    graph = resolve(
        read_dockerfile(Path(context.text) / name),
        target=build.target.text if build.target and build.target.text else None,
        platform=platform,
        build_platform=_BUILDER,
        build_args=build.args,
    )
    texts = [each.text for each in external_images(graph) if each.platform == platform]
    return tuple(Place.parse(f"docker://{text}") for text in dict.fromkeys(texts))


def _unknown(platform: Platform, reason: str) -> Answer:
    return Answer(platform=platform, has=Has.UNKNOWN, reason=reason)
