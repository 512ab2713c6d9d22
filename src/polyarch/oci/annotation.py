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
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
REF_NAME = "org.opencontainers.image.ref.name"

OWN = frozenset(
    {
        CREATED, REVISION, VERSION, SOURCE, TITLE, DESCRIPTION, LICENSES, URL, REF_NAME, BASE_NAME,
        BASE_DIGEST,
    }
)  # fmt: skip
"""Keys that speak of one image alone: what its base says there is not true of it."""

OF_COMMIT = frozenset({CREATED, REVISION, VERSION, REF_NAME})
"""Keys that tell of one commit: another's image has its own, or none."""

DOCKER_REFERENCE_TYPE = "vnd.docker.reference.type"
DOCKER_REFERENCE_DIGEST = "vnd.docker.reference.digest"
ATTESTATION_MANIFEST = "attestation-manifest"

INPUT_KEY = "dev.polyarch.input-key"
"""Beside a platform's digest in an index: what the image was built from, as one digest."""

BUILT = "dev.polyarch.built"
"""The day of the build (UTC, as `2026-01-31`), of images whose result may be another every day."""

BASES = "dev.polyarch.bases"
"""What the image was built on: a JSON object of names and digests."""
