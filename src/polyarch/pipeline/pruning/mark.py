"""The list of what a prune removes, under a tag of the repository itself until all of it is gone.

Tags go first, and nothing else leads to what they showed: who is killed then leaves the list to the
next prune, on whatever machine that runs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from polyarch.errors import InvalidDigestError, ListTagTakenError
from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.survey import Root, Survey
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.marker import marker, push_marker_blobs

TAG = "polyarch-prune"
ARTIFACT = "application/vnd.polyarch.prune.v1"
MOST = 40_000
"""Digests of a list; a manifest has 4 MiB at most."""

_DIGESTS = "dev.polyarch.prune.digests"


def is_list(node: Root | None) -> bool:
    """Whether it is such a list, whoever wrote it; all else that has the tag is an image."""
    return (
        isinstance(node, ImageManifest)
        and node.artifact_type == ARTIFACT
        and node.subject is None
        and _DIGESTS in node.annotations
    )


def listed(node: Root | None) -> tuple[Digest, ...]:
    """What a list names; nothing where it is none."""
    if not isinstance(node, ImageManifest) or not is_list(node):
        return ()
    found = []
    for word in node.annotations.get(_DIGESTS, "").split()[:MOST]:
        try:
            found.append(Digest.parse(word))
        except InvalidDigestError:
            continue
    return tuple(dict.fromkeys(found))


def shown_list(found: Survey) -> Digest | None:
    """The list that the tag shows; None where it shows what anything else shows or needs."""
    head = found.tags.get(TAG)
    if head is None or not is_list(found.manifests.get(head.digest)):
        return None
    return head.digest if _stands_alone(found, head.digest) else None


def without_list(found: Survey) -> Survey:
    """The same repository without the list that the tag shows; what is none stays among all."""
    if shown_list(found) is None:
        return found
    tags = {tag: head for tag, head in found.tags.items() if tag != TAG}
    return replace(found, tags=tags)


async def own_list(remote: RemoteRepository, found: Survey) -> Digest | None:
    """As `shown_list`, and nothing is about it.

    Raises:
        RegistryError, SpecError: the registry did not say what is.
    """
    digest = shown_list(found)
    return digest if digest and not await _is_subject(remote, digest) else None


async def write_mark(
    remote: RemoteRepository, digests: Iterable[Digest], now: datetime
) -> ImageManifest:
    """Let the repository have a list of these; gives the list.

    Raises:
        ListTagTakenError: by now the tag shows something else.
        RegistryError: the registry does not take it.
    """
    head = await remote.head(TAG)
    if head and not is_list(await remote.get_manifest(head.digest)):
        raise ListTagTakenError(f"{remote}:{TAG}")
    words = " ".join(str(digest) for digest in list(digests)[:MOST])
    told = {_DIGESTS: words, annotation.CREATED: now.isoformat()}
    made = marker(told, artifact_type=ARTIFACT)
    await push_marker_blobs(remote)
    await remote.put_manifest(made, TAG)
    return made


async def drop_mark(remote: RemoteRepository, found: Survey, earlier: Digest | None = None) -> None:
    """Take the list away, and an `earlier` one that has no tag any more, whoever wrote them.

    What is no list by this fresh look, or is shown or needed by anything else, stays.

    Raises:
        RegistryError, SpecError: the registry did not do it, or did not say.
    """
    digest = await own_list(remote, found)
    if digest and remote.profile.tag_delete == "tag":
        head = await remote.head(TAG)
        if head is None or head.digest == digest:
            await remote.delete_tag(TAG)
    for each in dict.fromkeys((digest, earlier)):
        if each is None or (each != digest and not await _is_free(remote, found, each)):
            continue
        await remote.delete_manifest(each)


async def _is_free(remote: RemoteRepository, found: Survey, digest: Digest) -> bool:
    """Whether no tag shows a list any more, and nothing else needs it."""
    if found.tags_of(digest) or not _stands_alone(found, digest):
        return False
    return not await _is_subject(remote, digest)


def _stands_alone(found: Survey, digest: Digest) -> bool:
    """Whether no tag but the list's shows it, no index lists it, and no manifest is about it."""
    if any(tag != TAG for tag in found.tags_of(digest)):
        return False
    for node in found.manifests.values():
        children = node.manifests if isinstance(node, ImageIndex) else ()
        if any(child.digest == digest for child in children):
            return False
        if node.subject and node.subject.digest == digest:
            return False
    return True


async def _is_subject(remote: RemoteRepository, digest: Digest) -> bool:
    return bool((await remote.referrers(digest)).entries)
