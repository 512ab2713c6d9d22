"""What a transaction is asked and what it answers: one outcome per destination."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Self

from polyarch.content.store import Fetcher
from polyarch.errors import PolyarchError
from polyarch.events import Transfer
from polyarch.findings import Report
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.hold import Hold, Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a tag may move from what it has; `reason` is for people, empty where none is due."""

    may: Literal["move", "keep", "refuse"]
    reason: str = ""


Labels = Mapping[str, str]
"""Of the image that stands under an alias; empty for all other tags."""

Guard = Callable[[str, ImageIndex | ImageManifest | None, Labels, Sequence[Hold]], Verdict]
"""Judges one tag by what stands there, None for nothing; called in threads, and quick.

Holds of the tag are given where the target reads them.
"""


def let_all_move(
    _tag: str,
    _standing: ImageIndex | ImageManifest | None,
    _labels: Labels,
    _holds: Sequence[Hold],
) -> Verdict:
    """A guard that refuses nothing."""
    return Verdict(may="move")


Bring = Callable[[RemoteRepository, ImageIndex | ImageManifest], Awaitable[None]]
"""Brings a repository what stands beside a root there: proofs, signatures; raises PolyarchError."""


async def bring_nothing(_remote: RemoteRepository, _root: ImageIndex | ImageManifest) -> None:
    """Nothing stands beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A repository and the tags that are to move there.

    Those of `moving` (`latest`, branches) move after all others have moved everywhere. `guard` is
    asked when the tags are frozen, and again right before one moves if something else stands there
    by then. With `merge` only the submission's platforms are replaced in what stands. `root` takes
    the place of the submission's where a registry cannot take that, `adapted` says why. `fewer`
    lets an image of one platform take the place of one of several. `public` wants the tags to be
    readable by everybody. `aliases` are tags, among `tags`, of single images below the root.
    `unfit` is why it cannot take the image, where that is known before anything is asked of it.
    `holds` reads what keeps tags where they were put back to, for the guard. `new_holds` stand in
    the repository before any tag moves: they say why tags are put back to the root. `beside` is
    asked at the same time, once the root stands there whole.
    """

    repository: Repository
    tags: tuple[str, ...]
    moving: frozenset[str] = frozenset()
    guard: Guard = field(default=let_all_move, compare=False, repr=False)
    merge: bool = False
    root: ImageIndex | ImageManifest | None = None
    adapted: str = ""
    fewer: bool = False
    public: bool = False
    aliases: Mapping[str, ImageManifest] = field(default_factory=dict, compare=False)
    unfit: PolyarchError | None = field(default=None, compare=False)
    holds: Holds | None = field(default=None, compare=False, repr=False)
    new_holds: tuple[Hold, ...] = ()
    beside: Bring = field(default=bring_nothing, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One image: its root, where the bytes below that are, and where it goes.

    The root is an index; for an image of one platform that exists already it may be its manifest.
    `mount_from` are repositories that hold some of its blobs: on the same registry they are mounted
    and never read.
    """

    name: str
    root: ImageIndex | ImageManifest
    source: Fetcher
    targets: tuple[Target, ...]
    mount_from: tuple[Repository, ...] = ()


Prove = Callable[[Sequence[Submission]], Report]
"""Looks at what is staged everywhere, before any tag moves; called in a thread.

The submissions have the targets alone that hold them. It may raise a VerificationError of its own.
"""


def nothing_to_stop() -> None:
    """A proof that ends soon by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a transaction is to end.

    Without `rollback` a failed flip leaves what moved. After `deadline_s` seconds nothing new
    begins, and tags that have not all moved go back. `owner` signs the locks that are taken.
    `stop_proving` lets a proof that is under way end soon, from another thread.
    """

    rollback: bool = True
    deadline_s: float | None = None
    owner: str = ""
    prove: Prove | None = None
    stop_proving: Callable[[], None] = nothing_to_stop


class TagStatus(StrEnum):
    """What became of one tag; `removed`: one that was new to the run that is undone."""

    CREATED = "created"
    MOVED = "moved"
    KEPT = "kept"
    UNCHANGED = "unchanged"
    RESTORED = "restored"
    REMOVED = "removed"
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
class Traffic:
    """Bytes of blobs by how they came to stand in a repository."""

    uploaded: int = 0
    mounted: int = 0
    present: int = 0

    def plus(self, how: Transfer, size: int) -> Self:
        """One blob more."""
        return replace(self, **{how: getattr(self, how) + size})


NO_TRAFFIC = Traffic()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOutcome:
    """`digest` is what the tag points to now, as far as that is known; `reason` why it was kept."""

    tag: str
    digest: Digest | None
    status: TagStatus
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One image at one destination; `digest` is what stands there under its tags now."""

    image: str
    repository: Repository
    status: Status
    digest: Digest | None
    tags: tuple[TagOutcome, ...]
    error: PolyarchError | None = None
    adapted: str = ""
    traffic: Traffic = NO_TRAFFIC
