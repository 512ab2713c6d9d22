"""What a transaction is asked and what it answers: one outcome per destination."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.content.store import Fetcher
from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A repository and the tags that are to move there, in the order in which they move."""

    repository: Repository
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One image: its index, where the bytes below it are, and where it goes.

    `mount_from` are repositories that hold some of its blobs: on the same registry they are mounted
    and never read.
    """

    name: str
    index: ImageIndex
    source: Fetcher
    targets: tuple[Target, ...]
    mount_from: tuple[Repository, ...] = ()


class TagStatus(StrEnum):
    """What became of one tag."""

    CREATED = "created"
    MOVED = "moved"
    KEPT = "kept"
    UNCHANGED = "unchanged"
    RESTORED = "restored"
    LEFT = "left"
    FAILED = "failed"


class Status(StrEnum):
    """What became of one destination."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    LEFT = "left"


class OnRegistryFailure(StrEnum):
    """What one registry's refusal before the flip means for the others."""

    ABORT = "abort"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOutcome:
    """`digest` is what the tag points to now, as far as that is known."""

    tag: str
    digest: Digest | None
    status: TagStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One image at one destination; `digest` is what stands there under its tags now."""

    image: str
    repository: Repository
    status: Status
    digest: Digest | None
    tags: tuple[TagOutcome, ...]
    error: PolyarchError | None = None
