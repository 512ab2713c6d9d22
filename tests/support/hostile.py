"""The rule of publishing, held against what storages really hold.

A tag points to the old complete index or to the new complete index, never to less.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.sandbox.storage import Storage, StoredManifest
from polyarch.sandbox.submission import Submission
from polyarch.transaction.lock import TAG as LOCK
from polyarch.transaction.park import TAG as PARKED
from tests.support.images import MadeImage

OURS = frozenset({LOCK, PARKED})
"""Tags that polyarch may leave, whatever stands under them; it has to be whole all the same."""

Tags = Mapping[str, Digest | None]


def missing_from(storage: Storage, repository: str, digest: Digest) -> Iterator[str]:
    """What a storage lacks of a manifest and of all below it."""
    stored = storage.manifest(repository, digest)
    if stored is None:
        yield f"manifest {digest}"
        return
    parsed = _parse(stored.raw, stored.media_type)
    for need in parsed.blobs:
        if storage.blob_size(repository, need.digest) != need.size:
            yield f"blob {need.digest} of {digest}"
    for need in parsed.manifests:
        yield from missing_from(storage, repository, need.digest)


def put_whole(storage: Storage, repository: str, made: MadeImage) -> None:
    """Let a repository hold an image and all below it, with no request."""
    for child in (*made.children, made.index.descriptor):
        raw = made.store.open(child).read()
        parsed = _parse(raw, child.media_type)
        for need in parsed.blobs:
            session = storage.start_upload(repository, "sha256")
            blob = Descriptor(media_type="", digest=need.digest, size=need.size)
            storage.append_upload(session, made.store.open(blob).read())
            assert storage.finish_upload(session, need.digest)
        stored = StoredManifest(media_type=parsed.media_type, raw=raw, subject=parsed.subject)
        storage.put_manifest(repository, child.digest, stored)


@functools.cache
def _parse(raw: bytes, media_type: str) -> Submission:
    return Submission.parse(raw, media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One repository; what each of its tags had, and what it is to get. Others must not move.

    `others`: what somebody else may have put there.
    """

    name: str
    storage: Storage
    repository: str
    old: Tags
    new: Tags
    others: frozenset[Digest] = frozenset()

    def tag(self, tag: str) -> Digest | None:
        """What a tag has now."""
        return self.storage.tag(self.repository, tag)

    @property
    def is_old(self) -> bool:
        """Whether all stands as it did."""
        return all(self.tag(tag) == digest for tag, digest in self.old.items())

    @property
    def is_new(self) -> bool:
        """Whether every tag has what it was to get."""
        return all(self.tag(tag) == digest for tag, digest in self.new.items())

    def violations(self) -> Iterator[str]:
        """Where the rule is broken."""
        for tag in {*self.old, *self.new, *self.storage.tags(self.repository)}:
            now = self.tag(tag)
            if now is not None:
                for lack in missing_from(self.storage, self.repository, now):
                    yield f"{self.name}:{tag} lacks {lack}"
            allowed = {self.old.get(tag), self.new.get(tag, self.old.get(tag)), *self.others}
            if now not in allowed and tag not in OURS:
                yield f"{self.name}:{tag} is {now or 'gone'}"


@dataclass(slots=True)
class Watch:
    """Looks at all repositories; `broken` keeps what was seen, `looks` counts."""

    watched: Sequence[Watched]
    broken: dict[str, None] = field(default_factory=dict)
    looks: int = 0

    def look(self, storage: Storage | None = None) -> None:
        """Hold all that stands now in a storage, or everywhere, against the rule."""
        self.looks += 1
        for each in self.watched:
            if storage in {None, each.storage}:
                self.broken.update(dict.fromkeys(each.violations()))
