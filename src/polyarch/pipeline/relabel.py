"""A built image under other labels: the layers as they are, config and manifest written anew.

So a part that is reused for another commit still tells the truth about it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import decode_object, encode
from polyarch.oci.manifest import ImageManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """What an image says of itself: labels, the time of making (RFC 3339), and annotations.

    `without` are keys that do not stay, but where `labels` or `annotations` have them.
    """

    labels: Mapping[str, str]
    created: str
    annotations: Mapping[str, str]
    without: Collection[str] = ()


def relabelled(layout: LayoutStore, image: Descriptor, dress: Dress) -> Descriptor:
    """The image with these labels, time of making and manifest annotations; its own if all hold.

    The new config and manifest are kept in `layout`, which holds the old ones.
    """
    manifest = ImageManifest.parse(read_small(layout, image), image.media_type)
    config = ImageConfig.parse(read_small(layout, manifest.config), manifest.config.media_type)
    changed = config.relabelled(dress.labels, dress.created, without=dress.without)
    same_labels = dict(config.labels) == dict(changed.labels) and config.created == dress.created
    kept = {
        key: dress.labels.get(key, text)  # what engines annotate tells of a base as it was then
        for key, text in manifest.annotations.items()
        if key not in dress.without
    }
    wanted = {**kept, **dress.annotations}
    if same_labels and wanted == dict(manifest.annotations):
        return image
    layout.add(changed.descriptor.media_type, changed.raw)
    return replace(_written(layout, manifest, changed.descriptor, wanted), platform=image.platform)


def undressed(layout: LayoutStore, image: Descriptor) -> Descriptor:
    """The image without the annotations of an earlier dress, which another config may have asked.

    Those that an engine gave stand beside no revision and stay.
    """
    manifest = ImageManifest.parse(read_small(layout, image), image.media_type)
    if annotation.REVISION not in manifest.annotations:
        return image
    return replace(_written(layout, manifest, manifest.config, {}), platform=image.platform)


def _written(
    layout: LayoutStore,
    manifest: ImageManifest,
    config: Descriptor,
    annotations: Mapping[str, str],
) -> Descriptor:
    value = decode_object(manifest.raw, "image manifest")
    value["config"] = {**value["config"], **config.to_json()}
    value.pop("annotations", None)
    if annotations:
        value["annotations"] = dict(sorted(annotations.items()))
    raw = encode(value)
    layout.add(manifest.descriptor.media_type, raw)
    return Descriptor.of(manifest.descriptor.media_type, raw)
