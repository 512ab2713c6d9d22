"""What runs that died left in registries: found, removed where that is safe, told where it is not.

Uploads that were begun, the lock, the tag that parks what is staged. Manifests without a tag are
the registry's own to collect: nobody can list them, and another run may be about to use them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from polyarch.errors import DeleteUnsupportedError, PolyarchError
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.memory import Upload
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction import lock, park
from polyarch.transaction.past import PastRun

Kind = Literal["upload", "lock", "parked", "tag", "repository"]
"""`repository`: one that did not say what stands in it."""

_TAKES_ALL = "deleting a tag deletes its image here"
_ONLY_SEEN = "it can go; this run only looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing that was left; `kept` says why it is still there, empty where it is gone.

    `name` is a tag, or the digest of a blob whose upload was begun. `error` is what asking met.
    """

    repository: str
    kind: Kind
    name: str
    kept: str = ""
    error: PolyarchError | None = None


async def clean(
    repositories: Sequence[Repository],
    past: Sequence[PastRun],
    client: RegistryClient,
    *,
    remove: bool = True,
) -> tuple[Leftover, ...]:
    """Look through these repositories, and through the journals of runs that died.

    Without `remove` nothing goes, and all that was found is told as kept. A registry that cannot be
    asked is told, and never an exception.
    """
    wanted = set(repositories)
    begun = [upload for each in past for upload in each.uploads.values()]
    found = [
        await _cancel(client.repository(upload.repository), upload, remove=remove)
        for upload in begun
        if upload.repository in wanted
    ]
    for repository in dict.fromkeys(repositories):
        remote = client.repository(repository)
        try:
            looked = await _lock(remote, remove=remove), await _parked(remote, remove=remove)
            found += [each for each in looked if each]
        except PolyarchError as error:
            found.append(
                _failed(Leftover(repository=str(remote), kind="repository", name=""), error)
            )
    gone = remove and not any(each.error for each in found)
    for each in past:
        found += await _halfway(each, wanted, client, settle=gone)
    return tuple(found)


async def _cancel(remote: RemoteRepository, upload: Upload, *, remove: bool) -> Leftover:
    left = Leftover(repository=str(remote), kind="upload", name=str(upload.digest))
    if not remove:
        return _kept(left, _ONLY_SEEN)
    try:
        await remote.cancel_upload(upload.location)
    except PolyarchError as error:
        return _failed(left, error)
    return left


async def _lock(remote: RemoteRepository, *, remove: bool) -> Leftover | None:
    left = Leftover(repository=str(remote), kind="lock", name=lock.TAG)
    try:
        held = await lock.held(remote)
        if held is None:
            return None
        if not held.is_over:
            return _kept(left, f"it is held by {held.owner}")
        if remote.profile.tag_delete == "manifest":
            return _kept(left, _TAKES_ALL) if held.owner else None
        if not remove:
            return _kept(left, _ONLY_SEEN)
        await remote.delete_tag(lock.TAG)
    except DeleteUnsupportedError:
        return _kept(left, "tags cannot be deleted here")
    return left


async def _parked(remote: RemoteRepository, *, remove: bool) -> Leftover | None:
    left = Leftover(repository=str(remote), kind="parked", name=park.TAG)
    if await remote.head(park.TAG) is None:
        return None
    if remote.profile.tag_delete == "manifest":
        return _kept(left, _TAKES_ALL)
    if remote.profile.tag_delete != "tag":
        return _kept(left, "whether deleting a tag deletes its image here is not known")
    if not remove:
        return _kept(left, _ONLY_SEEN)
    await remote.delete_tag(park.TAG)
    return left


async def _halfway(
    past: PastRun, wanted: set[Repository], client: RegistryClient, *, settle: bool
) -> list[Leftover]:
    """Tags of a run that died while they moved: those that show what others do not.

    With `settle` it is over, unless it moved tags of repositories that nobody asked for.
    """
    begun = {(Repository.parse(name), tag): to for (name, tag), to in past.moving.items()}
    moving = {key: digest for key, digest in begun.items() if key[0] in wanted}
    shown: dict[tuple[Repository, str], str | None] = {}
    for repository, tag in moving:
        try:
            head = await client.repository(repository).head(tag)
        except PolyarchError as error:
            left = Leftover(repository=str(repository), kind="tag", name=tag)
            return [_failed(left, error)]
        shown[repository, tag] = str(head.digest) if head else None
    arrived = [key for key, digest in moving.items() if shown[key] == digest]
    behind = [key for key, digest in moving.items() if shown[key] != digest]
    if not arrived or not behind:
        if settle and moving == begun:
            past.settle(wanted)
        return []
    return [
        Leftover(
            repository=str(repository),
            kind="tag",
            name=tag,
            kept=f"run {past.name} ended before it moved to {moving[repository, tag]};"
            " publish that event again",
        )
        for repository, tag in behind
    ]


def _kept(left: Leftover, why: str) -> Leftover:
    return replace(left, kept=why)


def _failed(left: Leftover, error: PolyarchError) -> Leftover:
    return replace(left, kept=error.message.partition("\n")[0], error=error)
