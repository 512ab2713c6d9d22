"""A run as it is listed and shown: its summary, where its record was found, and its documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from polyarch.oci.fields import JsonObject
from polyarch.runs.summary import RunSummary, State


class Origin(StrEnum):
    """Where a record was found."""

    LOCAL = "local"
    IMPORTED = "imported"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run; `where` is its folder, or the reference of its record in a store.

    `alive`: a process of this machine still works at it. `images` are those of its summary, else
    those of its plan.
    """

    summary: RunSummary
    origin: Origin
    where: str
    folder: Path | None = None
    alive: bool = False
    images: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id."""
        return self.summary.id

    @property
    def state(self) -> State:
        """How it ended; one without an end that nobody works at has died."""
        state = self.summary.state
        return State.DIED if state is State.RUNNING and not self.alive else state

    @property
    def seconds(self) -> float | None:
        """How long it took, None before its end."""
        ended = self.summary.ended
        return (ended - self.summary.started).total_seconds() if ended else None

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.runs/v1`."""
        return {
            **{key: item for key, item in self.summary.to_json().items() if key != "schema"},
            "state": self.state.value,
            "images": list(self.images),
            "seconds": self.seconds,
            "origin": self.origin.value,
            "where": self.where,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run with all that is kept of it; `documents` has the bytes by the names of files."""

    run: Run
    documents: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)
