"""Versions as programs say them."""

import re
from collections.abc import Mapping

from polyarch.errors import PolyarchError
from polyarch.host.process import run

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def said_version(program: str, environment: Mapping[str, str], option: str = "--version") -> str:
    """The first version in what a program says of itself, empty where it says none."""
    try:
        said = run([program, option], environment=environment, check=False, timeout_s=20)
    except PolyarchError:
        return ""
    found = _VERSION.search(said.stdout + said.stderr)
    return found[0] if found else ""


def number(version: str) -> tuple[int, ...]:
    """A version to be compared; empty, the oldest, for none."""
    return tuple(int(part) for part in version.split(".")) if version else ()
