"""When each thing of a run happened: marks on lanes, one lane for each platform and each place."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from polyarch.runs.entries import Entry
from polyarch.runs.outcome import RunImage
from polyarch.runs.planned import PlannedImage

MAX_MARKS = 30_000

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that took from `start` to `end`, in seconds since the begin of the line of time.

    `kind` is build, check, command, upload, held (a platform's manifest stands there) or tag.
    """

    kind: str
    start: float
    end: float
    text: str
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One platform of an image, or one place that it goes to; `what` names which."""

    image: str
    what: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All lanes, and what else events tell, by image and platform or by repository."""

    begin: datetime | None
    seconds: float
    lanes: tuple[Lane, ...]
    built: dict[Key, str] = field(default_factory=dict, hash=False)
    checked: dict[Key, str] = field(default_factory=dict, hash=False)
    digests: dict[Key, str] = field(default_factory=dict, hash=False)
    places: dict[str, str] = field(default_factory=dict, hash=False)
    left_out: int = 0


def timeline_of(
    entries: Sequence[Entry], images: Sequence[RunImage], planned: Sequence[PlannedImage]
) -> Timeline:
    """Read the events, which are in the order of their times."""
    if not entries:
        return Timeline(begin=None, seconds=0.0, lanes=())
    drawn = _Drawing(entries[0].time, images)
    for entry in entries:
        drawn.take(entry)
    end = drawn.at(entries[-1])
    drawn.close(end)
    order = [(image.name, each.platform) for image in images for each in image.platforms]
    order += [(each.name, build.platform) for each in planned for build in each.platforms]
    order += [(image.name, each.repository) for image in images for each in image.destinations]
    keys = dict.fromkeys(key for key in (*order, *drawn.marks) if key in drawn.marks)
    rank = {image.name: number for number, image in enumerate(images)}
    return Timeline(
        begin=entries[0].time,
        seconds=end,
        lanes=tuple(
            Lane(image=image, what=what, marks=tuple(drawn.marks[image, what]))
            for image, what in sorted(keys, key=lambda key: rank.get(key[0], len(rank)))
        ),
        built=drawn.built,
        checked=drawn.checked,
        digests=drawn.digests,
        places=drawn.places,
        left_out=drawn.left_out,
    )


class _Drawing:
    """Lanes that are being drawn."""

    def __init__(self, begin: datetime, images: Iterable[RunImage]) -> None:
        self.marks: dict[Key, list[Mark]] = {}
        self.built: dict[Key, str] = {}
        self.checked: dict[Key, str] = {}
        self.digests: dict[Key, str] = {}
        self.places: dict[str, str] = {}
        self.left_out = 0
        self._count = 0
        self._begin = begin
        self._open: dict[tuple[str, Key], tuple[float, str]] = {}
        self._owner: dict[str, str] = {}
        self._platforms: dict[str, str] = {}
        for image in images:
            for place in image.destinations:
                self._owner.setdefault(place.repository, image.name)
            for each in image.platforms:
                if each.digest:
                    self._platforms[each.digest] = each.platform

    def at(self, entry: Entry) -> float:
        """Seconds since the begin."""
        return (entry.time - self._begin).total_seconds()

    def take(self, entry: Entry) -> None:
        """Draw one event."""
        if entry.name.startswith("Build"):
            self._build(entry)
        elif entry.name in {"ProofStep", "PlatformProven"}:
            self._check(entry)
        elif entry.name in {"CommandStarted", "CommandEnded"}:
            self._command(entry)
        elif entry.text("repository"):
            self._place(entry)

    def close(self, end: float) -> None:
        """What has no end was cut off."""
        for (kind, key), (start, text) in self._open.items():
            if kind == "upload" and key[1] in self.places:
                continue  # what is stored beside the tags, after the upload
            self._add(key, Mark(kind=kind, start=start, end=end, text=f"{text}: no end", ok=False))
            if kind == "build":
                self.built[key] = "begun"
        self._open.clear()

    def _build(self, entry: Entry) -> None:
        key, now = (entry.text("image"), entry.text("platform")), self.at(entry)
        match entry.name:
            case "BuildStarted":
                on = entry.text("builder")
                how = f"{entry.text('engine')}, {entry.text('strategy')}"
                self._open["build", key] = now, f"{how} on {on}" if on else how
            case "BuildFinished":
                self.built[key] = "reused" if entry.says("reused") else "built"
                self.digests[key] = entry.digest()
                self._platforms[entry.digest()] = key[1]
                self._end("build", key, now, self.built[key])
            case "BuildFailed":
                self.built[key] = "failed"
                self._end("build", key, now, f"failed: {entry.text('reason')}", ok=False)
            case _:
                pass

    def _check(self, entry: Entry) -> None:
        key, now = (entry.text("image"), entry.text("platform")), self.at(entry)
        if entry.name == "ProofStep":
            self._open.setdefault(("check", key), (now, ""))
            return
        level = entry.text("level")
        self.checked[key] = level or "failed"
        how = " ".join(word for word in (level, entry.text("how"), entry.text("runtime")) if word)
        self._end("check", key, now, how or "does not hold", ok=bool(level))

    def _command(self, entry: Entry) -> None:
        key, now = (entry.text("image"), entry.text("platform")), self.at(entry)
        told = f"{entry.text('what')}: {entry.text('command')}"
        if entry.name == "CommandStarted":
            self._open["command", key] = now, told
            return
        problem = entry.text("problem")
        self._end("command", key, now, problem, ok=not problem)

    def _place(self, entry: Entry) -> None:
        repository, now = entry.text("repository"), self.at(entry)
        key = self._owner.get(repository, ""), repository
        match entry.name:
            case "BlobStored" | "ManifestStored":
                self._open.setdefault(("upload", key), (now, ""))
                platform = self._platforms.get(entry.digest())
                if entry.name == "ManifestStored" and platform:
                    text = f"{platform}: {entry.text('how')}"
                    self._add(key, Mark(kind="held", start=now, end=now, text=text))
            case "Staged":
                begun = max(0.0, now - entry.number("seconds"))
                self._open["upload", key] = begun, ""
                counts = (f"{how} {entry.number(how):.0f} B" for how in _TRAFFIC)
                self._end("upload", key, now, ", ".join(counts))
                self.places[repository] = "staged"
            case "TagMoved":
                status = entry.text("status")
                text = f"{entry.text('tag')}: {status}"
                self._add(key, Mark(kind="tag", start=now, end=now, text=text))
                self.places[repository] = "restored" if status == "restored" else "published"
            case "DestinationFailed":
                self._open.setdefault(("upload", key), (now, ""))
                self._end("upload", key, now, f"failed: {entry.text('reason')}", ok=False)
                self.places[repository] = "failed"
            case _:
                pass

    def _end(self, kind: str, key: Key, now: float, text: str, *, ok: bool = True) -> None:
        start, told = self._open.pop((kind, key), (now, ""))
        words = ", ".join(_words(told, text))
        self._add(key, Mark(kind=kind, start=start, end=now, text=words, ok=ok))

    def _add(self, key: Key, mark: Mark) -> None:
        self._count += 1
        if self._count > MAX_MARKS:
            self.left_out += 1
        else:
            self.marks.setdefault(key, []).append(mark)


_TRAFFIC = ("uploaded", "mounted", "present")


def _words(*texts: str) -> Iterator[str]:
    return (text for text in texts if text)
