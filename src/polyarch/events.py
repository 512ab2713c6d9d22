"""What happens during a run, as values, and who may listen.

Work reports through a `Listener` and never prints; the terminal, the run's record and tests each
listen in their own way. Times are added by whoever records.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform

Transfer = Literal["uploaded", "mounted", "present"]
"""How a blob came to stand in a registry: sent, taken over from a sibling, or there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run has a folder now, for its record."""

    id: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """Something that a person should know and that fails nothing."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something that is probably not what the user wants."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEvent(Event):
    """Base of what happens to one platform of one image."""

    image: str
    platform: Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStarted(BuildEvent):
    """An engine was asked for one platform; `builder` is empty for one of this machine."""

    engine: str
    strategy: str
    builder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStep(BuildEvent):
    """The engine went on to another step; `total` is 0 where the engine does not say."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildLog(BuildEvent):
    """One line of the engine's own output."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFinished(BuildEvent):
    """A part is there; `reused` where nothing had to be built."""

    digest: Digest
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailed(BuildEvent):
    """The engine gave up on one platform."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofStep(BuildEvent):
    """Something is being done to prove one platform."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformProven(BuildEvent):
    """The proof of one platform ended; `level` is `deep` or `run`, empty where it does not hold.

    `how` is `native` or `emulated` where programs ran, by `runtime`. `reused`: what its own machine
    has proven was not done again. `inspected_only`: there are smoke tests, and nothing to run them.
    """

    digest: Digest
    level: str
    how: str
    runtime: str = ""
    reused: bool = False
    inspected_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChecked(Event):
    """The proofs of one image held."""

    image: str
    digest: Digest
    platforms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStarted(Event):
    """A command that the project names began; `what` is `gate` or `after-publish`.

    `platform` is None where it is about a whole image.
    """

    what: str
    image: str
    platform: Platform | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnded(CommandStarted):
    """It ended; `problem` is empty where it went well."""

    problem: str = ""

    @classmethod
    def of(cls, begun: CommandStarted, problem: str) -> Self:
        """The end of a command that began."""
        return cls(
            what=begun.what,
            image=begun.image,
            platform=begun.platform,
            command=begun.command,
            problem=problem,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationEvent(Event):
    """Base of what happens at one destination; `repository` is its full name."""

    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn(DestinationEvent):
    """The registry will take pushes to this repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobProgress(DestinationEvent):
    """`sent` bytes of a blob have been taken so far."""

    descriptor: Descriptor
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobStored(DestinationEvent):
    """A whole blob stands in the repository."""

    descriptor: Descriptor
    how: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStored(DestinationEvent):
    """A manifest or index stands in the repository, by digest."""

    descriptor: Descriptor
    how: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged(DestinationEvent):
    """All of an image stands in the repository, by digest: bytes by how they came to stand there.

    `seconds` is how long it took from the first question to the last answer, `manifests` how many
    were sent beside that.
    """

    uploaded: int
    mounted: int
    present: int
    seconds: float
    manifests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TagMoved(DestinationEvent):
    """A tag points to `digest` now; `status` is created, moved, kept, unchanged or restored.

    `reason` says why it was kept, or what is to know of its move. One that is `removed` pointed to
    `digest` before.
    """

    tag: str
    digest: Digest
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFailed(DestinationEvent):
    """A registry refused or could not be reached."""

    reason: str


Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""
