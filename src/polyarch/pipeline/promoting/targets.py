"""Where an image goes and on what terms: the tag policy of the target guards as in publishing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from polyarch.config.project import PER_REGISTRY, ImageSettings
from polyarch.content.reader import read_small
from polyarch.errors import (
    AdaptationNeededError,
    ManifestRefusedError,
    PushesRefusedError,
    UploadRefusedError,
)
from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitTree
from polyarch.host.moment import read_time
from polyarch.metadata.kind import TagKind
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.ancestry import Ancestry
from polyarch.pipeline.copy_cosign import carry_tagged
from polyarch.pipeline.copy_referrers import carry
from polyarch.pipeline.copy_result import Carried
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import Judgement, Ours, judge
from polyarch.pipeline.plan import Action, Current
from polyarch.pipeline.promoting.given_tags import GivenTags
from polyarch.pipeline.promoting.origin import Origin
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.adapt import adapted
from polyarch.transaction.hold import Hold, Holds
from polyarch.transaction.values import (
    Bring,
    Labels,
    Submission,
    Target,
    Verdict,
    bring_nothing,
)

_MAY: Mapping[Action, Literal["move", "keep", "refuse"]] = {
    Action.CREATE: "move",
    Action.MOVE: "move",
    Action.KEEP: "keep",
}
_TOLD = (ManifestRefusedError, PushesRefusedError, UploadRefusedError)
"""What a registry says that does not take an artifact: told, as copying tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One image on its way: what it is, and the tags that it is to get.

    `carried` fills with what went along, by repository. `attach` brings a proof of this run.
    """

    settings: ImageSettings
    given: GivenTags
    origin: Origin
    ours: Ours
    ancestry: Ancestry
    attach: Bring = bring_nothing
    carried: dict[str, tuple[Carried, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        settings: ImageSettings,
        given: GivenTags,
        origin: Origin,
        event: CiEvent | None,
        git: GitTree | None,
    ) -> "Promotion":
        """What is promoted says itself of which version and commit it is.

        The `event` knows more where it is about the same; else it is None.
        """
        said = origin.said
        by_event = event if given.by_event else None
        revision = said.get(annotation.REVISION) or (by_event.sha if by_event else "")
        created = read_time(said.get(annotation.CREATED))
        return cls(
            settings=settings,
            given=given,
            origin=origin,
            ours=Ours(
                version=given.version or said.get(annotation.VERSION),
                revision=revision,
                committed=created or (by_event.commit_time if by_event else None),
            ),
            ancestry=Ancestry(git, revision),
        )

    def judgement(self, tag: str, current: Current) -> Judgement:
        """Whether a tag may move from what it has."""
        return judge(
            self.given.kinds.get(tag, TagKind.COMMITS),
            self.ours,
            current,
            policy=self.settings.tag_policy,
            descends=self.ancestry.descends,
        )

    def submission(
        self, client: RegistryClient, holds: Holds, *, fewer: bool = False
    ) -> Submission:
        """What the transaction is asked.

        Raises:
            ContentError, SpecError, RegistryError: a child of the index cannot be read.
        """
        origin = self.origin
        aliases = _aliases(self.given, origin)
        return Submission(
            name=origin.name,
            root=origin.root,
            source=origin.store,
            targets=tuple(
                self._target(client, each, holds, aliases, fewer=fewer)
                for each in self.settings.repositories
            ),
            mount_from=origin.repositories,
        )

    def _target(
        self,
        client: RegistryClient,
        repository: Repository,
        holds: Holds,
        aliases: Mapping[str, ImageManifest],
        *,
        fewer: bool,
    ) -> Target:
        origin = self.origin
        root, why = adapted(origin.root, origin.store, client.repository(repository).profile)
        one_digest = self.settings.digest_policy != PER_REGISTRY
        return Target(
            repository=repository,
            tags=(*self.given.tags, *aliases),
            moving=self.given.moving,
            guard=self._guard,
            holds=holds,
            root=root if why and not one_digest else None,
            adapted=why if not one_digest else "",
            unfit=AdaptationNeededError(str(repository), why) if why and one_digest else None,
            fewer=fewer,
            public=self.settings.public,
            aliases=aliases,
            beside=self._bring,
        )

    def _guard(
        self,
        tag: str,
        standing: ImageIndex | ImageManifest | None,
        labels: Labels,
        holds: Sequence[Hold],
    ) -> Verdict:
        found = self.judgement(tag, current_of(standing, labels, holds))
        return Verdict(may=_MAY.get(found.action, "refuse"), reason=found.reason)

    async def _bring(self, remote: RemoteRepository, root: ImageIndex | ImageManifest) -> None:
        """Carry what is about the image, before any tag shows it.

        What is about an index that a registry does not take whole has nothing to be about there.

        Raises:
            RegistryError, ContentError: an artifact could not be brought.
        """
        origin, digest = self.origin, root.descriptor.digest
        left = set() if digest == origin.digest else {origin.digest}
        along = [each for each in origin.referrers if each.subject not in left]
        tagged = [each for each in origin.tagged if each.subject not in left]
        way = origin.store, origin.repositories
        told = await carry(remote, along, *way, told_only=_TOLD)
        told += await carry_tagged(remote, tagged, *way, told_only=_TOLD)
        if told:
            self.carried[str(remote.repository)] = told
        await self.attach(remote, root)


def _aliases(given: GivenTags, origin: Origin) -> dict[str, ImageManifest]:
    """The image that each alias stands for; a platform that the index lacks has none."""
    children = {child.platform: child for child in origin.root.images}
    found: dict[str, ImageManifest] = {}
    for tag, platform in given.aliases.items():
        if child := children.get(platform):
            found[tag] = ImageManifest.parse(read_small(origin.store, child), child.media_type)
    return found
