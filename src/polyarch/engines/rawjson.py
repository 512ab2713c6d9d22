"""BuildKit's progress as `docker buildx build --progress rawjson` prints it.

A stream of JSON objects (moby/buildkit client/graph.go, SolveStatus): one to a line since buildx
0.15, spread over many lines before; after the last one of a failed build plain text follows.
Fields of other types than expected are left out: progress must never break a build.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from polyarch.oci.fields import JsonObject

_MAX_BUFFERED = 8 * 1024 * 1024
"""Longer text that begins like JSON and never ends is taken as plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """One step. It is told several times; times are None until it starts or ends."""

    digest: str
    name: str
    started: datetime | None = None
    completed: datetime | None = None
    cached: bool = False
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        if self.started is None or self.completed is None:
            return 0.0
        return max(0.0, (self.completed - self.started).total_seconds())

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read one entry of `vertexes`."""
        return cls(
            digest=_text(value, "digest"),
            name=" ".join(_text(value, "name").split()),
            started=_time(value, "started"),
            completed=_time(value, "completed"),
            cached=value.get("cached") is True,
            error=_text(value, "error"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of what a step printed; it may end in the middle of a line."""

    vertex: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How far a part of a step has come, as a layer that is pulled or written.

    `current` counts bytes or something else; `completed` is a time as it was told, empty before.
    """

    vertex: str
    id: str
    current: int = 0
    completed: str = ""

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read one entry of `statuses`."""
        current = value.get("current")
        return cls(
            vertex=_text(value, "vertex"),
            id=_text(value, "id"),
            current=current if isinstance(current, int) else 0,
            completed=_text(value, "completed"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveStatus:
    """One object of the stream; `warnings` are BuildKit's own, one line each."""

    vertexes: tuple[Vertex, ...] = ()
    tasks: tuple[Task, ...] = ()
    outputs: tuple[Output, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read one object; what it holds beyond our fields is left out."""
        return cls(
            vertexes=tuple(Vertex.parse(item) for item in _objects(value, "vertexes")),
            tasks=tuple(Task.parse(item) for item in _objects(value, "statuses")),
            outputs=tuple(
                Output(vertex=_text(item, "vertex"), text=_decoded(item, "data"))
                for item in _objects(value, "logs")
            ),
            warnings=tuple(_decoded(item, "short") for item in _objects(value, "warnings")),
        )


class Decoder:
    """Takes the lines of the stream; gives statuses, and plain text for lines that are no JSON."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    def feed(self, line: str) -> Iterator[SolveStatus | str]:
        """What is complete with this line."""
        if not self._lines and not line.startswith("{"):
            yield line
            return
        self._lines.append(line)
        self._size += len(line)
        # Indented objects end with a lone brace; only then is decoding worth a try.
        if len(self._lines) == 1 or line == "}":
            value = _object("\n".join(self._lines))
            if value is not None:
                self._clear()
                yield SolveStatus.parse(value)
                return
        if self._size > _MAX_BUFFERED:
            yield from self.finish()

    def finish(self) -> Iterator[str]:
        """The lines of an object that was never completed."""
        lines = self._lines
        self._clear()
        yield from lines

    def _clear(self) -> None:
        self._lines, self._size = [], 0


def _object(text: str) -> JsonObject | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _objects(value: JsonObject, key: str) -> list[JsonObject]:
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _text(value: JsonObject, key: str) -> str:
    found: Any = value.get(key)
    return found if isinstance(found, str) else ""


def _decoded(value: JsonObject, key: str) -> str:
    try:
        return base64.b64decode(_text(value, key)).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""


def _time(value: JsonObject, key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(value, key))
    except ValueError:
        return None
