"""Annotation and label keys that polyarch reads or writes.

Sources: image-spec v1.1 annotations.md; moby/buildkit docs/attestations/attestation-storage.md.
"""

CREATED = "org.opencontainers.image.created"
REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"
SOURCE = "org.opencontainers.image.source"
TITLE = "org.opencontainers.image.title"
DESCRIPTION = "org.opencontainers.image.description"
LICENSES = "org.opencontainers.image.licenses"
URL = "org.opencontainers.image.url"
REF_NAME = "org.opencontainers.image.ref.name"

DOCKER_REFERENCE_TYPE = "vnd.docker.reference.type"
DOCKER_REFERENCE_DIGEST = "vnd.docker.reference.digest"
ATTESTATION_MANIFEST = "attestation-manifest"
