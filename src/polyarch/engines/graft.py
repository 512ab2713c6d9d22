"""A child's lower layers put back to those of the base that the project has just built.

Engines do not leave them alone: BuildKit 0.13 rewrites the times in all layers of a base that is a
named context (those of bases from registries it leaves), and Buildah packs them anew. On the base's
own layers a registry holds them once, and everyone can see that the child stands on this very base.
"""

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import Base, Built
from polyarch.engines.base_layers import bring_layer, origin_of
from polyarch.oci.fields import JsonObject, decode_object, encode, object_list, optional_object
from polyarch.oci.manifest import ImageManifest

_KIND = "image config"


def grafted(built: Built, layout: LayoutStore, base: Base) -> Built:
    """The image on the layers of `base`, which its last stage names; itself where it does not fit.

    What the engine attested is about its own digest, so an image with attestations stays as it is.
    What is not needed any more is removed from `layout`, which must be the build's own.

    Raises:
        BlobNotFoundError: the base lacks a layer and no repository has it.
        ContentError, SpecError: what the engine left is not whole.
    """
    manifest = ImageManifest.parse(read_small(layout, built.manifest), built.manifest.media_type)
    layers = base.manifest.layers
    if built.attestations or manifest.layers[: len(layers)] == layers:
        return built
    config = decode_object(read_small(layout, manifest.config), _KIND)
    settled = _settled(config, decode_object(base.config, _KIND), len(layers))
    if settled is None or not _same_family(manifest, base.manifest):
        return built
    elsewhere = [layer for layer in layers if not bring_layer(layer, base, layout)]
    written = ImageManifest.build(
        config=layout.add(manifest.config.media_type, encode(settled)),
        layers=(*layers, *manifest.layers[len(layers) :]),
        annotations=manifest.annotations,
    )
    image = layout.add(written.descriptor.media_type, written.raw)
    needed = {node.digest for node in (image, *written.blobs)}
    for node in (built.manifest, *manifest.blobs):
        if node.digest not in needed:
            layout.remove(node)
    return Built(
        manifest=image.with_platform(built.manifest.platform) if built.manifest.platform else image,
        borrowed=(*built.borrowed, origin_of(base)) if elsewhere else built.borrowed,
    )


def _settled(child: JsonObject, base: JsonObject, layers: int) -> JsonObject | None:
    """The child's config over the base's diff ids; None where it was not built on the base."""
    own, below = _diff_ids(child), _diff_ids(base)
    steps, first = object_list(child, "history", _KIND), object_list(base, "history", _KIND)
    told = sum(1 for step in first if not step.get("empty_layer"))
    same_steps = told == layers and _texts(steps[: len(first)]) == _texts(first)
    if len(below) != layers or len(own) < layers or not (own[:layers] == below or same_steps):
        return None
    rootfs = optional_object(child, "rootfs", _KIND) or {}
    return {
        **child,
        "rootfs": {**rootfs, "diff_ids": [*below, *own[layers:]]},
        "history": [*first, *steps[len(first) :]] if same_steps else steps,
    }


def _diff_ids(config: JsonObject) -> list[str]:
    rootfs = optional_object(config, "rootfs", _KIND) or {}
    found = rootfs.get("diff_ids")
    return [str(item) for item in found] if isinstance(found, list) else []


def _texts(steps: list[JsonObject]) -> list[tuple[str, bool]]:
    return [(str(step.get("created_by")), bool(step.get("empty_layer"))) for step in steps]


def _same_family(one: ImageManifest, other: ImageManifest) -> bool:
    """Docker's layers and the OCI's do not stand in one manifest."""
    return one.descriptor.media_type == other.descriptor.media_type
