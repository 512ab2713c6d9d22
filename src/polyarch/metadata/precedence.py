"""Which of two versions is the newer one."""

import re

from polyarch.metadata.semver import SemanticVersion

_LONGEST = 256
"""Characters; versions come from registries, and PEP 440's expression is not linear."""

_FRONT = re.compile(r"[^0-9]*")


def compare_versions(one: str, other: str) -> int | None:
    """Below zero when `one` is older, above when it is newer, zero for the same; None: unknown.

    Semantic versions by their own precedence (semver.org 2.0.0, item 11), what else is a version by
    PEP 440. A `v` in front does not count, nor does any text in front that both share.
    """
    if max(len(one), len(other)) > _LONGEST:
        return None
    one, other = _bare(one, other), _bare(other, one)
    semantic, other_semantic = SemanticVersion.parse(one), SemanticVersion.parse(other)
    if semantic and other_semantic:
        return _sign(_key(semantic) < _key(other_semantic), _key(semantic) > _key(other_semantic))
    from packaging.version import InvalidVersion, Version

    try:
        python, other_python = Version(one), Version(other)
    except InvalidVersion:
        return None
    return _sign(python < other_python, python > other_python)


def _bare(text: str, other: str) -> str:
    found = _FRONT.match(text)
    front = found[0] if found else ""
    return text.removeprefix(front) if front in {"v", "V"} or other.startswith(front) else text


def _sign(less: bool, more: bool) -> int:  # noqa: FBT001 - both are what it is about
    return more - less


def _key(version: SemanticVersion) -> tuple[object, ...]:
    """A release is newer than its pre-releases, numbers are older than words."""
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.prerelease
    )
    return (version.major, version.minor, version.patch, not version.prerelease, parts)
