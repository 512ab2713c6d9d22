"""Versions of Python packages as the reference (@renovatebot/pep440) reads and normalises them.

By hand, because the reference differs from `packaging` in what a tag shows: parts of a local
version are joined by commas (hence by dashes, once sanitised) and numbers are JavaScript's.
Source of the grammar: PEP 440, appendix B.
"""

import math
import re
from dataclasses import dataclass
from typing import Self

from polyarch.metadata.javascript import number, number_text

_PEP440 = re.compile(
    r"""
    v?
    (?: (?P<epoch> [0-9]+ ) ! )?
    (?P<release> [0-9]+ (?: \. [0-9]+ )* )
    (?: [-_.]? (?P<pre> alpha | a | beta | b | preview | pre | rc | c )
        [-_.]? (?P<pre_n> [0-9]+ )? )?
    (?: - (?P<bare> [0-9]+ ) | [-_.]? (?P<post> post | rev | r ) [-_.]? (?P<post_n> [0-9]+ )? )?
    (?: [-_.]? (?P<dev> dev ) [-_.]? (?P<dev_n> [0-9]+ )? )?
    (?: \+ (?P<local> [a-z0-9]+ (?: [-_.] [a-z0-9]+ )* ) )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SPELLINGS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonVersion:
    """`raw` is the text, `normal` the normalised form, `release` its numbers as text.

    `final`: it is neither a pre-release nor a post-release nor a development release.
    """

    raw: str
    normal: str
    release: tuple[str, ...]
    final: bool

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a whole version; None when it is none."""
        match = _PEP440.fullmatch(text)
        if match is None:
            return None
        release = tuple(_number(part) for part in match["release"].split("."))
        suffix = _suffix(match)
        epoch = _number(match["epoch"] or "0")
        normal = ("" if epoch == "0" else f"{epoch}!") + ".".join(release) + suffix
        local = match["local"]
        return cls(
            raw=text,
            normal=f"{normal}+{_local(local)}" if local else normal,
            release=release,
            final=not suffix,
        )

    def number(self, place: int) -> str:
        """The release number at `place`, 0 where it has none."""
        return self.release[place] if place < len(self.release) else "0"


def _suffix(match: re.Match[str]) -> str:
    parts = []
    if match["pre"]:
        letter = match["pre"].lower()
        parts.append(_SPELLINGS.get(letter, letter) + _number(match["pre_n"] or "0"))
    if match["bare"] or match["post"]:
        parts.append(".post" + _number(match["bare"] or match["post_n"] or "0"))
    if match["dev"]:
        parts.append(".dev" + _number(match["dev_n"] or "0"))
    return "".join(parts)


def _local(text: str) -> str:
    parts = re.split(r"[-_.]", text)
    return ",".join(part.lower() if math.isnan(number(part)) else _number(part) for part in parts)


def _number(text: str) -> str:
    return number_text(number(text))
