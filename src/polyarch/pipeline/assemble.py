"""Parts to one index: pure, and independent of the order in which the parts were finished."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import UNKNOWN, Platform
from polyarch.pipeline.part import Part


def assemble_index(
    parts: Sequence[Part],
    platforms: Sequence[Platform],
    annotations: Mapping[str, str],
    *,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> ImageIndex:
    """The index of an image: its platforms in plan order, then the attestations of each.

    `beside` are annotations of the descriptors of its platforms; with them stands what is claimed
    of how each was built, so that others need not build it again.

    Only what the plan and the parts' bytes say enters it, so the same parts give the same digest.
    """
    by_platform = {part.platform: part for part in parts}
    chosen = [by_platform[platform] for platform in platforms]
    images = [
        replace(
            part.manifest.bare(),
            platform=part.platform,
            annotations={**beside, **part.claim.annotations},
        )
        for part in chosen
    ]
    attestations = [_attestation(item, part) for part in chosen for item in part.attestations]
    return ImageIndex.build([*images, *attestations], annotations=annotations)


def _attestation(item: Descriptor, part: Part) -> Descriptor:
    # moby/buildkit docs/attestations/attestation-storage.md: how a reader finds what it is about.
    about = {
        annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
        annotation.DOCKER_REFERENCE_DIGEST: str(part.manifest.digest),
    }
    return replace(item.bare(), platform=UNKNOWN, annotations=about)
