"""The folder that an engine exports to, and taking the image out of what it left there."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import Built
from polyarch.errors import MalformedManifestError, StorageError
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation
from polyarch.oci.platform import Platform


@contextlib.contextmanager
def workplace(layout: LayoutStore) -> Iterator[Path]:
    """A folder for one build that vanishes with it.

    It lies beside the layout: images are large, and the system's temporary folder is often small.

    Raises:
        StorageError: it cannot be made or written to.
    """
    try:
        layout.root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=layout.root.parent, prefix=".build-", ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
    except OSError as error:
        raise StorageError(str(layout.root.parent), error.strerror or str(error)) from error


def take_export(folder: Path, layout: LayoutStore) -> Built:
    """Copy the one image of an exported layout, with its attestations, into `layout`.

    Raises:
        MalformedManifestError: the export does not hold exactly one image.
        ContentError: it lacks something, or its bytes are not what they should be.
    """
    export = LayoutStore(folder)
    image, attestations = find_image(export)
    for node in (image, *attestations):
        copy_graph(export, layout, node)
    platform = platform_of(export, image)
    return Built(manifest=image.bare().with_platform(platform), attestations=attestations)


def find_image(export: LayoutStore) -> tuple[Descriptor, tuple[Descriptor, ...]]:
    """The only image of a layout, whether at its top or in an index, and its attestations.

    Raises:
        MalformedManifestError: there is none, or more than one.
    """
    export.check()
    children: list[Descriptor] = []
    for entry in export.entries():
        if mediatype.is_index(entry.media_type):
            children.extend(ImageIndex.parse(read_small(export, entry)).manifests)
        else:
            children.append(entry)
    images = {child.digest: child for child in children if not is_attestation(child)}
    if len(images) != 1:
        reason = f"the engine left {len(images)} images in it where one was asked for"
        raise MalformedManifestError("OCI layout", reason, where=str(export))
    return next(iter(images.values())), tuple(filter(is_attestation, children))


def platform_of(export: LayoutStore, image: Descriptor) -> Platform:
    """The platform that the config of an image says."""
    manifest = ImageManifest.parse(read_small(export, image), image.media_type)
    config = ImageConfig.parse(read_small(export, manifest.config), manifest.config.media_type)
    return config.platform
