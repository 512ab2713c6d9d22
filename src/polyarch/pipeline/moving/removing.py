"""Taking away tags that were new, where nothing else is lost with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from polyarch.errors import DeleteUnsupportedError, PreconditionFailedError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.survey import Survey, survey
from polyarch.registry.condition import Condition
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.journal import Journal
from polyarch.transaction.values import TagOutcome, TagStatus

Root = ImageIndex | ImageManifest

NEW = "it was new, and is gone again"
NO_DELETION = "its registry deletes no tags"
UNSURE = "if its registry deletes tags, which is not known"
OTHERS = "somebody else has moved it since"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Removal:
    """The new tags of one repository, and what they are to show still.

    `after` is what other tags are going to show that have not moved yet.
    """

    remote: RemoteRepository
    wanted: Mapping[str, Digest]
    journal: Journal
    seen: Survey | None
    after: Mapping[str, Root] = field(default_factory=dict)

    async def look(self, tag: str, digest: Digest) -> TagOutcome | None:
        """See whether a tag can go, and keep what it shows; None where it is to be taken away.

        Raises:
            RegistryError, ContentError: the registry did not say.
            StorageError: the journal cannot be written.
        """
        if reason := self._needed(digest):
            return _stays(tag, digest, TagStatus.LEFT, reason)
        standing = await self.remote.standing_manifest(tag)
        if standing is None:
            return TagOutcome(tag=tag, digest=None, status=TagStatus.REMOVED, reason=NEW)
        if standing.descriptor.digest != digest:
            return _stays(tag, standing.descriptor.digest, TagStatus.KEPT, OTHERS)
        await self.journal.frozen(self.remote.repository, tag, standing)
        return None

    async def take(self, tag: str, digest: Digest) -> TagOutcome:
        """Take one tag away; it may have gone with another by now.

        Raises:
            RegistryError: the registry did not do it.
        """

        async def holds() -> bool:
            shown = await self.remote.head(tag)
            return bool(shown and shown.digest == digest)

        try:
            await self.remote.delete_tag(tag, Condition.found(digest, holds))
        except DeleteUnsupportedError:
            return _stays(tag, digest, TagStatus.LEFT, NO_DELETION)
        except PreconditionFailedError:
            return _stays(tag, None, TagStatus.KEPT, OTHERS)
        return TagOutcome(tag=tag, digest=None, status=TagStatus.REMOVED, reason=NEW)

    def _needed(self, digest: Digest) -> str:
        """Why what the tag shows must stay, where it may go with the tag."""
        if self.seen is None:
            return ""
        going = {tag for tag, each in self.wanted.items() if each == digest}
        kept = {tag: each for tag, each in self.seen.tags.items() if tag not in going}
        takes = "deleting a tag may delete its image here"
        for tag, root in self.after.items():
            if digest in {root.descriptor.digest, *_children(root)}:
                return f"{takes}, and what `{tag}` goes to needs it"
        for tag, each in kept.items():
            if tag in self.after:
                continue
            if each.digest == digest:
                return f"{takes}, and `{tag}` shows it, too"
            if each.digest in self.seen.missing:
                return f"{takes}, and what `{tag}` holds cannot be read"
            if digest in self.seen.below([each.digest]):
                return f"{takes}, and the index under `{tag}` holds it"
        return ""


async def remove_new(
    remote: RemoteRepository, wanted: Mapping[str, Digest], journal: Journal
) -> tuple[TagOutcome, ...]:
    """Take away the tags of one repository, each only as long as it shows this digest.

    Raises:
        RegistryError, ContentError: the registry did not say, or not do it.
        StorageError: the journal cannot be written.
    """
    removal = await _removal(remote, wanted, journal)
    if removal is None:
        return _undeleted(wanted)
    # Where an image goes with one of its tags, its other tags are seen before that.
    looked = {tag: await removal.look(tag, digest) for tag, digest in wanted.items()}
    return tuple([found or await removal.take(tag, wanted[tag]) for tag, found in looked.items()])


async def would_remove(
    remote: RemoteRepository, wanted: Mapping[str, Digest], after: Mapping[str, Root]
) -> tuple[TagOutcome, ...]:
    """What would become of the tags of one repository; nothing is changed.

    `after` is what its other tags are to show by then.

    Raises:
        RegistryError, ContentError: the registry did not say.
    """
    removal = await _removal(remote, wanted, Journal.none())
    if removal is None:
        return _undeleted(wanted)
    others = {tag: root for tag, root in after.items() if tag not in wanted}
    removal = replace(removal, after=others)
    found = [await removal.look(tag, digest) for tag, digest in wanted.items()]
    unsure = "" if remote.profile.tag_delete in {"tag", "manifest"} else UNSURE
    gone = [_stays(tag, None, TagStatus.REMOVED, unsure) for tag in wanted]
    return tuple(each or other for each, other in zip(found, gone, strict=True))


async def _removal(
    remote: RemoteRepository, wanted: Mapping[str, Digest], journal: Journal
) -> _Removal | None:
    """What removes them; None where the registry deletes no tags."""
    kind = remote.profile.tag_delete
    if kind == "no":
        return None
    seen = None if kind == "tag" else await survey(remote)
    return _Removal(remote=remote, wanted=wanted, journal=journal, seen=seen)


def _undeleted(wanted: Mapping[str, Digest]) -> tuple[TagOutcome, ...]:
    return tuple(_stays(tag, digest, TagStatus.LEFT, NO_DELETION) for tag, digest in wanted.items())


def _children(root: Root) -> frozenset[Digest]:
    manifests = root.manifests if isinstance(root, ImageIndex) else ()
    return frozenset(each.digest for each in manifests)


def _stays(tag: str, digest: Digest | None, status: TagStatus, reason: str) -> TagOutcome:
    return TagOutcome(tag=tag, digest=digest, status=status, reason=reason)
