"""One image on its way to one repository: what was found there, what was done, what went wrong."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.values import (
    NO_TRAFFIC,
    Outcome,
    Status,
    Submission,
    TagOutcome,
    TagStatus,
    Target,
    Traffic,
)

_DONE = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.KEPT, TagStatus.UNCHANGED})
"""What a tag is that needs nothing more."""

_OURS = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED, TagStatus.LEFT})
"""What is told of a tag that shows what was published."""


@dataclass(slots=True, kw_only=True)
class Destination:
    """Mutable while a transaction runs; `outcome` is what it comes to.

    `lacking` is what of the image did not stand there when it was `asked` for. `old` holds for each
    tag what stood there when it was looked at last, None where it was new, `looked` when that was
    (times in seconds of a clock that only runs forward); `wanted` what it is to get, `base` what
    new tags get our platforms in. `reasons` say of tags why they were kept, or what is to know of
    their move. `arrived`: the transaction has come to its good end here, which only a target
    without tags needs to be told. `parked`: what is staged has a tag for a while. `probe` cancels
    the upload that tried the login. `writes` are the tags whose write may have come through, and
    whether that was told; `shown` is what was seen under a tag
    that shows neither `old` nor `wanted`, None where nobody knows.
    """

    submission: Submission
    target: Target
    remote: RemoteRepository
    lacking: set[Digest] = field(default_factory=set)
    asked: float = -math.inf
    old: dict[str, ImageIndex | ImageManifest | None] = field(default_factory=dict)
    looked: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, ImageIndex | ImageManifest] = field(default_factory=dict)
    base: ImageIndex | ImageManifest | None = None
    status: dict[str, TagStatus] = field(default_factory=dict)
    writes: dict[str, bool] = field(default_factory=dict)
    shown: dict[str, Digest | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    error: PolyarchError | None = None
    arrived: bool = False
    parked: bool = False
    probe: asyncio.Task[None] | None = None
    traffic: Traffic = NO_TRAFFIC

    @property
    def name(self) -> str:
        """The repository's full name."""
        return str(self.target.repository)

    @property
    def root(self) -> ImageIndex | ImageManifest:
        """What is brought there: the submission's root, or what this registry takes of it."""
        return self.target.root or self.submission.root

    @property
    def rounds(self) -> tuple[Sequence[str], Sequence[str]]:
        """The tags in the order in which they move: those that stay, then those that move on."""
        tags, moving = self.target.tags, self.target.moving
        return [t for t in tags if t not in moving], [t for t in tags if t in moving]

    @property
    def flipped(self) -> tuple[str, ...]:
        """The tags that this transaction moved or tried to move, in that order."""
        touched = (TagStatus.CREATED, TagStatus.MOVED, TagStatus.FAILED)
        return tuple(tag for tag in self.target.tags if self.status.get(tag) in touched)

    @property
    def is_done(self) -> bool:
        """Whether every tag has what it was to get, or keeps what it must."""
        return all(self.status.get(tag) in _DONE for tag in self.target.tags)

    @property
    def is_settled(self) -> bool:
        """Whether no tag stands where it should neither stay nor have gone."""
        return not {TagStatus.LEFT, TagStatus.FAILED} & set(self.status.values())

    def outcome(self) -> Outcome:
        """What came of it, as told to people and scripts."""
        return Outcome(
            image=self.submission.name,
            repository=self.target.repository,
            status=self._status(),
            digest=self._standing(),
            tags=tuple(self._tag_outcome(tag) for tag in self.target.tags if tag in self.status),
            error=self.error,
            adapted=self.target.adapted,
            traffic=self.traffic,
        )

    def _status(self) -> Status:
        found = set(self.status.values())
        if TagStatus.LEFT in found:
            return Status.LEFT
        if TagStatus.RESTORED in found:
            return Status.ROLLED_BACK
        moved = bool(self.target.tags) and self.is_done
        if TagStatus.FAILED in found or (self.error is not None and not moved):
            return Status.FAILED
        if not self.target.tags and self.arrived:
            return Status.PUBLISHED if self.lacking else Status.UNCHANGED
        if not self.target.tags or len(self.status) < len(self.target.tags):
            return Status.SKIPPED
        if found <= {TagStatus.UNCHANGED, TagStatus.KEPT}:
            return Status.UNCHANGED
        return Status.PUBLISHED

    def _standing(self) -> Digest | None:
        if self.arrived and not self.target.tags:
            return self.root.descriptor.digest
        for tag in self.target.tags:
            digest = self._digest_under(tag)
            if digest:
                return digest
        return None

    def _digest_under(self, tag: str) -> Digest | None:
        if tag in self.shown:
            return self.shown[tag]
        if self.status.get(tag) in _OURS:
            return self.wanted.get(tag, self.root).descriptor.digest
        old = self.old.get(tag)
        return old.descriptor.digest if old else None

    def _tag_outcome(self, tag: str) -> TagOutcome:
        return TagOutcome(
            tag=tag,
            digest=self._digest_under(tag),
            status=self.status[tag],
            reason=self.reasons.get(tag, ""),
        )
