"""An index with some of its platforms replaced: by platform, never by digest.

The parsed document is edited and written once: unknown fields, annotations and the order of what
stays are kept. Tools that combine by digest leave the old image of a platform beside the new one.
"""

from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import JsonObject, decode_object, encode, object_list
from polyarch.oci.manifest import ImageIndex, is_attestation


def with_platforms(standing: ImageIndex, ours: ImageIndex) -> ImageIndex:
    """`standing` with the images of `ours` in the places of the same platforms, new ones last.

    Attestations travel with what they are about: those of a replaced image go, those of `ours`
    come. A Docker list that gets an OCI child becomes an OCI index: registries refuse the mixture
    (podman-container-tools/buildah#3550).

    Raises:
        MalformedManifestError: `standing` is not an index.
    """
    value = decode_object(standing.raw, "image index")
    entries = object_list(value, "manifests", "image index")
    waiting = {child.platform: child for child in ours.images}
    replaced = {child.platform for child in ours.images}
    gone = {
        str(child.digest)
        for child in standing.images
        if child.platform in replaced or child in ours.images
    }
    images: list[JsonObject] = []
    attestations: list[JsonObject] = []
    for entry, child in zip(entries, standing.manifests, strict=True):
        if is_attestation(child):
            if child.annotations.get(annotation.DOCKER_REFERENCE_DIGEST) not in gone:
                attestations.append(entry)
        elif child.platform not in replaced:
            images.append(entry)
        elif new := waiting.pop(child.platform, None):
            images.append(new.to_json())
    images += [child.to_json() for child in waiting.values()]
    attestations += [child.to_json() for child in ours.manifests if is_attestation(child)]
    value["manifests"] = [*images, *attestations]
    if any(_is_oci(child) for child in ours.manifests):
        value["mediaType"] = mediatype.OCI_INDEX
    return ImageIndex.parse(encode(value))


def without(index: ImageIndex, children: frozenset[Descriptor]) -> ImageIndex:
    """The index without some of its children; all else as it was."""
    value = decode_object(index.raw, "image index")
    entries = object_list(value, "manifests", "image index")
    pairs = zip(entries, index.manifests, strict=True)
    value["manifests"] = [entry for entry, child in pairs if child not in children]
    return ImageIndex.parse(encode(value), index.descriptor.media_type)


def _is_oci(child: Descriptor) -> bool:
    return child.media_type in {mediatype.OCI_MANIFEST, mediatype.OCI_INDEX}
