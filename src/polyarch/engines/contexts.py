"""What must hold of named contexts before an engine is started.

Neither BuildKit (0.13 to 0.25) nor Buildah (1.28) compares the platform of a single image that
stands for a base with the one that is built: they end well and leave an image of mixed content.
"""

from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, LayoutContext
from polyarch.engines.export import platform_of
from polyarch.errors import BasePlatformError, DockerfileNotFoundError
from polyarch.oci import mediatype


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
        if not isinstance(context, LayoutContext):
            continue
        store = LayoutStore(context.layout)
        if mediatype.is_index(context.descriptor.media_type):
            continue
        found = platform_of(store, context.descriptor)
        if not found.satisfies(request.platform):
            raise BasePlatformError(
                request.image, str(request.platform), engine, base=name, found=str(found)
            )
