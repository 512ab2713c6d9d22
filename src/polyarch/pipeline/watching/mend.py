"""Bringing back what one registry lacks and another has: content first, then tags, one transaction.

What stands in several forms is only brought where it is decided which one is right (`deciding`);
the tag policy, and what was put back on purpose, count as in publishing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from polyarch.config.project import PER_REGISTRY
from polyarch.content.memory import MemoryStore
from polyarch.content.store import Fetcher
from polyarch.errors import AdaptationNeededError
from polyarch.metadata.kind import TagKind
from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import current_of
from polyarch.pipeline.guard import Ours, judge
from polyarch.pipeline.held import Held
from polyarch.pipeline.plan import Action
from polyarch.pipeline.watching.deciding import decide, disagree, kind_of, policy_of
from polyarch.pipeline.watching.kinds import Sort
from polyarch.pipeline.watching.same import lacking
from polyarch.pipeline.watching.subject import Subject
from polyarch.pipeline.watching.view import Root, Sight
from polyarch.registry.profile import Profile
from polyarch.transaction.adapt import adapted
from polyarch.transaction.hold import Hold, Holds
from polyarch.transaction.values import Guard, Labels, Submission, Target, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What mending needs: stores, profiles of registries, and what is held."""

    store: Callable[[Repository], Fetcher]
    profile: Callable[[Repository], Profile]
    holds: Holds


def submissions(subject: Subject, workshop: Workshop) -> tuple[Submission, ...]:
    """What is to be brought where, for one image; nothing where all is well or nothing helps."""
    tags: dict[tuple[Digest, Repository], list[str]] = {}
    for tag in subject.tags:
        right = decide(subject, tag).root
        if right is None:
            continue
        for sight in _wrong(subject, tag, right):
            tags.setdefault((right, sight.repository), []).append(tag)
    mender = _Mender(subject=subject, workshop=workshop)
    found = []
    for root in _roots(subject):
        wanted = {
            sight.repository: tuple(tags.get((root, sight.repository), ()))
            for sight in subject.view.sights
            if (root, sight.repository) in tags or _is_torn(subject, sight, root)
        }
        holding = _holding(subject, root)
        if wanted and holding and _is_whole(subject, root):
            found.append(mender.submission(root, wanted, holding))
    return tuple(found)


def _wrong(subject: Subject, tag: str, right: Digest) -> Iterator[Sight]:
    """The repositories in which a tag is to be set.

    What no rule gives is nobody's to spread, and what `prune` lets go does not come back.
    """
    if subject.sorts[tag].sort is Sort.OTHER:
        return
    if tag not in subject.let_go:
        yield from lacking(subject, tag)
        yield from (sight for sight in subject.view.sights if tag in sight.dangling)
    if disagree(subject, tag):
        for sight in subject.view.sights:
            if sight.digest(tag) not in {None, right}:
                yield sight


def _roots(subject: Subject) -> list[Digest]:
    roots = (root for tag in subject.tags for root in subject.view.roots(tag))
    return [root for root in dict.fromkeys(roots) if root in subject.view.manifests]


def _is_torn(subject: Subject, sight: Sight, root: Digest) -> bool:
    """Whether a repository shows a root and lacks something below it."""
    below = subject.view.below([root]).keys() | {root}
    return root in subject.shown(sight) and bool((sight.absent | sight.lacking) & below)


def _holding(subject: Subject, root: Digest) -> list[Repository]:
    """The repositories that can be read from, whole ones first."""
    there = [s for s in subject.view.sights if root in subject.shown(s)]
    there.sort(key=lambda sight: (_is_torn(subject, sight, root), bool(sight.errors)))
    return [sight.repository for sight in there]


def _is_whole(subject: Subject, root: Digest) -> bool:
    """Whether all registries together have all of it."""
    showing = [s for s in subject.view.sights if root in subject.shown(s) and not s.errors]
    for digest, node in subject.view.below([root]).items():
        is_read = digest in subject.view.manifests
        has = any(digest not in s.absent and digest not in s.lacking for s in showing)
        if not (is_read or (has and not _is_manifest(node.media_type))):
            return False
    return True


def _is_manifest(media_type: str) -> bool:
    return mediatype.is_index(media_type) or mediatype.is_manifest(media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mender:
    """Of one image."""

    subject: Subject
    workshop: Workshop

    def submission(
        self,
        root: Digest,
        wanted: dict[Repository, tuple[str, ...]],
        holding: Sequence[Repository],
    ) -> Submission:
        """One root with all the places where something of it is missing."""
        node = self.subject.view.manifests[root]
        source = Held([_manifests(self.subject, root), *map(self.workshop.store, holding)])
        return Submission(
            name=self.subject.name,
            root=node,
            source=source,
            targets=tuple(self._target(node, source, *each) for each in wanted.items()),
            mount_from=tuple(holding),
        )

    def _target(
        self, root: Root, source: Fetcher, repository: Repository, tags: tuple[str, ...]
    ) -> Target:
        less, why = root, ""
        if tags:
            less, why = adapted(root, source, self.workshop.profile(repository))
        per_registry = self.subject.settings.digest_policy == PER_REGISTRY
        kinds = {tag: kind_of(self.subject, tag) for tag in tags}
        return Target(
            repository=repository,
            tags=tags,
            moving=frozenset(tag for tag, kind in kinds.items() if kind is not TagKind.FIXED),
            guard=self._guard(root, kinds),
            holds=self.workshop.holds,
            root=less if why and per_registry else None,
            adapted=why if per_registry else "",
            unfit=AdaptationNeededError(str(repository), why) if why and not per_registry else None,
        )

    def _guard(self, root: Root, kinds: dict[str, TagKind]) -> Guard:
        """The tag policy, of what is mended; a refusal keeps one tag, and not others with it."""
        mine = current_of(root)
        ours = Ours(version=mine.version, revision=mine.revision or "", committed=mine.created)
        digest = root.descriptor.digest

        def guard(
            tag: str,
            standing: ImageIndex | ImageManifest | None,
            labels: Labels,
            holds: Sequence[Hold],
        ) -> Verdict:
            judgement = judge(
                kinds[tag],
                ours,
                current_of(standing, labels, holds),
                policy=policy_of(self.subject, tag, digest),
                descends=lambda revision: self.subject.descends(ours.revision, revision),
            )
            moves = judgement.action in {Action.CREATE, Action.MOVE}
            return Verdict(may="move" if moves else "keep", reason=judgement.reason)

        return guard


def _manifests(subject: Subject, root: Digest) -> Fetcher:
    """Those that were read, wherever that was."""
    store = MemoryStore()
    for digest in subject.view.below([root]):
        if node := subject.view.manifests.get(digest):
            store.add(node.descriptor.media_type, node.raw)
    return store
