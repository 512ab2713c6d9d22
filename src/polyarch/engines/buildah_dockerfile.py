"""The Dockerfile that Buildah gets, and the bases that it stands on, for one build."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.engines.base import BuildRequest, LayoutContext
from polyarch.engines.buildah_images import Pull
from polyarch.engines.contexts import base_platform_error, pick_image
from polyarch.engines.froms import Pinning, Stage, pin_platforms
from polyarch.engines.salt import salt_instruction
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """The text to build from; `images` are the IDs of bases, by their name in it.

    `platform` is that of the stage that becomes the image, None where it cannot be told.
    """

    text: str
    images: Mapping[str, str]
    platform: Platform | None


def lay_dockerfile(
    request: BuildRequest, dockerfile: Path, *, engine: str, native: Platform, pull: Pull
) -> Laid:
    """Pin the platform of every stage and pull the bases that are layouts.

    Raises:
        BasePlatformError: a base has no image for a platform that a stage needs.
        ContentError: a base is not whole.
    """
    text = dockerfile.read_text(encoding="utf-8", errors="surrogateescape")
    pinning = Pinning(
        target=request.platform,
        native=native,
        build_args=request.build_args,
        stage=request.target,
        salt=salt_instruction(request, native),
    )
    images: dict[str, str] = {}
    aliases: dict[tuple[str, Platform | None], str] = {}
    for name, context, platform in _bases(request, pin_platforms(text, pinning).stages):
        found = pick_image(context, platform)
        if found is None:
            raise base_platform_error(request, engine, name, context)
        called = name
        if platform != request.platform:
            called = aliases[name, platform] = f"polyarch-base-{len(aliases)}"
        images[called] = pull(context.layout, found)
    pinned = pin_platforms(text, replace(pinning, aliases=aliases))
    return Laid(text=pinned.text, images=images, platform=pinned.platform)


def _bases(
    request: BuildRequest, stages: Sequence[Stage]
) -> Iterator[tuple[str, LayoutContext, Platform]]:
    """Each layout context with each platform that it is needed for.

    COPY --from and mounts take the platform that is built, and so does what no FROM names.
    """
    for name, context in request.contexts.items():
        if isinstance(context, LayoutContext):
            needed = {stage.platform for stage in stages if stage.base == name and stage.platform}
            if not needed or pick_image(context, request.platform):
                needed.add(request.platform)
            yield from ((name, context, platform) for platform in sorted(needed))
