"""What one registry cannot take of an image, left out there alone and told."""

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.edit import without
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.profile import Profile


def misfits(
    root: ImageIndex | ImageManifest, source: Fetcher, profile: Profile
) -> tuple[Descriptor, ...]:
    """The children of an index that this kind of registry refuses.

    They are manifests whose config is the empty descriptor, as BuildKit writes attestations
    (koordinator-sh/koordinator#3194).

    Raises:
        ContentError, SpecError: a child cannot be read.
    """
    if profile.empty_config or not isinstance(root, ImageIndex):
        return ()
    return tuple(child for child in root.manifests if _has_empty_config(child, source))


def adapted(
    root: ImageIndex | ImageManifest, source: Fetcher, profile: Profile
) -> tuple[ImageIndex | ImageManifest, str]:
    """The root as this kind of registry takes it, and what was left out; the same and "" if all.

    Raises:
        ContentError, SpecError: a child cannot be read.
    """
    gone = misfits(root, source, profile)
    if not gone or not isinstance(root, ImageIndex):
        return root, ""
    count = "1 attestation is" if len(gone) == 1 else f"{len(gone)} attestations are"
    why = f"{count} left out: {profile.title} takes no manifest whose config is empty"
    return without(root, frozenset(gone)), why


def _has_empty_config(child: Descriptor, source: Fetcher) -> bool:
    if not mediatype.is_manifest(child.media_type):
        return False
    manifest = ImageManifest.parse(read_small(source, child), child.media_type)
    return manifest.config.media_type == mediatype.EMPTY
