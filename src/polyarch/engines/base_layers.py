"""Layers of a base that an image takes over as they are, and where those are that stay away."""

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import Base
from polyarch.errors import BlobNotFoundError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor


def bring_layer(layer: Descriptor, base: Base, layout: LayoutStore) -> bool:
    """Let the layout hold a layer of the base; False where only the base's repository has it.

    Raises:
        BlobNotFoundError: it is neither on this machine nor in any repository.
    """
    source = LayoutStore(base.layout) if base.layout else layout
    if layout.exists(layer) or layout.adopt(layer, source):
        return True
    if source.exists(layer):
        with source.open(layer) as content:
            layout.push(layer, content)
        return True
    if not base.repository and mediatype.is_distributed(layer.media_type):
        raise BlobNotFoundError(str(layer.digest), str(source))
    return False


def origin_of(base: Base) -> str:
    """The base as `repository@digest`."""
    return f"{base.repository}@{base.manifest.descriptor.digest}"
