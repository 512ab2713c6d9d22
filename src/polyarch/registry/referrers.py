"""Artifacts that name a manifest as their subject: signatures, SBOMs, provenance.

Registries list them; those that do not know of it keep an index of them under a tag that is made of
the digest, and whoever pushes keeps that index.

Source: distribution-spec v1.1 "Listing Referrers", "Pushing Manifests with Subject",
"Referrers Tag Schema".
"""

import asyncio
from dataclasses import dataclass, replace

from polyarch.errors import (
    MalformedManifestError,
    ManifestNotFoundError,
    RepositoryNotFoundError,
    TagOvertakenError,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.call import Answer, Call
from polyarch.registry.manifests import Manifests
from polyarch.registry.paths import Paths
from polyarch.registry.reach import same_origin
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.wire import media_type_of, next_page, upload_url

MAX_LISTED = 1000
"""Of one manifest; more are not looked at."""

_MAX_PAGES = 100
_ENCODED = 64
_TRIES = 5
_OK = 200
_WITHOUT = frozenset({400, 404, 405, 406, 415, 501})
"""What registries answer that do not know of referrers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What refers to one manifest; `by_registry` is False where a tag lists them."""

    entries: tuple[Descriptor, ...]
    by_registry: bool


class Referrers:
    """Those of one repository."""

    def __init__(self, session: Session, repository: Repository, manifests: Manifests) -> None:
        self._session = session
        self._repository = repository
        self._manifests = manifests
        self._known: bool | None = False if session.profile.referrers == "tag" else None
        self._finding_out = asyncio.Lock()

    async def of(self, subject: Digest) -> Listed:
        """What refers to a manifest, in the order in which it is listed, each once.

        Raises:
            RegistryError: the registry did not say.
            MalformedManifestError: its list is none.
        """
        listed = await self._by_registry(subject)
        if listed is not None:
            return Listed(entries=listed, by_registry=True)
        return Listed(entries=(await self._under_tag(subject)).manifests, by_registry=False)

    async def _by_registry(self, subject: Digest) -> tuple[Descriptor, ...] | None:
        """What the registry lists; None where it lists nothing for anybody.

        Many are asked for at once: the first finds out for all whether it does.
        """
        if self._known is None:
            async with self._finding_out:
                if self._known is None:
                    listed = await self._listed(subject)
                    self._known = listed is not None
                    return listed
        return await self._listed(subject) if self._known else None

    async def enlist(self, manifest: ImageManifest | ImageIndex) -> None:
        """Let a manifest that was pushed be found by its subject, where the registry does not.

        Raises:
            RegistryError: the registry does not take the list.
            TagOvertakenError: others write it all the time.
        """
        subject = manifest.subject
        if subject is None or (await self.of(subject.digest)).by_registry:
            return
        tag = fallback_tag(subject.digest)
        for _ in range(_TRIES):
            found = await self._under_tag(subject.digest)
            if any(each.digest == manifest.descriptor.digest for each in found.manifests):
                return
            more = ImageIndex.build(
                [*found.manifests, entry_of(manifest)], annotations=found.annotations
            )
            await self._manifests.put(more, tag)
        raise TagOvertakenError(f"{self._repository}:{tag}", str(manifest.descriptor.digest))

    async def _under_tag(self, subject: Digest) -> ImageIndex:
        tag = fallback_tag(subject)
        try:
            if await self._manifests.head(tag) is None:  # not counted, where reads are
                return ImageIndex.build([])
            found = await self._manifests.get(tag)
        except (ManifestNotFoundError, RepositoryNotFoundError):
            return ImageIndex.build([])
        if not isinstance(found, ImageIndex):
            reason = "the tag that lists referrers is an image"
            raise MalformedManifestError("image index", reason, where=f"{self._repository}:{tag}")
        return found

    async def _listed(self, subject: Digest) -> tuple[Descriptor, ...] | None:
        found: dict[Digest, Descriptor] = {}
        asked: set[str] = set()
        url: str | None = Paths(repository=self._repository).referrers(subject)
        while url and url not in asked and len(asked) < _MAX_PAGES and len(found) < MAX_LISTED:
            asked.add(url)
            answer = await self._session.ask(self._call(url))
            if answer.status != _OK or media_type_of(answer.headers) != mediatype.OCI_INDEX:
                return None if not found else tuple(found.values())
            index = ImageIndex.parse(answer.body, mediatype.OCI_INDEX)
            found |= {each.digest: each for each in index.manifests}
            url = self._next(answer)
        return tuple(found.values())[:MAX_LISTED]

    def _call(self, url: str) -> Call:
        return Call(
            repository=self._repository,
            method="GET",
            url=url,
            accept=_WITHOUT | {_OK},
            scopes=(Scope.pull(self._repository.path),),
            headers=(("Accept", mediatype.OCI_INDEX),),
        )

    def _next(self, answer: Answer) -> str | None:
        link = next_page(answer.headers, answer.url)
        if link is None:
            return None
        url = upload_url(link, answer.url)
        if not same_origin(url, self._session.home):
            raise self._session.nonsense(answer, "GET", "the next referrers are on another host")
        return url


def fallback_tag(subject: Digest) -> str:
    """The tag under which registries that list no referrers have them."""
    return f"{subject.algorithm}-{subject.encoded[:_ENCODED]}"


def entry_of(manifest: ImageManifest | ImageIndex) -> Descriptor:
    """How an artifact stands in a list: with its type, and all annotations of its own."""
    kind = ""
    if isinstance(manifest, ImageManifest):
        kind = manifest.artifact_type or manifest.config.media_type
    return replace(manifest.descriptor, artifact_type=kind, annotations=manifest.annotations)
