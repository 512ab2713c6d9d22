"""What a run did to tags, as far as it is to be undone: from its record, and from its journal."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.errors import (
    InvalidDigestError,
    InvalidReferenceError,
    NothingToUndoError,
    RunGoesOnError,
    shorten,
)
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import TAG_PATTERN, Repository
from polyarch.runs.moves import MOVED, TagMove, parse_moves
from polyarch.runs.reading import TAGS
from polyarch.runs.run import Origin, RunRecord
from polyarch.transaction.journal import FILE
from polyarch.transaction.past import PastRun

Root = ImageIndex | ImageManifest
Key = tuple[Repository, str]

REMOVED = "removed"
_MOVERS = frozenset({"publish", "promote", "copy", "tag", "rollback", "undo", "watch", "prune"})
"""Verbs that may move tags until they end."""

_LONGEST = 200
"""Characters of an image's name, which a record says."""

_CHANGED = MOVED | {REMOVED, "left"}
"""What became of a tag that shows since what this run gave it, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One tag that a run has changed: from `before` to `after`, None for no tag.

    `known`: whether anybody wrote down what stood there before.
    """

    image: str
    repository: Repository
    tag: str
    before: Digest | None
    after: Digest | None
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneRun:
    """A run that is to be undone; `old` has the bytes that its journal kept, by digest.

    `left` are tags that stood there and that it was to move, as its journal says, and did not.
    `is_ours`: its record was written on this machine, and nobody else can have made it up.
    """

    id: str
    verb: str
    changes: tuple[Change, ...]
    left: tuple[tuple[Repository, str], ...] = ()
    is_ours: bool = True
    old: Mapping[Digest, Root] = field(default_factory=dict)


def undone_run(record: RunRecord) -> UndoneRun:
    """What is to be undone of a run.

    Raises:
        RunGoesOnError: it has not ended.
        NothingToUndoError: it has changed no tag.
    """
    summary = record.run.summary
    if record.run.alive and summary.verb in _MOVERS:
        raise RunGoesOnError(summary.id)
    if summary.sandbox:
        raise NothingToUndoError(summary.id, "it was a rehearsal, and nothing left the machine")
    past = PastRun.read(record.run.folder / FILE) if record.run.folder else None
    found = {_key(move): move for move in parse_moves(record.documents.get(TAGS, b"{}"))}
    changed = {key: move for key, move in found.items() if move.status in _CHANGED}
    for key in past.moving if past else ():
        # Its write may have come through although nobody heard of that.
        if key not in changed and past:
            changed[key] = _begun(key, past)
    changes = tuple(change for move in changed.values() if (change := _change(move)))
    if not changes:
        raise NothingToUndoError(summary.id, "no tag was moved by it, as far as its record knows")
    return UndoneRun(
        id=summary.id,
        verb=summary.verb,
        changes=changes,
        left=tuple(_left(past, changed)) if past else (),
        is_ours=record.run.origin is Origin.LOCAL,
        old={r.descriptor.digest: r for r in past.old.values() if r} if past else {},
    )


def _left(past: PastRun, changed: Collection[tuple[str, str]]) -> Iterator[tuple[Repository, str]]:
    for repository, tag in past.old:
        if past.old[repository, tag] and (repository, tag) not in changed:
            yield Repository.parse(repository), tag


def _key(move: TagMove) -> tuple[str, str]:
    return move.repository, move.tag


def _begun(key: tuple[str, str], past: PastRun) -> TagMove:
    root = past.old.get(key)
    before = (str(root.descriptor.digest) if root else "") if key in past.old else None
    repository, tag = key
    return TagMove(
        image="", repository=repository, tag=tag, digest=past.moving[key], status="", before=before
    )


def _change(move: TagMove) -> Change | None:
    """A move that makes sense; a record may come from anywhere."""
    try:
        repository = Repository.parse(move.repository)
        before = Digest.parse(move.before) if move.before else None
        after = Digest.parse(move.digest) if move.digest and move.status != REMOVED else None
    except (InvalidReferenceError, InvalidDigestError):
        return None
    known = move.before is not None
    same = known and before == after
    if not TAG_PATTERN.fullmatch(move.tag) or same or (after is None and move.status != REMOVED):
        return None
    return Change(
        image=shorten(move.image, _LONGEST),
        repository=repository,
        tag=move.tag,
        before=before,
        after=after,
        known=known,
    )
