"""What cosign keeps about an image under tags that are made of its digest, carried like referrers.

Source: sigstore/cosign, specs/SIGNATURE_SPEC.md and ATTESTATION_SPEC.md; `.sbom` is what
`cosign attach sbom` writes.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyarch.content.overlay import Overlay
from polyarch.content.store import Fetcher
from polyarch.errors import ManifestNotFoundError, PolyarchError, RepositoryNotFoundError
from polyarch.events import Listener, Warned
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.copy_choice import Root
from polyarch.pipeline.copy_referrers import bring_below
from polyarch.pipeline.copy_result import Carried
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.repository import RemoteRepository

_SUFFIXES = (".sig", ".att", ".sbom")
_ALGORITHM = "sha256"  # cosign makes such tags of no other; their hex would be too long for a tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """One such tag: what it shows, and the manifest that it is about."""

    tag: str
    manifest: Root
    subject: Digest

    @property
    def kind(self) -> str:
        """What its first layer is: cosign gives the manifest itself no type."""
        layers = self.manifest.layers if isinstance(self.manifest, ImageManifest) else ()
        return layers[0].media_type if layers else self.manifest.descriptor.media_type

    def told(self, reason: str = "") -> Carried:
        """What became of it."""
        digest = self.manifest.descriptor.digest
        return Carried(digest=digest, kind=self.kind, subject=self.subject, reason=reason)


def find_tagged(
    repository: Repository, root: Root, registries: BlockingRegistries
) -> tuple[Tagged, ...]:
    """All such tags of an index and its images in one repository.

    Raises:
        RegistryError: it did not say.
        DigestMismatchError, MalformedManifestError: one is not what it says.
    """
    remote = registries.remote(repository)

    async def ask() -> list[Tagged | None]:
        return await asyncio.gather(*(_read(remote, *each) for each in _names(root)))

    return tuple(each for each in registries.run(ask()) if each)


def look_for_tagged(
    repository: Repository, root: Root, registries: BlockingRegistries, listen: Listener
) -> tuple[Tagged, ...]:
    """The same where it is enough to be warned that the source did not say."""
    try:
        return find_tagged(repository, root, registries)
    except PolyarchError as error:
        told = error.message.partition("\n")[0]
        listen(Warned(text=f"{repository}: no signature of cosign is looked for: {told}"))
        return ()


def _names(root: Root) -> Iterator[tuple[str, Digest]]:
    images = root.images if isinstance(root, ImageIndex) else ()
    subjects = dict.fromkeys([root.descriptor.digest, *(child.digest for child in images)])
    for subject in subjects:
        if subject.algorithm == _ALGORITHM:
            for suffix in _SUFFIXES:
                yield f"{subject.algorithm}-{subject.encoded}{suffix}", subject


async def _read(remote: RemoteRepository, tag: str, subject: Digest) -> Tagged | None:
    """Asked with HEAD first: most are not there, and registries count reads."""
    if await remote.head(tag) is None:
        return None
    try:
        manifest = await remote.get_manifest(tag)
    except (ManifestNotFoundError, RepositoryNotFoundError):
        return None  # taken away since
    return Tagged(tag=tag, manifest=manifest, subject=subject)


async def carry_tagged(
    remote: RemoteRepository,
    tagged: Sequence[Tagged],
    store: Fetcher,
    mount_from: Sequence[Repository],
    *,
    told_only: type[PolyarchError] | tuple[type[PolyarchError], ...] = PolyarchError,
) -> tuple[Carried, ...]:
    """Bring them to a repository under the same tags; one value each.

    What stands under a tag there is written over only if all of it is in what comes: cosign adds
    signatures to those that it finds. Errors of `told_only` are told there.

    Raises:
        PolyarchError: one of another kind.
    """
    told: list[Carried] = []
    for each in tagged:
        try:
            reason = await _bring(remote, each, store, mount_from)
        except told_only as error:
            reason = error.message.partition("\n")[0]
        told.append(each.told(reason))
    return tuple(told)


async def _bring(
    remote: RemoteRepository, each: Tagged, store: Fetcher, mount_from: Sequence[Repository]
) -> str:
    """Why it was not brought, empty where it stands there now."""
    head = await remote.head(each.tag)
    if head and head.digest != each.manifest.descriptor.digest:
        standing = await remote.get_manifest(head.digest)
        if _within(each.manifest, standing):
            return ""  # signed further there
        if not _within(standing, each.manifest):
            return f"`{each.tag}` shows something else there, which is kept"
    if head is None or head.digest != each.manifest.descriptor.digest:
        await bring_below(remote, each.manifest, Overlay(store, each.manifest), mount_from)
        await remote.put_manifest(each.manifest, each.tag)
    return ""


def _within(less: Root, more: Root) -> bool:
    """Whether all that one shows is in the other: signatures are layers and their annotations."""
    if not (isinstance(less, ImageManifest) and isinstance(more, ImageManifest)):
        return False
    kept = [(layer.digest, layer.annotations) for layer in more.layers]
    return all((layer.digest, layer.annotations) in kept for layer in less.layers)
