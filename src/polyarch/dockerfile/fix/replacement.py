"""A choice by platform where no script runs: arguments of which each replaces one name.

Source: Dockerfile 1.7.0, variable expansion with `${variable/pattern/replacement}`; the pattern is
that of a shell, and the first place that it fits is replaced.
"""

import re
from collections.abc import Mapping

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.fix.dispatch import arm_of
from polyarch.errors import FixRefusedError
from polyarch.oci.platform import Platform

OLD_FRONTEND = re.compile(r".*:(?:v?1\.[0-6])(?:[.@-].*)?")
"""Frontends that do not know the form, as `# syntax=` names them."""


def arguments(names: Mapping[Platform, str], variable: str) -> tuple[str, ...]:
    """ARG instructions after which the variable holds the platform's name.

    A platform that has none keeps what Docker calls it, of which there is no file then.

    Raises:
        FixRefusedError: one name would be replaced by another one's turn.
    """
    pairs = [(arm_of(platform), name) for platform, name in names.items()]
    turns = [f"${{{variable}/{arm}/{name}}}" for arm, name in pairs if arm != name]
    for platform, name in names.items():
        value = f"{platform.architecture}{platform.variant}"
        for turn in turns:
            value = expand(turn, {variable: value}.get).text
        if value != name:
            raise FixRefusedError(f"no order of replacements gives {platform} the name `{name}`")
    first = f"ARG {variable}=${{TARGETARCH}}${{TARGETVARIANT}}"
    return (first, *(f"ARG {variable}={turn}" for turn in turns))
