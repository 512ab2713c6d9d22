"""What stands in a repository: its tags, what they point to, and all manifests below that.

A manifest that cannot be had is missing, which is a finding and not an error; a registry that does
not answer is one.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.errors import ContentError, ManifestNotFoundError, SpecError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.repository import RemoteRepository

Root = ImageIndex | ImageManifest

NOTHING: Mapping[Digest, Root] = MappingProxyType({})

DEPTH = 4
"""An index of indexes of images; deeper than that nobody builds."""


MOST = 200_000
"""Manifests below what is asked for; whoever lists more wants our memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One repository. `tags` point to descriptors; `manifests` are all that could be read.

    `missing` are children, and what tags point to, that the registry names and does not have, or
    not whole. `unread` are those of which nobody knows what they need: damaged, or below more
    indexes, or more of them, than are looked through.
    """

    repository: Repository
    tags: Mapping[str, Descriptor]
    manifests: Mapping[Digest, Root]
    missing: frozenset[Digest]
    unread: frozenset[Digest] = frozenset()

    def tags_of(self, digest: Digest) -> tuple[str, ...]:
        """The tags that point to a manifest."""
        return tuple(tag for tag, found in self.tags.items() if found.digest == digest)

    def below(self, roots: Iterable[Digest]) -> frozenset[Digest]:
        """These manifests and all below them, known to be there or not."""
        found: set[Digest] = set()
        waiting = list(roots)
        while waiting:
            digest = waiting.pop()
            if digest in found:
                continue
            found.add(digest)
            node = self.manifests.get(digest)
            if isinstance(node, ImageIndex):
                waiting += [child.digest for child in node.manifests]
        return frozenset(found)


async def survey(
    remote: RemoteRepository,
    tags: Sequence[str] | None = None,
    *,
    known: Mapping[Digest, Root] = NOTHING,
    depth: int = DEPTH,
) -> Survey:
    """Look at these tags, or at all that the registry lists; each manifest is read once.

    What is `known` is not read again: a digest says what it is. With `depth` 1 only what tags point
    to is read. How many requests go at once is the session's to know.

    Raises:
        RegistryError: the registry did not say.
    """
    listed = tuple(dict.fromkeys(tags if tags is not None else await remote.tags()))
    heads = await asyncio.gather(*(remote.head(tag) for tag in listed))
    found = {tag: head for tag, head in zip(listed, heads, strict=True) if head}
    read = await below_all(remote, found.values(), known=known, depth=depth)
    return Survey(
        repository=remote.repository,
        tags=found,
        manifests=read.manifests,
        missing=read.missing,
        unread=read.unread,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Manifests with all below them; `missing` and `unread` as a survey has them."""

    manifests: Mapping[Digest, Root]
    missing: frozenset[Digest]
    unread: frozenset[Digest]


async def below_all(
    remote: RemoteRepository,
    roots: Iterable[Descriptor],
    *,
    known: Mapping[Digest, Root] = NOTHING,
    depth: int = DEPTH,
) -> Read:
    """Read manifests and all below them, each once; what is too deep or too much is unread.

    Raises:
        RegistryError: the registry did not say.
    """
    manifests: dict[Digest, Root] = {}
    missing: set[Digest] = set()
    unread: set[Digest] = set()
    level = list({root.digest: root for root in roots}.values())
    for _ in range(depth):
        if len(manifests) + len(level) > MOST:
            break
        read = await asyncio.gather(*(_read(remote, each, known, unread) for each in level))
        below: dict[Digest, Descriptor] = {}
        for each, node in zip(level, read, strict=True):
            if node is None:
                missing.add(each.digest)
                continue
            manifests[each.digest] = node
            if isinstance(node, ImageIndex):
                below |= {child.digest: child for child in node.manifests if _is_node(child)}
        level = [each for digest, each in below.items() if digest not in manifests]
        if not level:
            break
    unread.update(each.digest for each in level)
    return Read(manifests=manifests, missing=frozenset(missing), unread=frozenset(unread))


async def _read(
    remote: RemoteRepository,
    descriptor: Descriptor,
    known: Mapping[Digest, Root],
    unread: set[Digest],
) -> Root | None:
    if found := known.get(descriptor.digest):
        return found
    try:
        return await remote.known_manifest(descriptor)
    except ManifestNotFoundError:
        return None
    except (SpecError, ContentError):
        unread.add(descriptor.digest)
        return None


def _is_node(child: Descriptor) -> bool:
    return mediatype.is_index(child.media_type) or mediatype.is_manifest(child.media_type)
