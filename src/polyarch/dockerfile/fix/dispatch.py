"""A choice by platform as a shell has it: `case "$TARGETARCH$TARGETVARIANT" in …`.

BuildKit's variant is empty but for Arm; on amd64 and arm64 it may be `v2` or `v9`, which changes no
name, so those arms have a star.
"""

from collections.abc import Mapping, Sequence

from polyarch.oci.platform import Platform

SUBJECT = '"$TARGETARCH$TARGETVARIANT"'
ARGUMENTS = ("TARGETARCH", "TARGETVARIANT")
_STARRED = frozenset({"amd64", "arm64"})


def arm_of(platform: Platform) -> str:
    """The pattern that a platform is told by."""
    star = "*" if platform.architecture in _STARRED else platform.variant
    return f"{platform.architecture}{star}"


def substitution(names: Mapping[Platform, str], *, otherwise: str = "") -> str:
    """A text to stand in `$( )` that prints a platform's name; `otherwise` for all others.

    Its patterns have both parentheses: old shells end `$(` at a lone one. Without `otherwise`
    other platforms stop the build.
    """
    arms = [f"({pattern}) echo {name};;" for pattern, name in _grouped(names)]
    last = f"echo {otherwise}" if otherwise else "exit 1"
    return f"case {SUBJECT} in {' '.join(arms)} (*) {last};; esac"


def statement(values: Mapping[Platform, str], *, indent: str, newline: str, complaint: str) -> str:
    """A whole `case` over several lines, each arm with what it does; the rest stops the build."""
    more = f" \\{newline}{indent}"
    arms = [f"  {pattern}) {value};;" for pattern, value in _grouped(values)]
    last = f'  *) echo "{complaint} $TARGETARCH$TARGETVARIANT" >&2; exit 1;;'
    return more.join([f"case {SUBJECT} in", *arms, last, "esac"])


def _grouped(values: Mapping[Platform, str]) -> Sequence[tuple[str, str]]:
    """Patterns with one value share an arm, in the order of the platforms."""
    found: dict[str, list[str]] = {}
    for platform, value in values.items():
        found.setdefault(value, []).append(arm_of(platform))
    return [("|".join(patterns), value) for value, patterns in found.items()]
