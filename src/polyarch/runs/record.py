"""Events written down as they come, each with its time, one JSON object a line."""

import dataclasses
import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from polyarch.errors import StorageError
from polyarch.events import BlobProgress, BuildLog, DestinationEvent, Event
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform

NOT_RECORDED = (BlobProgress, BuildLog)
"""Too many to keep: build output has its own log, and bytes in flight are only for the screen."""


class Recorder:
    """A listener that appends to a run's event file and to the log of each destination.

    Any thread may call it. A disk that fills up in the middle stops the record, not the run.
    """

    def __init__(
        self, events: Path, now: Callable[[], datetime], push_log: Callable[[str], Path]
    ) -> None:
        self._events = events
        self._now = now
        self._push_log = push_log
        self._lock = threading.Lock()
        self.failure: StorageError | None = None

    def __call__(self, event: Event) -> None:
        """Write one event down."""
        if isinstance(event, NOT_RECORDED):
            return
        line = json.dumps({"time": self._now().isoformat(), **to_json(event)}, ensure_ascii=False)
        with self._lock:
            if self.failure is None:
                self._append(self._events, line)
                if isinstance(event, DestinationEvent):
                    self._append(self._push_log(event.repository), line)

    def _append(self, path: Path, line: str) -> None:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            self.failure = StorageError(str(path), error.strerror or str(error))


def to_json(event: Event) -> JsonObject:
    """An event as JSON: `event` holds its name, the rest are its fields."""
    fields = {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    return {"event": type(event).__name__, **fields}


def document(value: JsonObject) -> bytes:
    """A JSON document as people read it."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Descriptor):
        return value.to_json()
    if isinstance(value, Digest | Platform):
        return str(value)
    return value
