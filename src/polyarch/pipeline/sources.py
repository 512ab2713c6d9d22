"""Where the bytes of parts are: their layouts, and registries for what they took by reference."""

from collections.abc import Callable, Sequence
from pathlib import Path

from polyarch.content.filling import FillingStore
from polyarch.content.graph import walk
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, PolyarchError, SpecError
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository, parse_reference
from polyarch.pipeline.part import Part, PartsFolder

LAYOUT_PREFIX = "oci:"

OpenRepository = Callable[[Repository], Fetcher]
"""Reads a repository where it is, for layers of base images."""


def layouts_of(parts: PartsFolder, part: Part) -> tuple[LayoutStore, ...]:
    """The layouts of this machine that a part names."""
    beside = parts.record(part.image, part.platform).parent
    return tuple(
        LayoutStore(beside / source.removeprefix(LAYOUT_PREFIX))
        for source in part.sources
        if source.startswith(LAYOUT_PREFIX)
    )


def borrowed_from(part: Part) -> tuple[Repository, ...]:
    """The repositories that hold blobs which the part's layout lacks."""
    return tuple(
        parse_reference(source).repository
        for source in part.sources
        if not source.startswith(LAYOUT_PREFIX)
    )


def config_of_part(parts: PartsFolder, part: Part) -> ImageConfig | None:
    """The config under the labels that it has now; None where the part is damaged."""
    for layout in layouts_of(parts, part):
        try:
            return read_config(layout, part.manifest)
        except PolyarchError:
            continue
    return None


def read_config(layout: LayoutStore, image: Descriptor) -> ImageConfig:
    """The config of an image in a layout.

    Raises:
        ContentError, SpecError: it is not there, or none.
    """
    manifest = ImageManifest.parse(read_small(layout, image), image.media_type)
    return ImageConfig.parse(read_small(layout, manifest.config), manifest.config.media_type)


def is_whole(parts: PartsFolder, part: Part) -> bool:
    """Whether the part's own layout holds all that it should.

    Manifests and configs are read and proven, layers are there in full size. A record that somebody
    else wrote, and a layout that is damaged, are as good as none.
    """
    layouts = layouts_of(parts, part)
    if [layout.root for layout in layouts] != [parts.layout(part.image, part.platform)]:
        return False
    try:
        return _holds(layouts[0], part, borrowed=bool(borrowed_from(part)))
    except (ContentError, SpecError):
        return False


def _holds(layout: LayoutStore, part: Part, *, borrowed: bool) -> bool:
    manifest = ImageManifest.parse(read_small(layout, part.manifest), part.manifest.media_type)
    read_small(layout, manifest.config)
    nodes = (node for root in (part.manifest, *part.attestations) for node in walk(layout, root))
    return all(layout.exists(node) or borrowed for node in nodes)


def joined(
    folder: Path,
    parts: PartsFolder,
    members: Sequence[Part],
    index: ImageIndex,
    opened: OpenRepository,
) -> tuple[FillingStore, Descriptor]:
    """One layout that holds the index of these parts and all below it, without copying.

    Layers that parts took by reference are fetched only when somebody reads them.
    """
    layout = LayoutStore(folder)
    for part in members:
        own = layouts_of(parts, part)
        for root in (part.manifest, *part.attestations):
            _adopt_graph(layout, own, root)
    descriptor = layout.add(index.descriptor.media_type, index.raw)
    layout.set_entries((descriptor,))
    repositories = dict.fromkeys(name for part in members for name in borrowed_from(part))
    return FillingStore(layout, tuple(opened(name) for name in repositories)), descriptor


def _adopt_graph(layout: LayoutStore, sources: Sequence[LayoutStore], root: Descriptor) -> None:
    for source in sources:
        for node in walk(source, root):
            if not layout.adopt(node, source) and source.exists(node):
                with source.open(node) as content:
                    layout.push(node, content)
