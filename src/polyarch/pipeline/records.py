"""Reading the records of parts that other machines handed over; every byte of them is hostile.

They come in a folder of any depth, as CI jobs' artifacts are unpacked, on standard input, or in
environment variables.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from polyarch.content.files import open_regular
from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE
from polyarch.errors import (
    MalformedManifestError,
    NoPartsGivenError,
    PartUnreadableError,
    SpecError,
)
from polyarch.oci import mediatype
from polyarch.oci.fields import JsonObject, object_list
from polyarch.pipeline.packed_records import unpacked
from polyarch.pipeline.part import Part
from polyarch.pipeline.result import BUILD_SCHEMA

MAX_RECORD_BYTES = 1024 * 1024
"""Of one file or variable; a record has some kilobytes."""

MAX_TEXT_BYTES = 64 * MAX_RECORD_BYTES
"""Of standard input, which has all records at once."""

MAX_RECORDS = 10_000
MAX_LIST = 64
"""Sources, attestations, proofs and the like of one part."""

_MARK = b"polyarch.part/"
"""What stands in every record, whole or not."""

_SUFFIX = ".json"
_BLOBS = "blobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A part as somebody handed it over; `where` names the file, variable or stream for people.

    `folder` is where the paths of its `oci:` sources begin, None where it came in no file.
    """

    part: Part
    where: str
    folder: Path | None = None

    def __str__(self) -> str:
        return f"`{self.part.image}` for `{self.part.platform}`"


class RecordSource(Protocol):
    """Somewhere that records come from; `place` is how a person named it."""

    @property
    def place(self) -> str:
        """What stood on the command line."""
        ...

    @property
    def top(self) -> Path | None:
        """The folder that layouts must lie below; None where there is none."""
        ...

    def read(self) -> tuple[Record, ...]:
        """All records, in an order that does not change.

        Raises:
            NoPartsGivenError: there is nothing of the kind.
            PartUnreadableError: a record is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFolder:
    """Every record in the `*.json` files of a folder and those below it.

    JSON that speaks of something else is passed over, and so is what is inside a layout; links are
    not followed.
    """

    folder: Path

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def top(self) -> Path | None:
        """The folder, without links."""
        return self.folder.resolve()

    def read(self) -> tuple[Record, ...]:
        """All records, by the path of their file."""
        if not self.folder.is_dir():
            raise NoPartsGivenError(self.place, "there is no such folder")
        found: list[Record] = []
        for path in _json_files(self.folder):
            raw = _bytes_of(path)
            if _MARK in raw:
                parts = _parts(raw, str(path), MAX_RECORD_BYTES)
                found.extend(Record(part=p, where=str(path), folder=path.parent) for p in parts)
        return _bounded(found, self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordText:
    """One record, an array of them, or one after another; of standard input."""

    raw: bytes
    place: str = "-"

    @property
    def top(self) -> Path | None:
        """Text names no folder of this machine."""
        return None

    def read(self) -> tuple[Record, ...]:
        """All records, as they stand there."""
        where = "standard input"
        if not self.raw.strip():
            raise NoPartsGivenError(self.place, "standard input is empty")
        parts = _parts(self.raw, where, MAX_TEXT_BYTES)
        return _bounded([Record(part=part, where=where) for part in parts], self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVariables:
    """The variables whose names begin with `prefix`: one record or an array in each, or packed.

    An empty one is passed over: so the CI says that a job has left nothing.
    """

    variables: Mapping[str, str]
    prefix: str

    @property
    def place(self) -> str:
        """The prefix."""
        return f"env:{self.prefix}"

    @property
    def top(self) -> Path | None:
        """Variables name no folder of this machine."""
        return None

    def read(self) -> tuple[Record, ...]:
        """All records, by the names of their variables."""
        found: list[Record] = []
        for name, text in sorted(self.variables.items()):
            if name.startswith(self.prefix) and text.strip():
                where = f"the variable `{name}`"
                raw = unpacked(text, where, MAX_RECORD_BYTES)
                parts = _parts(raw, where, MAX_RECORD_BYTES)
                found.extend(Record(part=part, where=where) for part in parts)
        if not found:
            raise NoPartsGivenError(self.place, "no variable begins so, or all are empty")
        return _bounded(found, self.place)


def _json_files(top: Path) -> Iterator[Path]:
    """Files that may be records, sorted; links, and what belongs to a layout, are none."""

    def refuse(error: OSError) -> None:
        raise PartUnreadableError(str(error.filename), error.strerror or str(error)) from error

    for folder, below, files in os.walk(top, onerror=refuse):
        is_layout = LAYOUT_FILE in files
        below[:] = sorted(name for name in below if not (is_layout and name == _BLOBS))
        for name in sorted(files):
            path = Path(folder, name)
            of_layout = is_layout and name == INDEX_FILE
            if name.endswith(_SUFFIX) and not of_layout and not path.is_symlink():
                yield path


def _bytes_of(path: Path) -> bytes:
    """The beginning of a file, one byte more than a record may have."""
    try:
        with open_regular(path, follow=False) as file:
            return file.read(MAX_RECORD_BYTES + 1)
    except OSError as error:
        raise PartUnreadableError(str(path), error.strerror or str(error)) from error


def _parts(raw: bytes, where: str, limit: int) -> list[Part]:
    if len(raw) > limit:
        raise PartUnreadableError(where, f"it is larger than {limit} bytes")
    return [_part(value, where) for value in _documents(raw, where)]


def _documents(raw: bytes, where: str) -> Iterator[JsonObject]:
    """Every record of the text: alone, in an array, one after another, or what `build` printed."""
    for value in _values(raw, where):
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                raise PartUnreadableError(where, "it holds a value that is no JSON object")
            if item.get("schema") != BUILD_SCHEMA:
                yield item
                continue
            try:
                yield from object_list(item, "parts", BUILD_SCHEMA)
            except SpecError as error:
                raise PartUnreadableError(where, error.message) from error


def _values(raw: bytes, where: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    try:
        text = raw.decode("utf-8-sig").strip()
        at = 0
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            while at < len(text) and text[at].isspace():
                at += 1
            yield value
    except (ValueError, RecursionError) as error:
        raise PartUnreadableError(where, f"it is not JSON: {error}") from error


def _part(value: JsonObject, where: str) -> Part:
    try:
        part = Part.parse(json.dumps(value).encode())
        for root in (part.manifest, *part.attestations):
            if not mediatype.is_manifest(root.media_type):
                raise MalformedManifestError("part", f"`{root.media_type}` is no image's manifest")
        for kind in (part.sources, part.attestations, part.proofs, part.inherited):
            if len(kind) > MAX_LIST:
                raise MalformedManifestError("part", f"a list in it has more than {MAX_LIST} items")
    except RecursionError as error:
        raise PartUnreadableError(where, "it is nested too deeply") from error
    except SpecError as error:
        raise PartUnreadableError(where, error.message) from error
    return part


def _bounded(records: list[Record], place: str) -> tuple[Record, ...]:
    if len(records) > MAX_RECORDS:
        raise PartUnreadableError(place, f"there are more than {MAX_RECORDS} records")
    return tuple(records)
