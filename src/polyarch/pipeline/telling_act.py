"""What is told of those who move published images by hand: `promote`, `tag`, `rollback`, `undo`.

Others learn of it wherever it was done: nobody's push has announced it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyarch.host.ci_event import CiEvent, Provider
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.pipeline.telling import Decision, Result
from polyarch.runs.moves import TagMove
from polyarch.runs.summary import RunSummary
from polyarch.runs.words import short
from polyarch.transaction.values import TagStatus

ACTS = frozenset({"promote", "tag", "rollback", "undo"})
"""The verbs that move what is published already."""

_DID = {
    "promote": "promoted",
    "tag": "tagged",
    "rollback": "rolled back to",
    "undo": "undone, tags are",
}
"""How it is said of an image what was done; behind it stands what was moved."""

_STAYED = frozenset({"", TagStatus.KEPT, TagStatus.UNCHANGED, TagStatus.FAILED, TagStatus.RESTORED})
"""What becomes of a tag that shows what it showed before; all else has changed what users see."""

_DIGEST = re.compile(r"sha(?:256|512):[0-9a-f]{64,128}")

_MISTYPED = frozenset({2, 3})
"""Exit codes of command lines that name nothing: their author sees it, and others need not."""
_REFUSED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act that is over; `began` says that its transaction had begun.

    `sources` say in words what was moved, by image. `goes_on`: one before it died on the way, so
    that what it finds moved was moved for the same purpose, and nobody has been told.
    """

    about: RunSummary
    moves: tuple[TagMove, ...]
    began: bool
    sources: Mapping[str, str] = field(default_factory=dict)
    goes_on: bool = False

    @property
    def changed(self) -> tuple[TagMove, ...]:
        """The tags that show something else now, or are gone."""
        return tuple(filter(_changed, self.moves))

    @property
    def kind(self) -> Kind:
        """As what it would be told."""
        good = Result.of_code(self.about.exit_code) is Result.GOOD
        return Kind.ACT if good else Kind.FAILURE

    def decide(self, event: CiEvent, on: Collection[str]) -> Decision:
        """Whether others are told: of all that moved something or failed on its way."""
        if event.is_fork:
            return Decision(kind=None, reason="it was for a pull request from a fork")
        if self.kind is Kind.ACT:
            moved = bool(self.changed) or (self.goes_on and bool(self.moves))
            told = Kind.ACT if moved and Kind.ACT in on else None
            return Decision(kind=told, reason="tags moved" if moved else "no tag moved")
        code = self.about.exit_code
        by_hand = event.provider is Provider.LOCAL
        stopped = Result.of_code(code) is Result.CANCELLED or (by_hand and code == _REFUSED)
        if code in _MISTYPED or (stopped and not self.began):
            return Decision(kind=None, reason="nothing was begun, and whoever asked for it knows")
        heard = {Kind.FAILURE, Kind.ACT} & {*on}
        return Decision(kind=Kind.FAILURE if heard else None, reason="it failed")

    def notice(self, notice: Notice) -> Notice:
        """The notice of its run as one of an act: who, why, and what moved where."""
        acted = replace(
            notice,
            line=neat(self.about.verb),
            who=neat(self.about.actor),
            why=neat(self.about.why),
            cancelled=Result.of_code(self.about.exit_code) is Result.CANCELLED,
        )
        if notice.kind is Kind.ACT and self.sources:
            acted = replace(acted, what=neat("; ".join(self._sources())))
        if not self.changed:
            return acted
        return replace(acted, tags=neat_all(_lines(self.changed)) or notice.tags)

    def _sources(self) -> Iterator[str]:
        """What was moved, each with the images that it is of."""
        told: dict[str, list[str]] = {}
        for image, source in self.sources.items():
            told.setdefault(_DIGEST.sub(lambda found: short(found[0]), source), []).append(image)
        did = _DID.get(self.about.verb, self.about.verb)
        for source, images in told.items():
            yield f"{', '.join(images)}: {did} {source}"


def _changed(move: TagMove) -> bool:
    """Whether users see something else; what was left may have been so before."""
    if move.status == TagStatus.LEFT:
        return move.before is not None and move.before != move.digest
    return move.status not in _STAYED


def _lines(moves: Sequence[TagMove]) -> Iterator[str]:
    """What tags show and showed before; once for all repositories of which that is to be said."""
    found: dict[tuple[str, str, str | None], list[str]] = {}
    for move in moves:
        found.setdefault((move.repository, move.digest, move.before), []).append(move.tag)
    told: dict[tuple[tuple[str, ...], str, str | None], list[str]] = {}
    for (repository, digest, before), names in found.items():
        told.setdefault((tuple(sorted(names)), digest, before), []).append(repository)
    for (tags, digest, before), repositories in told.items():
        one = len(tags) == 1
        now = f"{'shows' if one else 'show'} {short(digest)}" if digest else _gone(one=one)
        was = {None: "", "": ", new"}.get(before, f", before {short(before or '')}")
        yield f"{', '.join(repositories)}: {', '.join(tags)} {now}{was}"


def _gone(*, one: bool) -> str:
    return "is gone" if one else "are gone"
