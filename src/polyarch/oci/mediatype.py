"""Media types of images, and which family each belongs to.

Sources: image-spec v1.1 media-types.md; Docker image manifest v2 schema 2.
"""

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

EMPTY = "application/vnd.oci.empty.v1+json"
"""Of a config or layer that says nothing (image-spec v1.1, "Guidance for an Empty Descriptor")."""

DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SCHEMA1 = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)
"""Refused on sight: schema 1 has no digests for its config and is gone from registries."""

INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
ACCEPTED = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
"""What a client of registries lists under Accept, best first."""

_NOT_DISTRIBUTED = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)


def is_index(media_type: str) -> bool:
    """Whether it lists manifests (OCI index or Docker manifest list)."""
    return media_type in INDEXES


def is_manifest(media_type: str) -> bool:
    """Whether it is one image's or artifact's manifest."""
    return media_type in MANIFESTS


def is_distributed(media_type: str) -> bool:
    """Whether registries hold blobs of this type (Windows base layers are not distributed)."""
    return not media_type.startswith(_NOT_DISTRIBUTED)
