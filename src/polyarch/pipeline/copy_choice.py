"""Which platforms of an image are copied: the index of those alone, or the one image of one."""

from collections.abc import Sequence
from dataclasses import replace

from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import NothingSelectedError, SeveralPlatformsError
from polyarch.oci import annotation, mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.edit import without
from polyarch.oci.manifest import ImageIndex, ImageManifest, is_attestation, parse_any
from polyarch.oci.platform import UNKNOWN, Platform

Root = ImageIndex | ImageManifest
_CONFIGS = frozenset({mediatype.OCI_CONFIG, mediatype.DOCKER_CONFIG})


def chosen(root: Root, store: Fetcher, platforms: Sequence[Platform]) -> Root:
    """The image with these platforms alone; the bytes are the same where nothing is left out.

    Attestations travel with the images that they are about; annotations and order are kept.

    Raises:
        NothingSelectedError: it has no image for one of them.
    """
    if not platforms:
        return root
    if isinstance(root, ImageManifest):
        own = platform_of(root, store)
        for wanted in platforms:
            if own is None or _plain(own) != wanted:
                raise NothingSelectedError(str(wanted), _names([own]), kind="platform")
        return root
    kept = [
        child for child in root.images if child.platform and _plain(child.platform) in platforms
    ]
    found = {_plain(child.platform) for child in kept if child.platform}
    for wanted in platforms:
        if wanted not in found:
            raise NothingSelectedError(str(wanted), _names(root.platforms), kind="platform")
    about = {str(child.digest) for child in kept}
    left_out = [child for child in root.manifests if not _stays(child, kept, about)]
    return without(root, frozenset(left_out)) if left_out else root


def single(root: Root, store: Fetcher, place: str) -> ImageManifest:
    """The one image there is, for places that take only one.

    Raises:
        SeveralPlatformsError: there are several, or none.
    """
    if isinstance(root, ImageManifest):
        return root
    if len(root.images) != 1:
        raise SeveralPlatformsError(place, _names(root.platforms))
    [child] = root.images
    return single(parse_any(read_small(store, child), child.media_type), store, place)


def images_of(root: Root, store: Fetcher) -> tuple[Descriptor, ...]:
    """The images of an index, or the one, each with its platform where that is known."""
    if isinstance(root, ImageIndex):
        return root.images
    return (root.descriptor.with_platform(platform_of(root, store)),)


def platform_of(manifest: ImageManifest, store: Fetcher) -> Platform | None:
    """What the image's config says; None for an artifact that is no image."""
    if manifest.config.media_type not in _CONFIGS:
        return None
    return ImageConfig.parse(read_small(store, manifest.config)).platform


def _stays(child: Descriptor, kept: Sequence[Descriptor], about: set[str]) -> bool:
    if is_attestation(child):
        return child.annotations.get(annotation.DOCKER_REFERENCE_DIGEST) in about
    return child in kept


def _plain(platform: Platform) -> Platform:
    """Without what only Windows images have: nobody writes that."""
    return replace(platform, os_version="", os_features=())


def _names(platforms: Sequence[Platform | None]) -> list[str]:
    known = dict.fromkeys(str(each) for each in platforms if each and each != UNKNOWN)
    return list(known)
