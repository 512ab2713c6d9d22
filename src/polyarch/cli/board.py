"""What is going on now, kept as rows from the events that come in; drawn by `progress`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polyarch.events import (
    BlobProgress,
    BlobStored,
    BuildFailed,
    BuildFinished,
    BuildLog,
    BuildStarted,
    BuildStep,
    DestinationEvent,
    DestinationFailed,
    Event,
    LoggedIn,
    ManifestStored,
    PlatformProven,
    ProofStep,
    TagMoved,
)
from polyarch.oci.digest import Digest


@dataclass(slots=True)
class BuildRow:
    """One platform of one image; `state` is building, done, reused, proving, proven or failed.

    `since` is when it began, in seconds of any clock that only runs forward.
    """

    image: str
    platform: str
    since: float
    state: str = "building"
    step: str = ""
    detail: str = ""
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class PushRow:
    """One repository; bytes by how they came to stand there.

    `since` is when the first of them was sent, `rate` how many a second have been sent since then.
    """

    repository: str
    state: str = "waiting"
    sizes: dict[Digest, int] = field(default_factory=dict)
    sent: dict[Digest, int] = field(default_factory=dict)
    uploaded: int = 0
    mounted: int = 0
    present: int = 0
    since: float | None = None
    rate: float = 0.0
    tags: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def in_flight(self) -> int:
        """Bytes sent of blobs that are not whole yet."""
        return sum(self.sent.values())


class Board:
    """All rows, in the order in which they first appeared."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.builds: dict[tuple[str, str], BuildRow] = {}
        self.pushes: dict[str, PushRow] = {}

    def take(self, event: Event) -> None:
        """Bring the rows up to date."""
        match event:
            case BuildStarted():
                self._build(event.image, str(event.platform)).step = event.engine
            case BuildStep():
                row = self._build(event.image, str(event.platform))
                row.step, row.done, row.total = event.text, event.done, event.total
            case BuildLog():
                self._build(event.image, str(event.platform)).detail = event.line
            case BuildFinished():
                row = self._build(event.image, str(event.platform))
                row.state = "reused" if event.reused else "done"
                self._end(row, event.digest.short)
            case BuildFailed():
                row = self._build(event.image, str(event.platform))
                row.state = "failed"
                self._end(row, event.reason.partition("\n")[0])
            case ProofStep():
                row = self._build(event.image, str(event.platform))
                row.state, row.step, row.since = "proving", event.text, self._clock()
            case PlatformProven():
                row = self._build(event.image, str(event.platform))
                row.state = "proven" if event.level else "failed"
                self._end(row, event.digest.short)
            case DestinationEvent():
                self._push(event)
            case _:
                pass

    def _build(self, image: str, platform: str) -> BuildRow:
        row = self.builds.get((image, platform))
        if row is None:
            row = self.builds[image, platform] = BuildRow(image, platform, self._clock())
        return row

    def _end(self, row: BuildRow, told: str) -> None:
        row.step, row.detail, row.done, row.total = told, "", 0, 0

    def _push(self, event: DestinationEvent) -> None:
        row = self.pushes.setdefault(event.repository, PushRow(event.repository))
        match event:
            case LoggedIn():
                row.state = "logged in"
            case BlobProgress():
                row.state = "uploading"
                now = self._clock()
                row.since = now if row.since is None else row.since
                row.sizes[event.descriptor.digest] = event.descriptor.size
                row.sent[event.descriptor.digest] = event.sent
                if now > row.since:
                    row.rate = (row.uploaded + row.in_flight) / (now - row.since)
            case BlobStored():
                self._stored(row, event)
            case ManifestStored():
                row.state = "staged"
            case TagMoved():
                row.state = "published"
                row.tags.append(event.tag)
            case DestinationFailed():
                row.state, row.reason = "failed", event.reason.partition("\n")[0]
            case _:
                pass

    def _stored(self, row: PushRow, event: BlobStored) -> None:
        row.state = "staging"
        row.sent.pop(event.descriptor.digest, None)
        size = event.descriptor.size
        match event.how:
            case "uploaded":
                row.uploaded += size
            case "mounted":
                row.mounted += size
            case "present":
                row.present += size
