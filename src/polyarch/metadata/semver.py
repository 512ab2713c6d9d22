"""Semantic versions as node-semver reads them.

By hand, because the `semver` package takes digits of other scripts, any length and any size, and
the reference neither.
"""

import re
from dataclasses import dataclass
from typing import Self

from polyarch.metadata.javascript import trim

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][a-zA-Z0-9-]*)"
_SEMVER = re.compile(
    rf"v?(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<pre>{_PRE}(?:\.{_PRE})*))?"
    r"(?:\+(?P<build>[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*))?"
)
_LONGEST = 256
_LARGEST = 2**53 - 1
"""node-semver's limits; the second is the largest number that JavaScript counts exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVersion:
    """`major.minor.patch`, a pre-release and a build; `raw` is the text it was read from."""

    raw: str
    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...]
    build: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a whole version, with or without a `v`; None when it is none."""
        match = _SEMVER.fullmatch(trim(text))
        if match is None or len(text) > _LONGEST:
            return None
        major, minor, patch = (int(match[name]) for name in ("major", "minor", "patch"))
        if max(major, minor, patch) > _LARGEST:
            return None
        return cls(
            raw=text,
            major=major,
            minor=minor,
            patch=patch,
            prerelease=tuple(match["pre"].split(".")) if match["pre"] else (),
            build=tuple(match["build"].split(".")) if match["build"] else (),
        )

    def __str__(self) -> str:
        release = f"{self.major}.{self.minor}.{self.patch}"
        return f"{release}-{'.'.join(self.prerelease)}" if self.prerelease else release
