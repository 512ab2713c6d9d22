"""What pruning one repository comes to: each tag and manifest, what becomes of it, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository


class Fate(StrEnum):
    """`goes` is what would be removed, `left` what could not be by now."""

    GOES = "goes"
    STAYS = "stays"
    REMOVED = "removed"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow:
    """`kind` is empty for a tag of no kind that may go; `time` is that of its commit.

    `old`: it is of such a kind and old enough, whatever keeps it. `lonely`: it is about what does
    not stand here, and nobody knows that it ever did.
    """

    tag: str
    digest: Digest
    fate: Fate
    reason: str
    kind: str = ""
    old: bool = False
    lonely: bool = False
    time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """`what` is `index`, `image` or `artifact`.

    `level` orders removal: an index goes before what it lists and what is about it.
    """

    digest: Digest
    what: str
    fate: Fate
    reason: str
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPrune:
    """One repository, of these images.

    `problem` is why nothing of it goes, or why what was begun was not ended; `error` what asking
    met. `hint` is the registry's own way where this one does not lead to the end. `mark` is the
    list of an earlier prune that has not ended.
    """

    repository: Repository
    images: tuple[str, ...]
    tags: tuple[TagRow, ...] = ()
    manifests: tuple[ManifestRow, ...] = ()
    problem: str = ""
    error: PolyarchError | None = None
    hint: str = ""
    mark: Digest | None = None

    @property
    def spared(self) -> tuple[TagRow, ...]:
        """Tags that are old enough to go, and stay."""
        return tuple(row for row in self.tags if row.old and row.fate is Fate.STAYS)

    @property
    def lonely(self) -> tuple[TagRow, ...]:
        """Tags about what does not stand here, that stay."""
        return tuple(row for row in self.tags if row.lonely and row.fate is Fate.STAYS)

    @property
    def going(self) -> tuple[TagRow | ManifestRow, ...]:
        """What is to be removed and still stands."""
        rows: tuple[TagRow | ManifestRow, ...] = (*self.tags, *self.manifests)
        return tuple(row for row in rows if row.fate in {Fate.GOES, Fate.LEFT})

    @property
    def removed(self) -> tuple[TagRow | ManifestRow, ...]:
        """What is gone."""
        rows: tuple[TagRow | ManifestRow, ...] = (*self.tags, *self.manifests)
        return tuple(row for row in rows if row.fate is Fate.REMOVED)
