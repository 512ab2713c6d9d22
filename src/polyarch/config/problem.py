"""A problem of the file: where, and what in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.config.keypath import KeyPath, show_path
from polyarch.config.lines import line_of
from polyarch.errors import shorten

_LONGEST = 500
"""Characters of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong at one place; `message` does not repeat the place."""

    path: KeyPath
    message: str

    def told(self, lines: Mapping[KeyPath, int]) -> str:
        """`images.server.platforms[1] (line 7): …`, always one printable line."""
        place = place_of(self.path, lines)
        message = shorten(self.message, _LONGEST)
        return f"{place}: {message}" if place else message


def place_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> str:
    """The key path with its line, empty for the file as a whole."""
    line = line_of(lines, path)
    return f"{show_path(path)} (line {line})" if line else show_path(path)


def in_file_order(problems: list[Problem], lines: Mapping[KeyPath, int]) -> tuple[Problem, ...]:
    """Each problem once, by line; those of the whole file come first."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: line_of(lines, one.path) or 0))
