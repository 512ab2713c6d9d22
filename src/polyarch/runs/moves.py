"""Which tags a run has moved, from what to what: `tags.json`, and what it is made from.

Results say what a tag points to since; what it had before stands in the journal, which is the run's
own and stays where it was written. So the two are joined in a document that can travel.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from polyarch.oci.fields import JsonObject, decode_object
from polyarch.runs.entries import Entry
from polyarch.runs.outcome import RunImage
from polyarch.runs.reading import TAGS, digest_of, objects_of, text_of, time_of

SCHEMA = "polyarch.run-tags/v1"
MOST = 100_000
MOVED = frozenset({"created", "moved"})
"""What became of a tag that this very run has put where it is."""

Before = Mapping[tuple[str, str], str]
"""By repository and tag the digest that stood there before, empty where there was nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagMove:
    """One tag at one place. `before` is None where that is not known, empty where nothing stood.

    `time` is when it showed its new digest, None where nobody wrote that down.
    """

    image: str
    repository: str
    tag: str
    digest: str
    status: str
    before: str | None = None
    time: datetime | None = None

    @property
    def is_move(self) -> bool:
        """Whether this run has put the digest under the tag."""
        return self.status in MOVED

    def to_json(self) -> JsonObject:
        """As it stands in `tags.json`."""
        return {
            "image": self.image,
            "repository": self.repository,
            "tag": self.tag,
            "digest": self.digest or None,
            "status": self.status,
            "before": self.before,
            "time": self.time.isoformat() if self.time else None,
        }


def moves_of(
    images: Iterable[RunImage], entries: Iterable[Entry], before: Before
) -> tuple[TagMove, ...]:
    """The tags of a run, from its result, its events and what its journal says stood there.

    A run that was killed has no result: then its events tell.
    """
    told = {
        (entry.text("repository"), entry.text("tag")): entry
        for entry in entries
        if entry.name == "TagMoved"
    }
    found = tuple(_of_results(images, told, before))
    return found or tuple(_of_events(told, before))


def moves_to_json(moves: Sequence[TagMove]) -> JsonObject:
    """The document `polyarch.run-tags/v1`."""
    return {"schema": SCHEMA, "tags": [move.to_json() for move in moves]}


def parse_moves(raw: bytes) -> tuple[TagMove, ...]:
    """Read a document; what is no move is left out.

    Raises:
        MalformedManifestError: it is no JSON object.
    """
    return read_moves(decode_object(raw, TAGS))


def read_moves(value: JsonObject) -> tuple[TagMove, ...]:
    """The moves of a document that has been decoded."""
    return tuple(_parsed(value))


def _parsed(value: JsonObject) -> Iterator[TagMove]:
    for item in objects_of(value, "tags", MOST):
        before = item.get("before")
        move = TagMove(
            image=text_of(item, "image"),
            repository=text_of(item, "repository"),
            tag=text_of(item, "tag"),
            digest=digest_of(item, "digest"),
            status=text_of(item, "status"),
            before="" if before == "" else digest_of(item, "before") or None,
            time=time_of(item, "time"),
        )
        if move.repository and move.tag:
            yield move


def _of_results(
    images: Iterable[RunImage], told: Mapping[tuple[str, str], Entry], before: Before
) -> Iterator[TagMove]:
    for image in images:
        for destination in image.destinations:
            for tag in destination.tags:
                key = destination.repository, tag.tag
                entry = told.get(key)
                yield TagMove(
                    image=image.name,
                    repository=destination.repository,
                    tag=tag.tag,
                    digest=tag.digest,
                    status=tag.status,
                    before=before.get(key),
                    time=entry.time if entry else None,
                )


def _of_events(told: Mapping[tuple[str, str], Entry], before: Before) -> Iterator[TagMove]:
    for (repository, tag), entry in told.items():
        yield TagMove(
            image="",
            repository=repository,
            tag=tag,
            digest=entry.digest(),
            status=entry.text("status"),
            before=before.get((repository, tag)),
            time=entry.time,
        )
