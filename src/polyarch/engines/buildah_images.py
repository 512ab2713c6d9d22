"""Images that Buildah's store has for a while: bases taken from layouts.

Buildah 1.28 cannot be left to choose from an index in a layout (it pulls arm/v6 and then does not
find it), and two pulls at once lose names. So one image is pulled at a time and used by its ID.

Removing a name removes the image with its last name, also when another build just gave it one more.
So the names of all builds of this process are removed together, when none runs that has any.
"""

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION
from polyarch.errors import EngineUnusableError, PolyarchError
from polyarch.host.process import run
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex

Pull = Callable[[Path, Descriptor], str]
"""Takes an image from a layout; gives its ID in Buildah's store."""

_LOCK = threading.Lock()


class _InUse:
    """Builds that have such images, and the names that may go once there are none."""

    builds = 0
    stale: tuple[tuple[Mapping[str, str], str], ...] = ()


@contextlib.contextmanager
def temporary_images(folder: Path, environment: Mapping[str, str]) -> Iterator[Pull]:
    """Pull images from layouts; they stay as long as the block runs, at least.

    `folder` is the build's own.
    """
    names: list[str] = []

    def pull(layout: Path, image: Descriptor) -> str:
        alias = _alias(folder, layout, image)
        # The name that Buildah makes of the path; a tag behind it does not count.
        names.append(f"localhost/{alias}:latest")
        with _LOCK:
            done = run(
                ["buildah", "pull", "--quiet", f"oci:{alias}"],
                environment=environment,
                folder=folder,
                timeout_s=None,
            )
        if not done.stdout.split():
            raise EngineUnusableError("buildah", "it did not say which image it took")
        return done.stdout.split()[-1]

    with _LOCK:
        _InUse.builds += 1
    try:
        yield pull
    finally:
        _done(environment, names)


def _done(environment: Mapping[str, str], names: list[str]) -> None:
    with _LOCK:
        _InUse.builds -= 1
        _InUse.stale += tuple((environment, name) for name in names)
        if _InUse.builds > 0:
            return
        stale, _InUse.stale = _InUse.stale, ()
        for place, name in stale:
            # It is not there when the build ended before it was pulled.
            with contextlib.suppress(PolyarchError):
                run(["buildah", "rmi", name], environment=place)


def _alias(folder: Path, layout: Path, image: Descriptor) -> str:
    """A layout of one image that borrows the other's blobs, under a name that Buildah takes."""
    alias = folder / f"polyarch-{secrets.token_hex(8)}"
    alias.mkdir()
    (alias / LAYOUT_FILE).write_bytes(LAYOUT_VERSION)
    (alias / "blobs").symlink_to(layout.absolute() / "blobs")
    entry = replace(image, annotations={annotation.REF_NAME: "latest"})
    (alias / INDEX_FILE).write_bytes(ImageIndex.build([entry]).raw)
    return alias.name
