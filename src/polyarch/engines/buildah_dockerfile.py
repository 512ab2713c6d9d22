"""The Dockerfile that Buildah gets, and the bases that it stands on, for one build."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.engines.base import BuildRequest, FolderContext, ImageContext, LayoutContext
from polyarch.engines.buildah_images import Pulls
from polyarch.engines.contexts import base_platform_error, pick_image
from polyarch.engines.froms import Pinning, Stage, pin_platforms
from polyarch.engines.salt import salt_instruction
from polyarch.oci.platform import Platform

SCRATCH = "scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """The text to build from; `images` are the IDs of bases, by their name in it.

    `platform` is that of the stage that becomes the image, None where it cannot be told. `names`
    are what people call the bases, by their ID.
    """

    text: str
    images: Mapping[str, str]
    platform: Platform | None
    names: Mapping[str, str]


def lay_dockerfile(
    request: BuildRequest, dockerfile: Path, *, engine: str, native: Platform, pulls: Pulls
) -> Laid:
    """Pin the platform of every stage and pull the bases.

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
        salt="",
    )
    stages = pin_platforms(text, pinning).stages
    images: dict[str, str] = {}
    aliases: dict[tuple[str, Platform | None], str] = {}
    names: dict[str, str] = {}
    for name, context, platform in _bases(request, stages):
        found = _pull(request, engine, pulls, (name, context, platform))
        if found is None:
            continue
        called = name
        if platform != request.platform:
            called = aliases[name, platform] = f"polyarch-base-{len(aliases)}"
        images[called], names[found] = found, name
    pulled = _pull_external(request, stages, pulls)
    salt = salt_instruction(request, native, bases=pulls.from_registries)
    pinned = pin_platforms(text, replace(pinning, aliases=aliases, pulled=pulled, salt=salt))
    names |= {image: name for (name, _), image in pulled.items()}
    return Laid(text=pinned.text, images=images, platform=pinned.platform, names=names)


_Base = tuple[str, LayoutContext | ImageContext, Platform]
"""A named context that is an image, and a platform that it is needed for."""


def _bases(request: BuildRequest, stages: Sequence[Stage]) -> Iterator[_Base]:
    """Each image context with each platform that it is needed for.

    COPY --from and mounts take the platform that is built, and so does what no FROM names.
    """
    for name, context in request.contexts.items():
        if isinstance(context, FolderContext):
            continue
        needed = {stage.platform for stage in stages if stage.base == name and stage.platform}
        if not needed or isinstance(context, ImageContext) or pick_image(context, request.platform):
            needed.add(request.platform)
        yield from ((name, context, platform) for platform in sorted(needed))


def _pull(request: BuildRequest, engine: str, pulls: Pulls, base: _Base) -> str | None:
    name, context, platform = base
    if isinstance(context, ImageContext):
        return pulls.from_registry(context.reference, platform)
    found = pick_image(context, platform)
    if found is None:
        raise base_platform_error(request, engine, name, context)
    return pulls.from_layout(context.layout, found)


def _pull_external(
    request: BuildRequest, stages: Sequence[Stage], pulls: Pulls
) -> dict[tuple[str, Platform | None], str]:
    """The images of registries that stages stand on, as far as they can be had."""
    found: dict[tuple[str, Platform | None], str] = {}
    for stage in stages:
        called = (stage.base, stage.platform)
        outside = not stage.on_stage and stage.base not in {*request.contexts, SCRATCH}
        if outside and stage.platform and called not in found:
            image = pulls.from_registry(stage.base, stage.platform)
            if image:
                found[called] = image
    return found
