"""What records know of published tags: which digests runs put there, when, with which platforms.

Records come from other machines as well: what is not understood is left out.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from polyarch.errors import PolyarchError, RunUnreadableError, SpecError
from polyarch.oci.fields import JsonObject, decode_object
from polyarch.oci.platform import Platform
from polyarch.pipeline.run_store import RunStore
from polyarch.pipeline.watching.codes import NOT_ITS_PLATFORM
from polyarch.runs.history import list_runs
from polyarch.runs.outcome import MOST_IMAGES, MOST_PLATFORMS, MOST_TAGS, RunOutcome
from polyarch.runs.reading import DOCUMENTS, RESULT, digest_of, objects_of, read_bounded, text_of
from polyarch.runs.summary import RunSummary

MOST_LOCAL = 300
MOST_STORED = 100
"""Records of a store that are looked at: each is two requests."""

MOST_WATCHES = 5
"""Of these all is read: each may have been of other images."""

VERB = "watch"
SCHEMA = "polyarch.watch/v1"
_STANDS = frozenset({"created", "moved", "unchanged", "restored"})
_FRESH = frozenset({"created", "moved", "unchanged"})
_MAKES = frozenset({"publish", "promote", "copy"})

TagPlace = tuple[str, str]
"""A repository and a tag."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What is known; by repository and tag, or by digest.

    `confirmed` is when a run last published a tag or found it as it should be. `digests` are what
    the newest run left under it. `platforms` are those of an index. `watched` are platforms that
    the last watch saw, by image and tag; `bases` those that bases had, by name and digest;
    `suspects` are images and platforms that it found to be wrong inside. `seen` are the images that
    these watches were of.
    """

    confirmed: dict[TagPlace, datetime] = field(default_factory=dict)
    digests: dict[TagPlace, str] = field(default_factory=dict)
    platforms: dict[str, frozenset[Platform]] = field(default_factory=dict)
    watched: dict[tuple[str, str], frozenset[Platform]] = field(default_factory=dict)
    bases: dict[tuple[str, str], frozenset[Platform]] = field(default_factory=dict)
    suspects: set[tuple[str, str]] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def learn(self, summary: RunSummary, result: JsonObject) -> None:
        """Take in one record; newer ones come first."""
        if summary.sandbox:
            return  # other registries stood in for those that it names
        if summary.verb == VERB and result.get("schema") == SCHEMA:
            self._watch(result)
        for image in RunOutcome.of(result).images:
            platforms = frozenset(_platforms(each.platform for each in image.platforms))
            for place in image.destinations:
                for digest in {image.digest, place.digest} - {""} if platforms else ():
                    self.platforms.setdefault(digest, platforms)
                for tag in place.tags:
                    self.saw(summary, (place.repository, tag.tag), tag.digest, tag.status)

    def saw(self, summary: RunSummary, place: TagPlace, digest: str, status: str) -> None:
        """A run says what it left under a tag."""
        if status in _STANDS and digest:
            self.digests.setdefault(place, digest)
        if status in _FRESH and summary.verb in _MAKES:
            self.confirmed.setdefault(place, summary.ended or summary.started)

    def _watch(self, result: JsonObject) -> None:
        for image in objects_of(result, "results", MOST_IMAGES):
            name = text_of(image, "subject")
            if name in self.seen:
                continue  # a newer watch was of it
            self.seen.add(name)
            for tag in objects_of(image, "tags", 100 * MOST_TAGS):
                self.watched[name, text_of(tag, "tag")] = frozenset(_texts(tag, "platforms"))
                for place in objects_of(tag, "digests", MOST_TAGS):
                    if digest := digest_of(place, "digest"):
                        platforms = frozenset(_texts(place, "platforms"))
                        self.platforms.setdefault(digest, platforms)
            for found in objects_of(image, "findings", MOST_IMAGES):
                if found.get("code") == NOT_ITS_PLATFORM.code:
                    self.suspects.add((name, text_of(found, "platform")))
            for base in objects_of(image, "bases", MOST_IMAGES):
                if known := frozenset(_texts(base, "before")):
                    self.bases[text_of(base, "name"), text_of(base, "digest")] = known


def recall(memory: Memory, runs: Path) -> None:
    """Learn from the records of this machine."""
    for run in list_runs(runs)[:MOST_LOCAL]:
        with suppress(RunUnreadableError, SpecError):
            raw = read_bounded((run.folder or runs) / RESULT, DOCUMENTS[RESULT])
            memory.learn(run.summary, decode_object(raw, RESULT))


def recall_stored(memory: Memory, store: RunStore) -> None:
    """Learn from the project's store.

    Raises:
        RegistryError: it did not answer.
    """
    watches = 0
    for stored in store.list(MOST_STORED):
        summary = stored.run.summary
        if summary.sandbox:
            continue
        if summary.verb == VERB and watches < MOST_WATCHES:
            watches += 1
            with suppress(PolyarchError):
                raw = store.record(stored).documents.get(RESULT, b"")
                memory.learn(summary, decode_object(raw, RESULT))
        for move in stored.moves:
            memory.saw(summary, (move.repository, move.tag), move.digest, move.status)


def _texts(value: JsonObject, key: str) -> Iterator[Platform]:
    listed = value.get(key)
    return _platforms(listed[:MOST_PLATFORMS] if isinstance(listed, list) else ())


def _platforms(texts: Iterable[object]) -> Iterator[Platform]:
    for text in texts:
        with suppress(SpecError):
            if isinstance(text, str):
                yield Platform.parse(text)
