"""Versions of engines, as far as comparing needs them."""

import re
from typing import Self

_NUMBERS = re.compile(r"(?<![\w.])v?(\d+)\.(\d+)(?:\.(\d+))?")


class Version(tuple[int, ...]):
    """Numbers of a version, most significant first; suffixes such as `+ds1` do not count."""

    __slots__ = ()

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The first version in what a program says of itself, or None where there is none."""
        found = _NUMBERS.search(text)
        return cls(int(number or 0) for number in found.groups()) if found else None

    def __str__(self) -> str:
        return ".".join(map(str, self))
