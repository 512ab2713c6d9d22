"""Variables by name: those that BuildKit sets itself, and those that a text expands.

Source: BuildKit, frontend/dockerfile/dockerfile2llb/platform.go (`defaultArgs`).
"""

import re
from collections.abc import Mapping

AUTOMATIC = frozenset(
    f"{side}{what}"
    for side in ("BUILD", "TARGET")
    for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)
"""What BuildKit sets for each platform, without TARGETSTAGE, which says nothing of one."""

DECISIVE = frozenset(
    f"{side}{what}" for side in ("BUILD", "TARGET") for what in ("PLATFORM", "ARCH", "VARIANT")
)
"""Those of them that tell one platform of an image from another: all is Linux."""

_VARIABLE = re.compile(r"\$(?:\{[#!]?([A-Za-z_][A-Za-z0-9_]*)|([A-Za-z_][A-Za-z0-9_]*))")


def variables(text: str) -> tuple[str, ...]:
    """The variables that a text expands, as written, each once, in order."""
    found = (braced or bare for braced, bare in _VARIABLE.findall(text))
    return tuple(dict.fromkeys(found))


def through_defaults(text: str, defaults: Mapping[str, str]) -> frozenset[str]:
    """The variables that a text stands on, those within the defaults of its variables included."""
    found: set[str] = set()
    waiting = [text]
    while waiting:
        for name in variables(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(defaults.get(name, ""))
    return frozenset(found)
