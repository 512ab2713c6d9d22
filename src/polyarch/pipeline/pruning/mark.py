"""The list of what a prune removes, under a tag of the repository itself until all of it is gone.

Tags go first, and nothing else leads to what they showed: who is killed then leaves the list to the
next prune, on whatever machine that runs.
"""

from collections.abc import Iterable
from datetime import datetime

from polyarch.errors import InvalidDigestError
from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.pipeline.survey import Root
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.marker import marker, push_marker_blobs

TAG = "polyarch-prune"
ARTIFACT = "application/vnd.polyarch.prune.v1"
MOST = 40_000
"""Digests of a list; a manifest has 4 MiB at most."""

_DIGESTS = "dev.polyarch.prune.digests"


def listed(node: Root | None) -> tuple[Digest, ...]:
    """What a list names; nothing where it is none."""
    if not isinstance(node, ImageManifest) or node.artifact_type != ARTIFACT:
        return ()
    found = []
    for word in node.annotations.get(_DIGESTS, "").split()[:MOST]:
        try:
            found.append(Digest.parse(word))
        except InvalidDigestError:
            continue
    return tuple(dict.fromkeys(found))


async def write_mark(remote: RemoteRepository, digests: Iterable[Digest], now: datetime) -> Digest:
    """Let the repository have a list of these; gives the list's own digest.

    Raises:
        RegistryError: the registry does not take it.
    """
    words = " ".join(str(digest) for digest in list(digests)[:MOST])
    told = {_DIGESTS: words, annotation.CREATED: now.isoformat()}
    made = marker(told, artifact_type=ARTIFACT)
    await push_marker_blobs(remote)
    await remote.put_manifest(made, TAG)
    return made.descriptor.digest


async def drop_mark(remote: RemoteRepository) -> None:
    """Take the list away, whoever wrote it.

    Raises:
        RegistryError: the registry did not do it.
    """
    head = await remote.head(TAG)
    if head is None:
        return
    if remote.profile.tag_delete == "tag":
        await remote.delete_tag(TAG)
    await remote.delete_manifest(head.digest)
