"""What must hold of named contexts before an engine is started.

Neither BuildKit (0.13 to 0.25) nor Buildah (1.28) compares the platform of a single image that
stands for a base with the one that is built: they end well and leave an image of mixed content.
"""

from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import BuildRequest, LayoutContext
from polyarch.engines.export import platform_of
from polyarch.errors import BasePlatformError, DockerfileNotFoundError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform


def dockerfile_of(request: BuildRequest) -> Path:
    """The Dockerfile, absolute.

    Raises:
        DockerfileNotFoundError: it does not exist.
    """
    path = (request.dockerfile or request.context / "Dockerfile").absolute()
    if not path.is_file():
        raise DockerfileNotFoundError(request.image, str(path))
    return path


def check_contexts(request: BuildRequest, engine: str) -> None:
    """Refuse a single image as a base of another platform than the one that is built.

    In an index engines choose by platform themselves, and say so when it is not there.

    Raises:
        BasePlatformError: a base is for another platform.
        ContentError: it is not whole.
    """
    for name, context in request.contexts.items():
        if isinstance(context, LayoutContext) and not (
            mediatype.is_index(context.descriptor.media_type)
            or pick_image(context, request.platform)
        ):
            raise base_platform_error(request, engine, name, context)


def pick_image(context: LayoutContext, platform: Platform) -> Descriptor | None:
    """The image of a layout context to build on for a platform, None where it has none.

    Raises:
        ContentError: the layout is not whole.
    """
    store = LayoutStore(context.layout)
    descriptor = context.descriptor
    if not mediatype.is_index(descriptor.media_type):
        return descriptor if platform_of(store, descriptor).satisfies(platform) else None
    return ImageIndex.parse(read_small(store, descriptor)).image_for(platform)


def base_platform_error(
    request: BuildRequest, engine: str, name: str, context: LayoutContext
) -> BasePlatformError:
    """The error for a base that has no image of the platform that is built."""
    store = LayoutStore(context.layout)
    if mediatype.is_index(context.descriptor.media_type):
        images = ImageIndex.parse(read_small(store, context.descriptor)).images
        found = ", ".join(str(image.platform) for image in images)
    else:
        found = str(platform_of(store, context.descriptor))
    return BasePlatformError(request.image, str(request.platform), engine, base=name, found=found)
