"""All layers of an image put on one another, and what is wrong with the layers themselves."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.checks.bounds import Bounds
from polyarch.checks.entry import Entry
from polyarch.checks.filesystem import Filesystem
from polyarch.checks.layer import LayerReading
from polyarch.checks.memory import LayerMemory, Remembered
from polyarch.checks.names import Oddity
from polyarch.checks.told import Teller
from polyarch.content.store import Fetcher
from polyarch.errors import (
    BlobNotFoundError,
    ContentError,
    DigestMismatchError,
    LayerBoundsError,
    SizeMismatchError,
)
from polyarch.findings import Finding, Severity
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest

_REMEMBERED_ENTRIES = 125_000
_GROWN, _GROWN_BYTES = 250, 256 * 1024 * 1024
"""A layer that grows so many times, to so much, is told: zeros, or worse."""

_BUILD_AGAIN = "build and push the image again"


@dataclass(slots=True)
class Unpacking:
    """`whole` is false after a layer that could not be taken in."""

    store: Fetcher
    files: Filesystem
    tell: Teller
    bounds: Bounds
    memory: LayerMemory
    whole: bool = True
    read: int = 0
    bytes: int = 0
    programs: int = 0
    _odd: list[Oddity] = field(default_factory=list)

    def findings(
        self, layers: tuple[Descriptor, ...], diff_ids: tuple[Digest, ...]
    ) -> Iterator[Finding]:
        """Apply the layers in order, base first, and tell what is wrong with them."""
        for number, layer in enumerate(layers):
            if not mediatype.is_distributed(layer.media_type) and not self.store.exists(layer):
                self.whole = False
                yield self._told(
                    "layer-foreign",
                    Severity.INFO,
                    number,
                    "its registry does not hold it, so that nothing of it was looked at",
                )
                continue
            diff_id = diff_ids[number] if number < len(diff_ids) else None
            try:
                found = self._apply(layer, number)
            except ContentError as error:
                self.whole = False
                yield self._failed(error, number)
                if isinstance(error, LayerBoundsError):
                    return
                continue
            self.read += 1
            self.bytes += layer.size
            self.programs += found.programs
            yield from self._of_layer(layer, found, diff_id, number)

    def _apply(self, layer: Descriptor, number: int) -> Remembered:
        with self.memory.reading(layer.digest) as known:
            if known:
                for entry in known.entries:
                    self.files.apply(entry, number)
                return known
            reading = LayerReading(self.store, layer, self.bounds)
            kept: list[Entry] = []
            for entry in reading.entries():
                self.files.apply(entry, number)
                if len(kept) <= _REMEMBERED_ENTRIES:
                    kept.append(entry)
            found = Remembered(
                entries=tuple(kept),
                oddities=tuple(reading.oddities),
                diff_id=reading.diff_id,
                unpacked_bytes=reading.unpacked_bytes,
                programs=reading.programs,
            )
            if len(kept) <= _REMEMBERED_ENTRIES:
                self.memory.keep(layer.digest, found)
            return found

    def _of_layer(
        self, layer: Descriptor, found: Remembered, diff_id: Digest | None, number: int
    ) -> Iterator[Finding]:
        for oddity in found.oddities:
            yield self.tell.oddity(oddity, number)
        for path, link, _ in (each for each in self.files.broken_links if each[2] == number):
            text = f"it is a hard link to `/{link}`, which is not there"
            yield self.tell.oddity(Oddity("link-broken", path, text), number)
        if diff_id is not None and str(diff_id) != found.diff_id:
            text = f"it unpacks to {found.diff_id}, and the config says {diff_id}"
            yield self._told("layer-diff-id", Severity.ERROR, number, text)
        if found.unpacked_bytes > max(_GROWN_BYTES, layer.size * _GROWN):
            text = f"its {layer.size} bytes unpack to {found.unpacked_bytes}"
            yield self._told("layer-grows", Severity.WARNING, number, text)

    def _failed(self, error: ContentError, number: int) -> Finding:
        code = "layer-damaged"
        if isinstance(error, BlobNotFoundError):
            code = "layer-missing"
        elif isinstance(error, LayerBoundsError):
            code = "layer-bounds"
        known = isinstance(error, BlobNotFoundError | DigestMismatchError | SizeMismatchError)
        hint = _BUILD_AGAIN if known else error.hint or _BUILD_AGAIN
        return self._told(code, Severity.ERROR, number, error.message, hint)

    def _told(
        self, code: str, severity: Severity, number: int, text: str, hint: str = _BUILD_AGAIN
    ) -> Finding:
        """A finding about a layer itself."""
        where = self.tell.origins.told(number)
        return self.tell.finding(
            code,
            severity,
            "",
            f"{where}: {text}",
            hint=hint,
            details=self.tell.origins.details(number),
        )
