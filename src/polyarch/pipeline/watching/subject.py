"""An image with all that is known of it when it is judged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from polyarch.config.project import ImageSettings
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.watching.kinds import Sort, TagSort
from polyarch.pipeline.watching.memory import Memory
from polyarch.pipeline.watching.view import Sight, View, is_image
from polyarch.transaction.hold import Hold

TagHolds = Mapping[tuple[Repository, str], tuple[Hold, ...] | None]
"""What keeps a tag where it was put back to, in one repository; None where that was not said."""


def nobody_knows(_commit: str, _revision: str) -> bool | None:
    """Git is not there to be asked."""
    return None


def no_branch(_revision: str) -> tuple[datetime, ...] | None:
    """Nor does it tell of the branch."""
    return None


_TOLD = 3
_ORDER = tuple(Sort)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged. `head` is the commit of the default branch, empty where nobody knows it.

    `shares`: other images are published to its repositories, so that tags which no rule gives are
    nobody's business. `scheduled`: a nightly is expected. `metered` are repositories whose registry
    counts reads. `descends` says whether a second commit comes after a first one, `after` when the
    commits were made that the default branch has had since one, oldest first; None where nobody can
    tell. `holds` were asked for where something depends on them. `let_go` are tags that some
    repository lacks and that the bounds of `prune` let go.
    """

    settings: ImageSettings
    view: View
    sorts: dict[str, TagSort]
    memory: Memory
    now: datetime
    nightly_max_age_s: int
    head: str = ""
    shares: bool = False
    scheduled: bool = False
    metered: frozenset[Repository] = frozenset()
    descends: Callable[[str, str], bool | None] = nobody_knows
    after: Callable[[str], tuple[datetime, ...] | None] = no_branch
    holds: TagHolds = field(default_factory=dict)
    let_go: frozenset[str] = frozenset()
    _tags: list[tuple[str, ...]] = field(init=False, default_factory=list, repr=False)
    _shown: dict[Repository, dict[Digest, list[str]]] = field(
        init=False, default_factory=dict, repr=False
    )
    _held: dict[Repository, frozenset[Digest]] = field(init=False, default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The image's."""
        return self.settings.name

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of this image, what matters most first; caches and artifacts are none."""
        if not self._tags:
            found = [tag for tag in self.view.tags if self._is_ours(tag)]
            self._tags.append(tuple(sorted(found, key=self._rank)))
        return self._tags[0]

    def _is_ours(self, tag: str) -> bool:
        if self.shares and self.sorts[tag].sort is Sort.OTHER:
            return False
        root = self.view.first(tag)
        return root is None or is_image(root)

    def _rank(self, tag: str) -> tuple[bool, int, str]:
        found = self.sorts[tag]
        return not found.current, _ORDER.index(found.sort), tag

    @property
    def current(self) -> tuple[str, ...]:
        """Tags under which stands what the config makes now."""
        return tuple(tag for tag in self.tags if self.sorts[tag].current)

    def shown(self, sight: Sight) -> dict[Digest, list[str]]:
        """What the tags of one repository point to, with the tags."""
        if sight.repository not in self._shown:
            found: dict[Digest, list[str]] = {}
            for tag in self.tags:
                if digest := sight.digest(tag):
                    found.setdefault(digest, []).append(tag)
            self._shown[sight.repository] = found
        return self._shown[sight.repository]

    def named(self, sight: Sight) -> frozenset[Digest]:
        """All that one repository is to hold: what its tags point to, and all below that."""
        if sight.repository not in self._held:
            shown = self.shown(sight)
            self._held[sight.repository] = frozenset({*shown, *self.view.below(shown)})
        return self._held[sight.repository]

    def holds_of(self, tag: str, digest: Digest) -> tuple[Hold, ...]:
        """What keeps a tag at a digest, in whichever repository."""
        there = (each.repository for each in self.view.sights if each.digest(tag) == digest)
        return tuple(hold for place in there for hold in self.holds.get((place, tag)) or ())

    def holds_unknown(self, tag: str) -> bool:
        """Whether a registry did not say what keeps a tag there."""
        there = (each.repository for each in self.view.sights if each.digest(tag))
        return any(self.holds.get((place, tag), ()) is None for place in there)

    def platforms_of(self, digest: Digest) -> frozenset[Platform]:
        """The platforms of a root that was read."""
        return frozenset(self.view.platforms(digest))


def tags_told(tags: Sequence[str]) -> str:
    """Some tags in words."""
    named = ", ".join(f"`{tag}`" for tag in tags[:_TOLD])
    return f"{named} and {len(tags) - _TOLD} more" if len(tags) > _TOLD else named


def names_told(names: Iterable[object]) -> str:
    """Some names in words."""
    listed = [str(each) for each in names]
    more = f" and {len(listed) - _TOLD} more" if len(listed) > _TOLD else ""
    return ", ".join(listed[:_TOLD]) + more


def short(digest: Digest) -> str:
    """A digest as people compare it."""
    return f"{digest.algorithm}:{digest.short}"
