"""What a report shows of a run: rows of images and platforms, marks on a line of time, tags.

The records of the jobs of one CI run are shown as one; the main one comes first. Plain values,
which the Markdown and the page are drawn from.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from polyarch.errors import SpecError
from polyarch.runs.entries import Entry, entries_of
from polyarch.runs.history import images_of
from polyarch.runs.moves import TagMove, parse_moves
from polyarch.runs.outcome import RunDestination, RunImage, RunPlatform
from polyarch.runs.planned import PlannedImage, planned_images
from polyarch.runs.proven import ToldFinding, findings_of, findings_of_watch
from polyarch.runs.reading import EVENTS, PLAN, PROOF, RESULT, TAGS
from polyarch.runs.run import Run, RunRecord
from polyarch.runs.timeline import Timeline, timeline_of

MAX_ROWS = 5000
MAX_TAGS = 10_000
MAX_REGISTRIES = 40
MAX_TOLD = 500

_WORST_FIRST = (
    "failed", "left", "rolled-back", "restored", "skipped", "published", "unchanged",
)  # fmt: skip

_STANDS = frozenset({"published", "unchanged"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One platform of one image; `places` are its states by the report's registries, in order."""

    image: str
    platform: str
    digest: str
    build: str
    check: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report shows. `left_out` says what was too much to show."""

    run: Run
    others: tuple[Run, ...]
    images: tuple[RunImage, ...]
    registries: tuple[str, ...]
    rows: tuple[Row, ...]
    timeline: Timeline
    tags: tuple[TagMove, ...]
    errors: tuple[str, ...]
    findings: tuple[ToldFinding, ...]
    warnings: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def moved(self) -> int:
        """How many tags show something new."""
        return sum(move.is_move for move in self.tags)


def report_of(records: Sequence[RunRecord]) -> Report:
    """The report of a run; records beside the first are of other jobs of the same CI run."""
    entries = sorted(_entries(records), key=lambda entry: entry.time)
    planned = tuple(_planned(records))
    images = _joined(_results(records, planned))
    hosts = tuple(
        dict.fromkeys(host_of(each.repository) for image in images for each in image.destinations)
    )
    registries = hosts[:MAX_REGISTRIES]
    errors = tuple(
        f"{image.name} at {place.repository}: {place.error}"
        for image in images
        for place in image.destinations
        if place.error
    )
    timeline = timeline_of(entries, images, planned)
    rows = tuple(_rows(images, registries, timeline))
    tags = tuple(move for record in records for move in _tags(record))
    findings = tuple(found for record in records for found in _found(record))
    warnings = dict.fromkeys(entry.text("text") for entry in entries if entry.name == "Warned")
    return Report(
        run=records[0].run,
        others=tuple(record.run for record in records[1:]),
        images=images,
        registries=registries,
        rows=rows[:MAX_ROWS],
        timeline=timeline,
        tags=tags[:MAX_TAGS],
        errors=errors[:MAX_TOLD],
        findings=findings[:MAX_TOLD],
        warnings=tuple(warnings)[:MAX_TOLD],
        left_out=tuple(
            f"{len(each) - most} more {what}"
            for what, each, most in (
                ("registries", hosts, MAX_REGISTRIES),
                ("rows", rows, MAX_ROWS),
                ("errors", errors, MAX_TOLD),
                ("tags", tags, MAX_TAGS),
                ("findings", findings, MAX_TOLD),
                ("warnings", tuple(warnings), MAX_TOLD),
            )
            if len(each) > most
        ),
    )


def host_of(repository: str) -> str:
    """The registry of a repository; of another place all that comes before a slash."""
    return repository.partition("/")[0] or repository


def _entries(records: Iterable[RunRecord]) -> Iterator[Entry]:
    for record in records:
        yield from entries_of(record.documents.get(EVENTS, b""))


def _planned(records: Iterable[RunRecord]) -> Iterator[PlannedImage]:
    for record in records:
        yield from planned_images(record.documents.get(PLAN, b""))


def _found(record: RunRecord) -> Iterator[ToldFinding]:
    yield from findings_of(record.documents.get(PROOF, b""))
    yield from findings_of_watch(record.documents.get(RESULT, b""))


def _tags(record: RunRecord) -> tuple[TagMove, ...]:
    with suppress(SpecError):
        return parse_moves(record.documents.get(TAGS, b""))
    return ()


def _results(records: Iterable[RunRecord], planned: Sequence[PlannedImage]) -> Iterator[RunImage]:
    """The images of all results, and what was only planned."""
    for record in records:
        yield from images_of(record.documents)
    for image in planned:
        yield RunImage(
            name=image.name,
            platforms=tuple(
                RunPlatform(platform=each.platform, digest="") for each in image.platforms
            ),
            destinations=tuple(
                RunDestination(repository=each, status="", digest="") for each in image.repositories
            ),
        )


def _joined(images: Iterable[RunImage]) -> tuple[RunImage, ...]:
    """Each image once: what an earlier one says of a platform or place counts."""
    found: dict[str, RunImage] = {}
    for image in images:
        known = found.get(image.name) or RunImage(name=image.name)
        platforms = {each.platform: each for each in image.platforms}
        platforms |= {each.platform: each for each in known.platforms if each.digest}
        ordered = {each.platform: platforms[each.platform] for each in known.platforms} | platforms
        places = {each.repository: each for each in image.destinations}
        places |= {each.repository: each for each in known.destinations}
        found[image.name] = RunImage(
            name=image.name,
            digest=known.digest or image.digest,
            platforms=tuple(ordered.values()),
            destinations=tuple(places.values()),
        )
    return tuple(found.values())


def _rows(
    images: Iterable[RunImage], registries: Sequence[str], timeline: Timeline
) -> Iterator[Row]:
    for image in images:
        places = tuple(_state(image, registry, timeline) for registry in registries)
        for each in image.platforms:
            digest = each.digest or timeline.digests.get((image.name, each.platform), "")
            yield Row(
                image=image.name,
                platform=each.platform,
                digest=digest,
                build=_build(each, timeline.built.get((image.name, each.platform), "")),
                check=each.level or timeline.checked.get((image.name, each.platform), ""),
                # What has no image is not there, whatever the others of its index came to.
                places=places if digest else tuple(_without(state) for state in places),
            )


def _without(state: str) -> str:
    return "" if state in _STANDS else state


def _build(platform: RunPlatform, seen: str) -> str:
    if platform.reused:
        return "reused"
    return seen or ("built" if platform.digest else "")


def _state(image: RunImage, registry: str, timeline: Timeline) -> str:
    """The worst of what became of an image at a registry; empty where it does not go there."""
    here = [each for each in image.destinations if host_of(each.repository) == registry]
    found = {each.status or timeline.places.get(each.repository, "planned") for each in here}
    return next((each for each in _WORST_FIRST if each in found), next(iter(sorted(found)), ""))
