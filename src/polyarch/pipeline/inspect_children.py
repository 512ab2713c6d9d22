"""Reading the children of an index for people: what cannot be read is told, and ends nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import ContentError, RegistryError, SpecError
from polyarch.oci import annotation, mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation, parse_any
from polyarch.pipeline.inspection import Child, Layer

PREDICATE = "in-toto.io/predicate-type"
"""BuildKit's annotation of each layer of an attestation (docs/attestations)."""

_CONFIGS = frozenset({mediatype.OCI_CONFIG, mediatype.DOCKER_CONFIG})


def read_child(store: Fetcher, node: Descriptor) -> Child:
    """What one child is; a registry that does not tell leaves it with the reason."""
    about = None
    if is_attestation(node):
        about = node.annotations.get(annotation.DOCKER_REFERENCE_DIGEST, "")
    platform = None if about is not None else node.platform
    bare = Child(descriptor=node, platform=platform, about=about, annotations=node.annotations)
    try:
        parsed = parse_any(read_small(store, node), node.media_type)
        bare = replace(bare, raw=parsed.raw)
        if isinstance(parsed, ImageIndex):
            listed = ", ".join(str(each) for each in parsed.platforms)
            return replace(bare, problem=f"an index itself, of {listed or 'nothing'}")
        if about is not None:
            return replace(bare, holds=_predicates(parsed))
        return _image(store, bare, parsed)
    except (ContentError, SpecError, RegistryError) as error:
        return replace(bare, problem=error.message.partition("\n")[0])


def with_shared(children: Sequence[Child]) -> tuple[Child, ...]:
    """The children, each layer told which other platforms have it."""
    holders: defaultdict[Digest, dict[str, None]] = defaultdict(dict)
    for child in children:
        for layer in child.layers:
            holders[layer.blob.digest][child.name] = None
    return tuple(
        replace(
            child,
            layers=tuple(
                replace(
                    layer,
                    shared_with=tuple(
                        name for name in holders[layer.blob.digest] if name != child.name
                    ),
                )
                for layer in child.layers
            ),
        )
        for child in children
    )


def _image(store: Fetcher, bare: Child, manifest: ImageManifest) -> Child:
    annotations = {**manifest.annotations, **bare.annotations}
    known = replace(
        bare,
        annotations=annotations,
        layers=tuple(Layer(blob=layer) for layer in manifest.layers),
    )
    if manifest.config.media_type not in _CONFIGS:
        kind = manifest.artifact_type or manifest.config.media_type
        return replace(known, problem=f"no image, but `{kind}`")
    config = ImageConfig.parse(read_small(store, manifest.config), manifest.config.media_type)
    said = {**config.labels, **annotations}
    return replace(
        known,
        platform=bare.platform or config.platform,
        created=config.created,
        labels=config.labels,
        base=said.get(annotation.BASE_NAME, ""),
        base_digest=said.get(annotation.BASE_DIGEST, ""),
    )


def _predicates(manifest: ImageManifest) -> tuple[str, ...]:
    kinds = (each.annotations.get(PREDICATE) or each.media_type for each in manifest.layers)
    return tuple(dict.fromkeys(kinds))
