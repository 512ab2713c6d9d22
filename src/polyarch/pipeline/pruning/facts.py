"""All that stands in one repository, read before anything is decided: tags, trees, referrers."""

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.survey import Root, Survey, below_all
from polyarch.registry.referrers import MAX_LISTED
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import Hold

_ROUNDS = 5
"""A signature of an attestation of an image: deeper than that nobody goes."""

_ABOUT = re.compile(r"sha256-(?P<hex>[0-9a-f]{64})(?P<kind>\.(?:sig|att|sbom))?")
"""Lists of referrers (distribution-spec v1.1, "Referrers Tag Schema"), and cosign's own tags.

The latter: sigstore/cosign, specs/SIGNATURE_SPEC.md and ATTESTATION_SPEC.md.
"""


def subject_of_tag(tag: str) -> Digest | None:
    """The manifest that a tag is about; None for all other tags."""
    found = _ABOUT.fullmatch(tag)
    return Digest(algorithm="sha256", encoded=found["hex"]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One repository.

    `manifests` are all that could be read, below tags and elsewhere. `about` are the artifacts
    about each of them. `loose` have no tag and may go, with the reason; `young` neither, and stay.
    `absent` are subjects of tags that are not there, `missing` what indexes list that is not.
    `seen` are what records say stood here, `listed` what the list of an earlier prune names.
    `problem` is why nothing may go.
    """

    survey: Survey
    manifests: Mapping[Digest, Root]
    about: Mapping[Digest, tuple[Digest, ...]]
    loose: Mapping[Digest, str]
    young: frozenset[Digest] = frozenset()
    absent: frozenset[Digest] = frozenset()
    missing: frozenset[Digest] = frozenset()
    seen: frozenset[Digest] = frozenset()
    listed: frozenset[Digest] = frozenset()
    problem: str = ""

    def has_gone(self, tag: str, subject: Digest) -> bool:
        """Whether what a tag is about stood here once and is gone.

        A list that names it counts only if it names what the tag shows, too: a tag that was written
        since is somebody's. Other tools keep here what is about images of other repositories
        (cosign's COSIGN_REPOSITORY).
        """
        if subject not in self.absent:
            return False
        return subject in self.seen or {subject, self.survey.tags[tag].digest} <= self.listed

    def holds_of(self, subject: Digest) -> tuple[Hold, ...]:
        """What keeps tags where they were put back to, which is this manifest."""
        found = []
        for digest in self.about.get(subject, ()):
            node = self.manifests.get(digest)
            hold = Hold.read(node)
            if hold and node and node.subject and node.subject.digest == subject:
                found.append(hold)
        return tuple(found)


async def gather_facts(
    remote: RemoteRepository,
    found: Survey,
    *,
    loose: Mapping[Digest, str],
    young: Collection[Digest],
) -> Facts:
    """Read what is below all tags and these digests, and all that is about any of it.

    Raises:
        RegistryError, SpecError: something could not be read, so that nothing may go.
    """
    gatherer = _Gatherer(remote, found)
    standing = await gatherer.stand([*loose, *young])
    await gatherer.follow()
    for digest, node in gatherer.manifests.items():
        if node.subject:  # whether anybody lists it or not
            gatherer.add(node.subject.digest, [digest])
    subjects = {subject for tag in found.tags if (subject := subject_of_tag(tag))}
    unknown = sorted(subjects - gatherer.manifests.keys())
    heads = await asyncio.gather(*(remote.head(each) for each in unknown))
    return Facts(
        survey=found,
        manifests=gatherer.manifests,
        about={subject: tuple(each) for subject, each in gatherer.about.items()},
        loose={digest: why for digest, why in loose.items() if digest in standing},
        young=frozenset(young) & standing,
        absent=frozenset(
            digest for digest, head in zip(unknown, heads, strict=True) if head is None
        ),
        missing=frozenset(gatherer.missing),
        problem=gatherer.problem,
    )


class _Gatherer:
    """Reads on until nothing new is named."""

    def __init__(self, remote: RemoteRepository, found: Survey) -> None:
        self._remote = remote
        self.manifests: dict[Digest, Root] = dict(found.manifests)
        self.missing: set[Digest] = set(found.missing)
        self.about: dict[Digest, dict[Digest, None]] = {}
        self.problem = unclear(found.missing, found.unread, found.tags)
        self._listed: set[Digest] = set()
        self._asked: set[Digest] = set()
        self._asks = True
        for tag, head in found.tags.items():
            if subject := subject_of_tag(tag):
                self.add(subject, [head.digest, *self._children(head.digest)])

    async def stand(self, digests: Collection[Digest]) -> frozenset[Digest]:
        """Read these with all below them; gives those that are there."""
        known = self.manifests.keys() | self._asked
        fresh = [digest for digest in dict.fromkeys(digests) if digest not in known]
        self._asked.update(fresh)
        heads = await asyncio.gather(*(self._remote.head(digest) for digest in fresh))
        read = await below_all(self._remote, filter(None, heads), known=self.manifests)
        self._take(read.manifests, read.missing, read.unread)
        return frozenset(digest for digest in digests if digest in self.manifests)

    async def follow(self) -> None:
        """Read what is about any of them, what they are about, and what holds hold back."""
        for _ in range(_ROUNDS):
            fresh = [digest for digest in self.manifests if digest not in self._listed]
            if not fresh:
                return
            self._listed.update(fresh)
            await self._list(fresh)
            nodes = list(self.manifests.values())
            held = [hold.digest for node in nodes if (hold := Hold.read(node))]
            about = [node.subject.digest for node in nodes if node.subject]
            await self.stand([*held, *about, *self.about])
        if any(digest not in self._listed for digest in self.manifests):
            self.problem = self.problem or "artifacts are about artifacts without an end"

    async def _list(self, digests: list[Digest]) -> None:
        """Ask the registry; where a tag lists them, all such tags are known already."""
        first, rest = digests[:1], digests[1:]
        answers = [await self._remote.referrers(each) for each in first if self._asks]
        self._asks = self._asks and all(answer.by_registry for answer in answers)
        if not self._asks:
            return
        answers += await asyncio.gather(*(self._remote.referrers(each) for each in rest))
        entries: dict[Digest, Descriptor] = {}
        for digest, answer in zip(digests, answers, strict=True):
            if len(answer.entries) >= MAX_LISTED:
                self.problem = self.problem or f"too many artifacts are about {digest}"
            self.add(digest, [each.digest for each in answer.entries])
            entries |= {each.digest: each for each in answer.entries}
        read = await below_all(self._remote, entries.values(), known=self.manifests)
        self._take(read.manifests, read.missing - entries.keys(), read.unread)

    def _take(
        self,
        manifests: Mapping[Digest, Root],
        missing: Collection[Digest],
        unread: Collection[Digest],
    ) -> None:
        self.manifests |= manifests
        self.missing |= set(missing)
        self.problem = self.problem or unclear(missing, unread, {})

    def add(self, subject: Digest, digests: Collection[Digest]) -> None:
        """These are about a manifest."""
        listed = self.about.setdefault(subject, {})
        listed.update(dict.fromkeys(each for each in digests if each != subject))

    def _children(self, digest: Digest) -> list[Digest]:
        node = self.manifests.get(digest)
        return [child.digest for child in node.manifests] if isinstance(node, ImageIndex) else []


def unclear(
    missing: Collection[Digest], unread: Collection[Digest], tags: Mapping[str, Descriptor]
) -> str:
    """Why nobody knows all that tags need, whichever of them stay; empty where that is known."""
    if unread:
        return f"what {min(unread)} needs cannot be read"
    for tag, head in tags.items():
        if head.digest in missing:
            return f"`{tag}` points to {head.digest}, which cannot be had"
    return ""
