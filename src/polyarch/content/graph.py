"""The graph below a manifest: walked once, copied children first.

Children before parents means that a store never holds a manifest whose blobs it lacks.
"""

from collections.abc import Callable, Iterator

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher, Store
from polyarch.errors import MalformedManifestError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, parse_any

MAX_DEPTH = 8
"""Nested indexes deeper than this are refused as hostile."""


def successors(fetcher: Fetcher, node: Descriptor) -> tuple[Descriptor, ...]:
    """What a node refers to: manifests of an index, config and layers of a manifest.

    Layers that registries do not distribute are left out.
    """
    if not (mediatype.is_index(node.media_type) or mediatype.is_manifest(node.media_type)):
        return ()
    parsed = parse_any(read_small(fetcher, node), node.media_type)
    if isinstance(parsed, ImageIndex):
        return parsed.manifests
    return tuple(blob for blob in parsed.blobs if mediatype.is_distributed(blob.media_type))


def walk(fetcher: Fetcher, root: Descriptor) -> Iterator[Descriptor]:
    """Every node below `root` and `root` itself, children before parents, each digest once.

    Raises:
        MalformedManifestError: indexes nested deeper than `MAX_DEPTH`, or no manifest.
        ContentError: a manifest is absent or damaged.
    """
    yield from _walk(fetcher, root, set(), MAX_DEPTH)


def _walk(
    fetcher: Fetcher, node: Descriptor, seen: set[Digest], depth: int
) -> Iterator[Descriptor]:
    if node.digest in seen:
        return
    if depth == 0:
        reason = f"indexes stand in each other deeper than {MAX_DEPTH} levels"
        raise MalformedManifestError("image index", reason, where=str(fetcher))
    seen.add(node.digest)
    for child in successors(fetcher, node):
        yield from _walk(fetcher, child, seen, depth - 1)
    yield node


def copy_graph(
    source: Fetcher,
    target: Store,
    root: Descriptor,
    *,
    on_copied: Callable[[Descriptor, bool], None] = lambda _node, _copied: None,
) -> None:
    """Copy `root` and all below it; what `target` has is not read again.

    `on_copied` is called for each node with whether bytes were moved.

    Raises:
        ContentError: the source lacks something, or its bytes are not what they should be.
    """
    for node in walk(source, root):
        copied = not target.exists(node)
        if copied:
            with source.open(node) as content:
                target.push(node, content)
        on_copied(node, copied)
