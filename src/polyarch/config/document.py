"""polyarch.toml as it lies on the disk: found, read, and parsed as TOML."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from polyarch.config.keypath import KeyPath
from polyarch.config.lines import line_index
from polyarch.errors import ConfigNotFoundError, ConfigUnreadableError, InvalidConfigError

FILE_NAME = "polyarch.toml"
MAX_SIZE = 1 << 20
"""Bytes; far more than any project writes, and little enough for a parser to stay quick."""

_POSITION = re.compile(
    r"(.*) \((?:at )?(line (?P<line>\d+), column (?P<column>\d+)|.*)\)", re.DOTALL
)
_SYNTAX_HINT = "mend the TOML: text stands in quotes, each key on a line of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's content; `lines` tells the line of each key path."""

    file: Path
    data: Mapping[str, object]
    lines: Mapping[KeyPath, int]

    @classmethod
    def parse(cls, text: str, file: Path) -> Self:
        """Read TOML.

        Raises:
            InvalidConfigError: it is none; the problem names line and column.
        """
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            problem = _syntax_problem(str(error), text)
            raise InvalidConfigError(str(file), (problem,), hint=_SYNTAX_HINT) from error
        except RecursionError as error:
            problem = "tables or lists are nested too deep"
            raise InvalidConfigError(str(file), (problem,), hint=_SYNTAX_HINT) from error
        except ValueError as error:  # a number of thousands of digits
            problem = f"a value cannot be read: {error}"
            raise InvalidConfigError(str(file), (problem,), hint=_SYNTAX_HINT) from error
        return cls(file=file, data=data, lines=line_index(text))

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a file.

        Raises:
            ConfigUnreadableError: it is not there, not to be read, or much too large.
            InvalidConfigError: it is not TOML in UTF-8.
        """
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_SIZE + 1)
        except OSError as error:
            raise ConfigUnreadableError(str(file), error.strerror or str(error)) from error
        if len(content) > MAX_SIZE:
            raise ConfigUnreadableError(str(file), f"it is larger than {MAX_SIZE} bytes")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problem = f"line {line}: this is not text in UTF-8"
            raise InvalidConfigError(str(file), (problem,), hint=_SYNTAX_HINT) from error
        return cls.parse(text, file)


def find_config(start: Path) -> Path:
    """The polyarch.toml of `start`, a folder, or of the nearest folder above it.

    Raises:
        ConfigNotFoundError: there is none.
    """
    folder = start.absolute()
    for place in (folder, *folder.parents):
        candidate = place / FILE_NAME
        if candidate.is_file():
            return candidate
    raise ConfigNotFoundError(str(folder))


def _syntax_problem(message: str, text: str) -> str:
    """The words of tomllib with the position in front."""
    found = _POSITION.fullmatch(message)
    if found is None:
        return message
    words = found[1][:1].lower() + found[1][1:]
    if found["line"]:
        return f"line {found['line']}, column {found['column']}: {words}"
    return f"line {text.rstrip().count(chr(10)) + 1}: {words} at the end of the file"
