"""What one image's tags are to show, place by place, before anything has moved."""

from dataclasses import dataclass, field

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.transaction.hold import Hold
from polyarch.transaction.values import TagOutcome

Root = ImageIndex | ImageManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One tag of one repository that is to show `root`.

    `seen` is what it showed when that was decided, None for nothing. `holds` say why it is put
    back; they stand in the repository before it moves.
    """

    repository: Repository
    tag: str
    root: Root
    seen: Digest | None
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One image. `blocked` are places at which nothing can be done, and why.

    `stays` are tags that are left as they are. `places` are all repositories that it is about, in
    the order in which they are told, and `sources` those that may hold its bytes. `free`: what
    stands under a tag by then is replaced, whatever it is.
    """

    name: str
    places: tuple[Repository, ...]
    source: str = ""
    moves: tuple[Move, ...] = ()
    blocked: dict[Repository, PolyarchError] = field(default_factory=dict)
    stays: dict[Repository, tuple[TagOutcome, ...]] = field(default_factory=dict)
    sources: tuple[Repository, ...] = ()
    notes: tuple[str, ...] = ()
    free: bool = False
