"""What was seen of an image in all of its repositories: plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from polyarch.errors import PolyarchError
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository

Root = ImageIndex | ImageManifest

_CONFIGS = frozenset({mediatype.OCI_CONFIG, mediatype.DOCKER_CONFIG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One repository. `tags` are what they point to; `dangling` are listed, and lead nowhere.

    `absent` are manifests and `lacking` blobs that it should hold and does not. `broken` says of
    tags and digests why they cannot be read. What `errors` kept from being asked is unknown, as
    what stands under tags that are `unsure`. `listed`: the names of its tags are known.
    """

    repository: Repository
    listed: bool = False
    tags: Mapping[str, Descriptor] = field(default_factory=dict)
    dangling: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    absent: frozenset[Digest] = frozenset()
    lacking: frozenset[Digest] = frozenset()
    broken: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[PolyarchError, ...] = ()

    def digest(self, tag: str) -> Digest | None:
        """What a tag points to."""
        found = self.tags.get(tag)
        return found.digest if found else None

    def knows(self, tag: str) -> bool:
        """Whether the repository has said what it has under a tag, or that it has nothing."""
        return self.listed and tag not in self.unsure


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An image in all of its repositories; `manifests` are all that could be read, from anywhere.

    `configs` are of images, by the digests of their manifests: those that somebody asked for.
    """

    image: str
    sights: tuple[Sight, ...]
    manifests: Mapping[Digest, Root]
    configs: Mapping[Digest, ImageConfig]

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that lead somewhere in any repository."""
        return tuple(dict.fromkeys(tag for sight in self.sights for tag in sight.tags))

    def roots(self, tag: str) -> tuple[Digest, ...]:
        """The distinct digests under a tag, in the order of the repositories."""
        found = (sight.digest(tag) for sight in self.sights)
        return tuple(dict.fromkeys(each for each in found if each))

    def first(self, tag: str) -> Root | None:
        """What stands under a tag, of the first repository in which it can be read."""
        return next(
            (self.manifests[each] for each in self.roots(tag) if each in self.manifests), None
        )

    def platforms(self, digest: Digest) -> tuple[Platform, ...]:
        """The platforms that machines find there."""
        return tuple(image.platform for image in self.images(digest) if image.platform)

    def images(self, digest: Digest) -> tuple[Descriptor, ...]:
        """The images of a root, each with its platform where that is known; nested ones too."""
        root = self.manifests.get(digest)
        if isinstance(root, ImageIndex):
            found: list[Descriptor] = []
            for child in root.images:
                if mediatype.is_index(child.media_type) and child.digest != digest:
                    found += self.images(child.digest)
                elif mediatype.is_manifest(child.media_type) and child.platform:
                    found.append(replace(child, platform=plain(child.platform)))
            return tuple(found)
        config = self.configs.get(digest)
        if root is None or config is None:
            return ()
        return (root.descriptor.with_platform(plain(config.platform)),)

    def below(self, roots: Iterable[Digest]) -> dict[Digest, Descriptor]:
        """Manifests and blobs below roots, and the roots themselves where they could be read."""
        found: dict[Digest, Descriptor] = {}
        waiting = [self.manifests[each].descriptor for each in roots if each in self.manifests]
        while waiting:
            each = waiting.pop()
            if each.digest in found:
                continue
            found[each.digest] = each
            node = self.manifests.get(each.digest)
            if isinstance(node, ImageIndex):
                waiting += node.manifests
            elif node is not None:
                waiting += node.blobs
        return found


def plain(platform: Platform) -> Platform:
    """Without what only Windows images have: nobody asks for that."""
    return replace(platform, os_version="", os_features=())


def is_image(root: Root) -> bool:
    """Whether machines can run it: a cache of builds, a signature or a chart is none."""
    if isinstance(root, ImageIndex):
        return any(
            mediatype.is_index(child.media_type) or mediatype.is_manifest(child.media_type)
            for child in root.manifests
        )
    return root.config.media_type in _CONFIGS and not root.artifact_type
