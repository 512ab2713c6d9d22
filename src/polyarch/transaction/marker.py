"""Tiny manifests that are no images: all that they say stands in their annotations.

They have one config and one layer, and neither is the empty descriptor: some registries refuse
manifests without either.
"""

import gzip
from collections.abc import Mapping

from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.registry.body import Body
from polyarch.registry.repository import RemoteRepository

NO_CONFIG = b'{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":[]}}'
"""The config of what runs nowhere."""

_LAYER = gzip.compress(bytes(1024), mtime=0)


def marker(
    annotations: Mapping[str, str], *, artifact_type: str = "", subject: Descriptor | None = None
) -> ImageManifest:
    """A manifest that says this; the same arguments give the same bytes."""
    return ImageManifest.build(
        config=Descriptor.of(mediatype.OCI_CONFIG, NO_CONFIG),
        layers=[Descriptor.of(mediatype.OCI_LAYER_GZIP, _LAYER)],
        annotations=annotations,
        artifact_type=artifact_type,
        subject=subject,
    )


async def push_marker_blobs(remote: RemoteRepository) -> None:
    """Bring a repository what every marker stands on.

    Raises:
        RegistryError: it does not take it.
    """
    for media_type, data in (
        (mediatype.OCI_CONFIG, NO_CONFIG),
        (mediatype.OCI_LAYER_GZIP, _LAYER),
    ):
        await remote.push_blob(Descriptor.of(media_type, data), Body.of_bytes(data))
