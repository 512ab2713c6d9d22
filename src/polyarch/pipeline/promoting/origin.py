"""What is promoted: the one index that an environment has of an image, and where its bytes are."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.project import PER_REGISTRY, ImageSettings
from polyarch.content.following import FollowingStore
from polyarch.content.layout import LayoutStore
from polyarch.content.places import Kind, Place
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import (
    InvalidDigestError,
    NoIndexError,
    NotInSourceError,
    OtherCommitError,
    SourcesDisagreeError,
)
from polyarch.host.ci_event import CiEvent
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.copy_cosign import Tagged, find_tagged
from polyarch.pipeline.copy_referrers import Referrer, every_referrer
from polyarch.pipeline.copy_source import Asked, Source
from polyarch.pipeline.held import Held
from polyarch.pipeline.promoting.given_tags import GivenTags
from polyarch.registry.blocking import BlockingRegistries


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`repositories` hold the index whole, `tag` led to it, empty where a digest did.

    `tagged` is what cosign has about it. `said` is what it says of itself: annotations of the
    index, else labels of one of its images.
    """

    name: str
    root: ImageIndex
    store: Fetcher
    repositories: tuple[Repository, ...]
    said: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""
    referrers: tuple[Referrer, ...] = ()
    tagged: tuple[Tagged, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> Digest:
        """Of the index."""
        return self.root.descriptor.digest

    @property
    def pinned(self) -> str:
        """The place of exactly these bytes."""
        return str(self.repositories[0].at(self.digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Finds them in one environment; what is read on the way is kept in `spool` for the run."""

    registries: BlockingRegistries
    spool: Path
    stack: ExitStack

    def find(
        self, settings: ImageSettings, wanted: str, given: GivenTags, event: CiEvent
    ) -> Origin:
        """The index of an image: under `wanted`, a tag or digest, else under the tags to be given.

        Raises:
            NotInSourceError: it is not there.
            SourcesDisagreeError: repositories have different ones.
            OtherCommitError: it is not of the event's commit.
            NoIndexError: it is an image of one platform.
            RegistryError: a repository did not say what it has.
        """
        tags = (wanted,) if wanted else given.tags
        digest = _digest(wanted)
        if digest:
            tag, holding = "", self._with(settings, digest)
        else:
            tag, holding = self._under(settings, tags)
        if not holding:
            names = [str(each) for each in settings.repositories]
            raise NotInSourceError(settings.name, [str(each) for each in tags], names)
        root = self._root(settings, holding, tag)
        first = sorted(holding, key=lambda each: each[1] != root.descriptor.digest)
        repositories = tuple(repository for repository, _ in first)
        store = self._store(root, repositories)
        said = _said(root, store)
        if given.by_event and not wanted:
            _refuse_other_commit(settings.name, said, str(repositories[0].tag(tag)), event)
        tagged, notes = self._tagged(root, repositories)
        return Origin(
            name=settings.name,
            root=root,
            store=store,
            repositories=repositories,
            said=said,
            tag=tag,
            referrers=self._referrers(root, store, repositories),
            tagged=tagged,
            notes=notes,
        )

    def _with(
        self, settings: ImageSettings, digest: Digest
    ) -> tuple[tuple[Repository, Digest], ...]:
        """The repositories that hold a digest; one that is silent counts only if none has it.

        Raises:
            RegistryError: none has it, and one did not say.
        """
        remotes = [self.registries.remote(each) for each in settings.repositories]

        async def ask() -> list[Descriptor | BaseException | None]:
            heads = (remote.head(digest) for remote in remotes)
            return await asyncio.gather(*heads, return_exceptions=True)

        asked = list(zip(settings.repositories, self.registries.run(ask()), strict=True))
        found = tuple((each, digest) for each, head in asked if isinstance(head, Descriptor))
        silent = next((head for _, head in asked if isinstance(head, BaseException)), None)
        if silent and not found:
            raise silent
        return found

    def _under(
        self, settings: ImageSettings, tags: Sequence[str]
    ) -> tuple[str, tuple[tuple[Repository, Digest], ...]]:
        """The first tag that stands somewhere, and what each repository shows under it.

        Raises:
            SourcesDisagreeError: they do not show the same.
        """
        for tag in tags:
            shown = self._heads(settings, tag)
            found = tuple((repository, digest) for repository, digest in shown if digest)
            if not found:
                continue
            each_its_own = settings.digest_policy == PER_REGISTRY and len(found) == len(shown)
            if len({digest for _, digest in shown}) > 1 and not each_its_own:
                raise _disagreeing(settings.name, tag, shown)
            return tag, found
        return "", ()

    def _heads(self, settings: ImageSettings, tag: str) -> list[tuple[Repository, Digest | None]]:
        """What each repository shows under a tag: all of them have to say it."""
        remotes = [self.registries.remote(each) for each in settings.repositories]

        async def ask() -> list[Digest | None]:
            heads = await asyncio.gather(*(remote.head(tag) for remote in remotes))
            return [head.digest if head else None for head in heads]

        return list(zip(settings.repositories, self.registries.run(ask()), strict=True))

    def _root(
        self, settings: ImageSettings, holding: Sequence[tuple[Repository, Digest]], tag: str
    ) -> ImageIndex:
        """The index; where registries have one each, the fullest of those with the same images.

        Raises:
            NoIndexError, SourcesDisagreeError: there is none, or they differ in their images.
        """
        roots: dict[Digest, ImageIndex] = {}
        for repository, digest in holding:
            if digest not in roots:
                found = self.registries.run(self.registries.remote(repository).get_manifest(digest))
                if isinstance(found, ImageManifest):
                    raise NoIndexError(settings.name, str(repository.at(digest)))
                roots[digest] = found
        if len({tuple(sorted(map(str, _images(root)))) for root in roots.values()}) > 1:
            raise _disagreeing(settings.name, tag, holding)
        return max(roots.values(), key=lambda root: len(root.manifests))

    def _store(self, root: ImageIndex, repositories: Sequence[Repository]) -> Fetcher:
        """Reads from whichever repository can, each blob once for all destinations."""
        layout = LayoutStore(self.spool / "blobs")
        layout.add(root.descriptor.media_type, root.raw)
        stores = [Asked(self.registries.store(each)) for each in repositories]
        store = FollowingStore(layout, Held(stores))
        self.stack.callback(store.close)
        return store

    def _referrers(
        self, root: ImageIndex, store: Fetcher, repositories: Sequence[Repository]
    ) -> tuple[Referrer, ...]:
        """All artifacts about it; each repository may have some of its own."""
        found: dict[Digest, Referrer] = {}
        for repository in repositories:
            place = Place(kind=Kind.REGISTRY, repository=repository, digest=root.descriptor.digest)
            source = Source(place=place, root=root, store=store, repository=repository)
            for each in every_referrer(source, root, self.registries):
                found.setdefault(each.manifest.descriptor.digest, each)
        return tuple(found.values())

    def _tagged(
        self, root: ImageIndex, repositories: Sequence[Repository]
    ) -> tuple[tuple[Tagged, ...], tuple[str, ...]]:
        """What cosign has about it, and where repositories differ: the first one's goes along."""
        found: dict[str, Tagged] = {}
        notes: list[str] = []
        for repository in repositories:
            for each in find_tagged(repository, root, self.registries):
                first = found.setdefault(each.tag, each)
                if first.manifest.raw != each.manifest.raw:
                    notes.append(f"{repository}:{each.tag} is not the same as elsewhere: it stays")
        return tuple(found.values()), tuple(notes)


def _digest(text: str) -> Digest | None:
    if ":" not in text:
        return None
    try:
        return Digest.parse(text)
    except InvalidDigestError:
        return None


def _images(root: ImageIndex) -> tuple[Digest, ...]:
    return tuple(child.digest for child in root.images)


def _said(root: ImageIndex, store: Fetcher) -> Mapping[str, str]:
    """What an index says, and where it does not name its commit, what its first image does.

    Raises:
        ContentError, RegistryError, SpecError: that cannot be read.
    """
    if root.annotations.get(annotation.REVISION) or not root.images:
        return root.annotations
    child = root.images[0]
    manifest = ImageManifest.parse(read_small(store, child), child.media_type)
    config = ImageConfig.parse(read_small(store, manifest.config), manifest.config.media_type)
    return {**config.labels, **root.annotations}


def _refuse_other_commit(
    name: str, said: Mapping[str, str], reference: str, event: CiEvent
) -> None:
    revision = said.get(annotation.REVISION, "")
    if revision and event.sha and revision != event.sha:
        raise OtherCommitError(name, reference, stands=revision, event=event.sha)


def _disagreeing(
    name: str, tag: str, shown: Sequence[tuple[Repository, Digest | None]]
) -> SourcesDisagreeError:
    told = {str(repository): digest.short if digest else "" for repository, digest in shown}
    return SourcesDisagreeError(name, tag, told)
