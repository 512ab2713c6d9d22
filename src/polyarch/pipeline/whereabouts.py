"""Where a part from elsewhere may be read: layouts that came along, repositories of the project.

Whatever else a record names is never opened and never asked.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from polyarch.content.layout import LayoutStore
from polyarch.errors import BlobNotFoundError, InvalidReferenceError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.reference import Repository, parse_reference
from polyarch.pipeline.records import Record
from polyarch.pipeline.sources import LAYOUT_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The sources of one part's records.

    `top` is the folder, without links, that layouts must lie below; None allows none. `allowed` are
    the repositories that the project itself names for the image.
    """

    records: Sequence[Record]
    top: Path | None
    allowed: Collection[Repository]

    @property
    def layouts(self) -> tuple["EnclosedLayout", ...]:
        """The layouts that may be read; whether they are there shows when they are."""
        folders = (
            self._folder(record, text) for record in self.records for text in record.part.sources
        )
        return tuple(EnclosedLayout(folder) for folder in dict.fromkeys(folders) if folder)

    @property
    def repositories(self) -> tuple[Repository, ...]:
        """The repositories that may be asked."""
        named = (_repository(text) for record in self.records for text in record.part.sources)
        return tuple(dict.fromkeys(place for place in named if place and place in self.allowed))

    def reasons(self) -> Iterator[str]:
        """Why each source was of no help, for a part that is nowhere."""
        for record in self.records:
            for text in record.part.sources:
                yield f"`{text}`: {self._reason(record, text)}"

    def _reason(self, record: Record, source: str) -> str:
        if not source.startswith(LAYOUT_PREFIX):
            asked = _repository(source) in self.repositories
            strange = "neither a repository of the image nor `[publish] stage-to`"
            return "it is not there" if asked else strange
        if record.folder is None:
            return f"{record.where} brings no folder along"
        inside = self._folder(record, source)
        return "it is not there" if inside else "it leads out of the folder"

    def _folder(self, record: Record, source: str) -> Path | None:
        """The folder of an `oci:` source, if it lies where it may."""
        if self.top is None or record.folder is None or not source.startswith(LAYOUT_PREFIX):
            return None
        try:
            folder = (record.folder / source.removeprefix(LAYOUT_PREFIX)).resolve()
        except (OSError, ValueError, RuntimeError):  # a null character, or links in a circle
            return None
        return folder if folder.is_relative_to(self.top) else None


class EnclosedLayout(LayoutStore):
    """A layout from elsewhere: a blob that a link leads out of its folder to does not exist."""

    def open(self, descriptor: Descriptor, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        if not self._encloses(descriptor):
            raise BlobNotFoundError(str(descriptor.digest), str(self))
        return super().open(descriptor, offset)

    def exists(self, descriptor: Descriptor) -> bool:
        """Whether the blob is there in its full size."""
        return self._encloses(descriptor) and super().exists(descriptor)

    def _encloses(self, descriptor: Descriptor) -> bool:
        try:
            return self.path_of(descriptor.digest).resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # links in a circle
            return False


def _repository(source: str) -> Repository | None:
    if source.startswith(LAYOUT_PREFIX):
        return None
    try:
        return parse_reference(source).repository
    except InvalidReferenceError:
        return None
