"""Media types that do not belong together, or that runtimes cannot unpack.

Sources: image-spec v1.1 media-types.md and manifest.md; podman-container-tools/buildah#3550 (Quay
and Docker lists that hold OCI manifests).
"""

from collections.abc import Iterator

from polyarch.findings import Finding, Severity
from polyarch.oci import mediatype
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform

CONFIGS = frozenset({mediatype.OCI_CONFIG, mediatype.DOCKER_CONFIG})
"""Media types of configs of images that run, other than artifacts'."""

_LAYERS = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)
_COMPRESSED = ("", ".gzip", "+gzip", ".zstd", "+zstd")
_UNPACKED = frozenset(f"{layer}{form}" for layer in _LAYERS for form in _COMPRESSED)


def index_media(index: ImageIndex, subject: str) -> Iterator[Finding]:
    """A Docker manifest list whose children have the other form, which some registries refuse."""
    if index.descriptor.media_type != mediatype.DOCKER_LIST:
        return
    if any(child.media_type == mediatype.OCI_MANIFEST for child in index.manifests):
        yield Finding(
            code="media-types-mixed",
            severity=Severity.WARNING,
            subject=subject,
            message="it is a Docker manifest list of OCI manifests",
            hint="some registries (Quay) refuse such a mixture; build the index anew in one form",
        )


def image_media(
    manifest: ImageManifest, platform: Platform | None, subject: str
) -> Iterator[Finding]:
    """What stands in an image's manifest and is no config or layer of one."""
    if manifest.config.media_type not in CONFIGS:
        yield Finding(
            code="not-an-image",
            severity=Severity.ERROR,
            subject=subject,
            platform=platform,
            message=f"its config is `{manifest.config.media_type}`: an artifact, and no image",
        )
        return
    foreign = {layer.media_type for layer in manifest.layers} - _UNPACKED
    for media_type in sorted(foreign):
        yield Finding(
            code="layer-type",
            severity=Severity.WARNING,
            subject=subject,
            platform=platform,
            message=f"a layer is `{media_type}`, which runtimes do not unpack",
        )
    absent = sum(not mediatype.is_distributed(layer.media_type) for layer in manifest.layers)
    if absent:
        yield Finding(
            code="layer-not-distributed",
            severity=Severity.INFO,
            subject=subject,
            platform=platform,
            message=f"{absent} of its layers are not in registries, as Windows' own, and not read",
        )
