"""Reading `events.jsonl`: what happened, and when. A line that was cut off is left out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from polyarch.runs.reading import digest_of, number_of, object_of, text_of, time_of

MAX_ENTRIES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event; `name` is that of its class, and all else is asked for by the name of a field."""

    time: datetime
    name: str
    fields: Mapping[str, object]

    def text(self, field: str) -> str:
        """A text, empty where there is none."""
        return text_of(self.fields, field)

    def number(self, field: str) -> float:
        """A number, not below 0."""
        return number_of(self.fields, field)

    def digest(self) -> str:
        """The digest that it is about, empty where there is none."""
        found = digest_of(self.fields, "digest")
        return found or digest_of(object_of(self.fields, "descriptor"), "digest")

    def says(self, field: str) -> bool:
        """Whether a field is true."""
        return self.fields.get(field) is True


def entries_of(raw: bytes) -> Iterator[Entry]:
    """The events of a file, as they stand there, as far as they are such."""
    lines = raw.split(b"\n")
    for line in lines[:MAX_ENTRIES]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            time, name = time_of(value, "time"), text_of(value, "event")
            if time and name:
                yield Entry(time=time, name=name, fields=value)
