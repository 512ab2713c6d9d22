"""Which tags of a repository are newer versions of one, written in the same way."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

MOST = 4
"""Tags that are worth a look: more say nothing new."""

_TAG = re.compile(
    r"(?P<prefix>(?:[A-Za-z_]{1,20}-?)?)(?P<numbers>[0-9]{1,15}(?:\.[0-9]{1,15}){0,5})"
    r"(?P<suffix>(?:[-_.+][A-Za-z][A-Za-z0-9_.+-]*)?)"
)
_NO_VERSIONS = frozenset({"sha-", "git-", "commit-", "pr-", "mr-", "build-", "run-"})
"""What stands before numbers that do not grow with what is in an image."""
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTag:
    """A tag with a version in it: `v1.2.3`, `17-alpine3.20`.

    `form` is what it has in common with newer ones; `order` compares those of one form.
    """

    tag: str
    form: tuple[str, int, str]
    order: tuple[tuple[int, ...], tuple[int, ...]]

    @classmethod
    def parse(cls, tag: str) -> Self | None:
        """Read a tag; None where it has no version at its beginning."""
        found = _TAG.fullmatch(tag)
        if found is None or found["prefix"].lower() in _NO_VERSIONS:
            return None
        numbers = tuple(int(each) for each in found["numbers"].split("."))
        suffix = found["suffix"]
        return cls(
            tag=tag,
            form=(found["prefix"], len(numbers), _NUMBER.sub("0", suffix)),
            order=(numbers, tuple(int(each) for each in _NUMBER.findall(suffix))),
        )

    @property
    def major(self) -> int:
        """The first number."""
        return self.order[0][0]


def newer_tags(tag: str, tags: Iterable[str], most: int = MOST) -> tuple[str, ...]:
    """Newer versions of the same form: the newest of the same major version, then the newest.

    None for tags without a version: nothing is newer than `latest`.
    """
    own = VersionTag.parse(tag)
    if own is None:
        return ()
    parsed = (VersionTag.parse(each) for each in tags)
    found = [each for each in parsed if each and each.form == own.form and each.order > own.order]
    found.sort(key=lambda each: each.order, reverse=True)
    near = [each for each in found if each.major == own.major]
    best = dict.fromkeys([*near[:1], *found[:1], *near[1:2], *found[1:]])
    return tuple(each.tag for each in best)[:most]
