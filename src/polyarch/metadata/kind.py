"""How a tag may move once it stands: the reason for which a rule gives it says so."""

import re
from enum import StrEnum

_MUSTACHE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_WHOLE = re.compile(r"\b(?:version|raw|patch)\b")


class TagKind(StrEnum):
    """What a tag is for those who pull it."""

    FIXED = "fixed"
    """One version or one commit, for good: `1.2.3`, `sha-abcdef0`."""
    VERSIONS = "versions"
    """The newest of several versions: `latest`, `1`, `1.2`."""
    COMMITS = "commits"
    """The newest commit: a branch, `edge`, `nightly`, `pr-7`."""


def kind_of_pattern(pattern: str) -> TagKind:
    """The kind of what `type=semver` or `type=pep440` makes of a final release.

    `{{version}}` and `{{raw}}` are the whole of it, and nothing is finer than `{{patch}}`.
    """
    whole = any(_WHOLE.search(found[0]) for found in _MUSTACHE.finditer(pattern))
    return TagKind.FIXED if whole else TagKind.VERSIONS
