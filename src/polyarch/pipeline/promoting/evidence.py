"""Records that show an image proven: runs of this machine, stores of runs, proofs beside it.

Asked in that order, the cheapest first; the first that is young enough counts. What cannot be read
proves nothing, and a registry that does not answer is no proof of the contrary.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from polyarch.errors import (
    ContentError,
    NotProvenError,
    RegistryError,
    RepositoryNotFoundError,
    RunUnreadableError,
    SpecError,
)
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.attached_proof import attached_proofs
from polyarch.pipeline.promoting.origin import Origin
from polyarch.pipeline.run_store import RunStore, StoredRun
from polyarch.registry.blocking import BlockingRegistries
from polyarch.runs.history import list_runs
from polyarch.runs.proven_images import ProvenImage, proven_images
from polyarch.runs.reading import DOCUMENTS, PROOF, read_bounded

MOST_STORED = 200
"""Records of a store that are looked at: each is two requests."""

MOST_READ = 50
"""Records of a store that are fetched whole for one image."""

_PROVING = frozenset({"publish", "build", "promote"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A record that shows an image proven at `time`; `where` is its folder or its reference.

    `kind` is `run`, `store`, `attached`, or `now` for a proof of this very run; `run` is empty
    where no run is named. `levels` say how far, by the digest of each image.
    """

    kind: str
    where: str
    time: datetime
    run: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "kind": self.kind,
            "run": self.run or None,
            "where": self.where,
            "time": self.time.isoformat(),
        }

    def __str__(self) -> str:
        name = f"run {self.run}" if self.run else self.where
        how = {"store": f"{name}, in {self.where}", "now": f"{name}, this one"}.get(self.kind, name)
        return f"proven {self.time:%Y-%m-%d %H:%M} UTC ({how})"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRoom:
    """All that may show it; what is read of a record is kept for the next image.

    `runs` is the folder of runs of this machine, `now` the clock.
    """

    runs: Path
    stores: Sequence[RunStore]
    registries: BlockingRegistries
    now: datetime
    max_age_s: float | None = None
    _local: "list[tuple[Evidence, tuple[ProvenImage, ...]]]" = field(default_factory=list)
    _listed: dict[str, tuple[StoredRun, ...]] = field(default_factory=dict)
    _fetched: dict[str, tuple[ProvenImage, ...]] = field(default_factory=dict)

    def find(self, origin: Origin, *, loose: bool = False) -> Evidence:
        """The record that shows exactly this image proven.

        `loose`: registries have an index each, so that the same images prove the index, too.

        Raises:
            NotProvenError: none does, or all are too old.
            RegistryError: none does that could be asked.
        """
        old: Evidence | None = None
        silent: RegistryError | None = None
        for look in (self._of_runs, self._of_places, self._of_stores):
            try:
                for found in look(origin, loose=loose):
                    if not self._is_old(found):
                        return found
                    old = max(filter(None, (old, found)), key=lambda each: each.time)
            except RegistryError as error:
                silent = silent or error
        if silent and old is None:
            raise silent
        raise NotProvenError(origin.name, origin.pinned, _why(origin, old))

    def _is_old(self, found: Evidence) -> bool:
        limit = self.max_age_s
        return limit is not None and self.now - found.time > timedelta(seconds=limit)

    def _of_runs(self, origin: Origin, *, loose: bool) -> Iterator[Evidence]:
        if not self._local:
            self._local.extend(_read_runs(self.runs))
        for evidence, proven in self._local:
            for image in proven:
                if _shows(image, origin.root, loose=loose):
                    yield replace(evidence, levels=image.levels)

    def _of_places(self, origin: Origin, *, loose: bool) -> Iterator[Evidence]:
        """Proofs beside the index, newest first."""
        wanted = {child.digest for child in origin.root.images}
        for repository in origin.repositories:
            remote = self.registries.remote(repository)
            for proof in self.registries.run(attached_proofs(remote, origin.digest)):
                about = loose or origin.digest in proof.subjects
                if about and wanted and all(proof.proves(each) for each in wanted):
                    where = str(repository.at(proof.artifact))
                    levels = {str(each.digest): str(each.level) for each in proof.platforms}
                    yield Evidence(kind="attached", where=where, time=proof.time, levels=levels)

    def _of_stores(self, origin: Origin, *, loose: bool) -> Iterator[Evidence]:
        for store in self.stores:
            for stored in self._candidates(store, origin)[:MOST_READ]:
                run = stored.run
                for image in self._fetch(store, stored):
                    if _shows(image, origin.root, loose=loose):
                        yield Evidence(
                            kind="store",
                            where=run.where,
                            run=run.id,
                            time=run.summary.started,
                            levels=image.levels,
                        )

    def _candidates(self, store: RunStore, origin: Origin) -> list[StoredRun]:
        """Those that have given a tag this digest first; then what else may have proven it."""
        key = str(store.repository)
        if key not in self._listed:
            self._listed[key] = ()
            with suppress(RepositoryNotFoundError):  # nobody has kept a record yet
                self._listed[key] = store.list(MOST_STORED)
        digest = str(origin.digest)
        moved, others = [], []
        for stored in self._listed[key]:
            if any(move.digest == digest for move in stored.moves):
                moved.append(stored)
            elif stored.run.summary.verb in _PROVING and origin.name in stored.run.images:
                others.append(stored)
        return [*moved, *others]

    def _fetch(self, store: RunStore, stored: StoredRun) -> tuple[ProvenImage, ...]:
        if stored.run.where not in self._fetched:
            proven: tuple[ProvenImage, ...] = ()
            with suppress(RunUnreadableError, ContentError, SpecError):
                proven = proven_images(store.record(stored).documents.get(PROOF, b""))
            self._fetched[stored.run.where] = proven
        return self._fetched[stored.run.where]


def _read_runs(runs: Path) -> Iterator[tuple[Evidence, tuple[ProvenImage, ...]]]:
    """The runs of this machine that have proven something, newest first."""
    for run in list_runs(runs):
        if run.folder is None:
            continue
        with suppress(RunUnreadableError):
            proven = proven_images(read_bounded(run.folder / PROOF, DOCUMENTS[PROOF]))
            if proven:
                evidence = Evidence(
                    kind="run", where=run.where, run=run.id, time=run.summary.started
                )
                yield evidence, proven


def _shows(proven: ProvenImage, root: ImageIndex, *, loose: bool) -> bool:
    """Whether a proof is about exactly this index and all of its images."""
    wanted = {str(child.digest) for child in root.images}
    same = loose or proven.digest == str(root.descriptor.digest)
    return same and bool(wanted) and wanted <= proven.levels.keys()


def _why(origin: Origin, old: Evidence | None) -> str:
    if old is None:
        return f"no record shows {_short(origin.digest)} proven on all of its platforms"
    return f"its proof is older than `--proof-max-age` allows: it was {old}"


def _short(digest: Digest) -> str:
    return f"{digest.algorithm}:{digest.short}"
