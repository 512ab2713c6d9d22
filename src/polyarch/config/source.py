"""Where a resolved value comes from."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.config.keypath import KeyPath


class SourceKind(StrEnum):
    """The places that a value can stand in, weakest first."""

    DEFAULT = "default"
    PRESET = "preset"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command-line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place; `name` is that of the file, flag or preset, `line` counts from 1."""

    kind: SourceKind
    name: str = ""
    line: int | None = None
    path: KeyPath = ()
    environment: str = ""

    def __str__(self) -> str:
        if self.kind is SourceKind.DEFAULT:
            return "default"
        if self.kind is SourceKind.PRESET:
            return f"preset {self.name}"
        place = f"{self.name}:{self.line}" if self.line else self.name
        return f"{place} (environment {self.environment})" if self.environment else place


DEFAULT = Source(kind=SourceKind.DEFAULT)
