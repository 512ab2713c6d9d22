"""The audit question: who put this digest under this tag, from which commit, in place of what.

Records answer it, those of this machine first, then those of the project's store. Where none does,
and the tag was put back, the hold beside the image says by whom. Else the image itself says of
which commit and version it is, and nobody says who put it there.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from polyarch.errors import PolyarchError
from polyarch.oci.config import ImageConfig
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import TagReference
from polyarch.pipeline.current import NO_LABELS, Answer, ask_tags, current_of
from polyarch.pipeline.plan import Current, State
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.runs.moves import TagMove
from polyarch.runs.run import Run
from polyarch.transaction.hold import Hold, Holds

SCHEMA = "polyarch.who/v1"


class Source(StrEnum):
    """Where an answer comes from; the records by where they were found."""

    LOCAL = "local"
    IMPORTED = "imported"
    STORE = "store"
    HOLD = "hold"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A run, and the tags that its record speaks of."""

    run: Run
    moves: tuple[TagMove, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whodunit:
    """The answer for one tag. `digest` is the one that is asked about, empty where none stands.

    `run` and `move` are None where no record knows who put it there. `later` is a newer move that
    a record knows of, to another digest than stands there. `current` is what the registry says.
    `hold` is why the tag was put back to the digest, asked for where no record knows who did it.
    """

    reference: TagReference
    digest: str
    current: Current
    run: Run | None = None
    move: TagMove | None = None
    later: TagMove | None = None
    hold: Hold | None = None

    @property
    def is_open(self) -> bool:
        """Whether a record could still say more: nobody is known, and something may stand there."""
        return self.run is None and (bool(self.digest) or self.current.state is State.UNKNOWN)

    @property
    def source(self) -> Source | None:
        """Where the answer comes from, None where there is none."""
        if self.run:
            return Source(self.run.origin.value)
        if self.hold:
            return Source.HOLD
        told = self.current.revision or self.current.version or self.current.created
        return Source.INDEX if told and str(self.current.digest) == self.digest else None

    @property
    def actor(self) -> str:
        """Who put it there; empty where nobody says."""
        if self.run:
            return self.run.summary.actor
        return self.hold.who if self.hold else ""

    @property
    def why(self) -> str:
        """The reason that was given; empty where none was."""
        if self.run:
            return self.run.summary.why
        return self.hold.why if self.hold else ""

    @property
    def before(self) -> str | None:
        """The digest that it took the place of, empty for nothing; None where nobody knows it."""
        if self.move:
            return self.move.before
        return str(self.hold.digest) if self.hold else None

    @property
    def commit(self) -> str:
        """The commit that it was made from; a run that copied knows it from nowhere but the image.

        Empty where nobody says.
        """
        told = self.run.summary.event.get("sha", "") if self.run else ""
        shown = self.current.revision if str(self.current.digest) == self.digest else ""
        return told or shown or ""

    @property
    def when(self) -> datetime | None:
        """When it came under the tag; of an image without a record, when it says it was made."""
        if self.run:
            told = self.move.time if self.move else None
            return told or self.run.summary.ended or self.run.summary.started
        if self.hold:
            return self.hold.time
        return self.current.created if self.source else None

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.who/v1`."""
        summary = self.run.summary if self.run else None
        hold = self.hold
        when = self.when
        return {
            "repository": str(self.reference.repository),
            "tag": self.reference.tag,
            "state": self.current.state.value,
            "reason": self.current.reason or None,
            "digest": self.digest or None,
            "source": self.source.value if self.source else None,
            "where": self.run.where if self.run else None,
            "run": self.run.id if self.run else (hold.run or None) if hold else None,
            "verb": summary.verb if summary else None,
            "actor": self.actor or None,
            "why": self.why or None,
            "ci_run": (summary.ci_run or None) if summary else None,
            "environment": (summary.environment or None) if summary else None,
            "commit": self.commit or None,
            "ref": (summary.event.get("ref") or None) if summary else None,
            "version": self.current.version,
            "time": when.isoformat() if when else None,
            "image": (self.move.image or None) if self.move else None,
            "replaced": {"known": self.before is not None, "digest": self.before or None},
            "later": self.later.to_json() if self.later else None,
        }


def who(
    tags: Sequence[TagReference],
    records: Sequence[Callable[[], Iterable[Known]]],
    registries: BlockingRegistries,
    digest: str = "",
) -> tuple[Whodunit, ...]:
    """Ask for each tag, or for what once stood there as `digest`.

    `records` are asked in their order, the next one only for what the ones before do not answer;
    each gives runs newest first.
    """
    answers = registries.run(ask_tags(registries.client, tags))
    found = {tag: _nobody(tag, answers[tag], registries, digest) for tag in tags}
    for source in records:
        open_ = {tag: each for tag, each in found.items() if each.is_open}
        if not open_:
            break
        found |= _judged(open_, tuple(source()))
    return registries.run(_with_holds(tuple(found.values()), registries.client))


def _nobody(
    tag: TagReference, answer: Answer, registries: BlockingRegistries, digest: str
) -> Whodunit:
    current = answer.current
    if answer.manifest and not current.revision:
        remote = registries.remote(tag.repository)
        labels = registries.run(_labels(remote, answer.manifest))
        current = current_of(answer.manifest, labels)
    stands = str(current.digest) if current.digest else ""
    return Whodunit(reference=tag, digest=digest or stands, current=current)


def _judged(
    asked: Mapping[TagReference, Whodunit], known: Sequence[Known]
) -> dict[TagReference, Whodunit]:
    by_place: dict[tuple[str, str], list[tuple[Run, TagMove]]] = {}
    for each in known:
        if each.run.summary.sandbox:
            continue  # other registries stood in for those that it names
        for move in each.moves:
            if move.is_move:
                by_place.setdefault((move.repository, move.tag), []).append((each.run, move))
    found = {}
    for tag, answer in asked.items():
        moves = by_place.get((str(tag.repository), tag.tag), [])
        # What stands there may be unknown: then the last that is known of counts.
        digest = answer.digest or (moves[0][1].digest if moves else "")
        fits = next((each for each in moves if each[1].digest == digest), None)
        last = moves[0][1] if moves else None
        is_newer = last is not None and last.digest != digest
        found[tag] = Whodunit(
            reference=tag,
            digest=digest,
            current=answer.current,
            run=fits[0] if fits else None,
            move=fits[1] if fits else None,
            later=last if is_newer else answer.later,
        )
    return found


async def _with_holds(answers: Sequence[Whodunit], client: RegistryClient) -> tuple[Whodunit, ...]:
    """The same; those with the newest hold of the registry that no record explains as they stand.

    A record may know of the digest and of what took its place: then a hold since then says more.
    """
    holds = Holds()

    async def one(answer: Whodunit) -> Whodunit:
        stands = str(answer.current.digest) == answer.digest
        explained = answer.run and not (answer.later and stands)
        if explained or not answer.digest or answer.current.state is not State.PRESENT:
            return answer
        reference = answer.reference
        try:
            digest = Digest.parse(answer.digest)
            found = await holds.on(client.repository(reference.repository), digest)
        except PolyarchError:
            return answer
        ours = (hold for hold in found if hold.tag == reference.tag)
        last = max(ours, key=lambda hold: hold.time, default=None)
        if last is None or (answer.later and answer.run and not _since(last, answer.later)):
            return answer
        return replace(answer, run=None, move=None, later=None, hold=last)

    return tuple(await asyncio.gather(*map(one, answers)))


def _since(hold: Hold, later: TagMove) -> bool:
    """Whether the tag was put back after that move; the times of holds are whole seconds."""
    return later.time is not None and hold.time >= later.time.replace(microsecond=0)


async def _labels(
    remote: RemoteRepository, manifest: ImageManifest | ImageIndex
) -> Mapping[str, str]:
    """The labels of an image, of the first one of an index; nothing where they cannot be had."""
    try:
        if isinstance(manifest, ImageIndex):
            if not manifest.images:
                return NO_LABELS
            child = await remote.known_manifest(manifest.images[0])
            if isinstance(child, ImageIndex):
                return NO_LABELS
            manifest = child
        return ImageConfig.parse(await remote.read_blob(manifest.config)).labels
    except PolyarchError:
        return NO_LABELS


def absent(answer: Whodunit) -> bool:
    """Whether nothing stands under the tag, and nothing else was asked about."""
    return answer.current.state is State.ABSENT and not answer.digest
