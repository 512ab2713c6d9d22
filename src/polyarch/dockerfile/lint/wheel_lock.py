"""For which platforms the packages of a Python lock file have wheels: uv.lock and poetry.lock.

Names of wheels: PyPA's binary distribution format; platform tags: PEP 600 (manylinux) and PEP 656
(musllinux). A requirements file has digests without names, so it tells nothing.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import World, name_in
from polyarch.dockerfile.lint.bases import Libc
from polyarch.oci.platform import Platform

_WHEEL = re.compile(
    r"(?P<name>[^-/]+)-[^-/]+(?:-\d[^-/]*)?-(?P<python>[^-/]+)-(?P<abi>[^-/]+)-(?P<tags>[^-/]+)\.whl"
)
_LINUX = re.compile(r"(?P<libc>manylinux|musllinux|linux)\w*?_(?P<machine>[a-z0-9]+(?:_64)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelGap:
    """A package with wheels for Linux, none of which fits; with `has_source` it is compiled."""

    package: str
    platform: Platform
    has_source: bool


def wheel_gaps(
    text: str, platforms: Iterable[Platform], libc: Libc, python: tuple[int, ...]
) -> tuple[WheelGap, ...] | None:
    """The gaps of a lock file; None where it is none that this knows.

    Without a C library or a version of Python that is known, any will do.
    """
    try:
        packages = tomllib.loads(text).get("package")
    except (ValueError, RecursionError):
        return None
    if not isinstance(packages, list):
        return None
    wanted = tuple(dict.fromkeys(platforms))
    return tuple(
        gap for one in packages if isinstance(one, dict) for gap in _gaps(one, wanted, libc, python)
    )


def _gaps(
    package: dict[str, object], platforms: tuple[Platform, ...], libc: Libc, python: tuple[int, ...]
) -> Iterator[WheelGap]:
    files = tuple(_files(package))
    wheels = [match for one in files if (match := _WHEEL.search(one))]
    usable = [one for one in wheels if _fits_python(one, python)]
    machines = {found for one in usable for found in _machines(one["tags"], libc)}
    is_native = any("linux" in one["tags"] for one in wheels)
    if not is_native or "any" in machines:
        return
    has_source = any(not one.endswith(".whl") for one in files)
    for platform in platforms:
        if name_in(platform, World.KERNEL) not in machines:
            name = package.get("name")
            yield WheelGap(
                package=name if isinstance(name, str) else "?",
                platform=platform,
                has_source=has_source,
            )


def _files(package: dict[str, object]) -> Iterator[str]:
    """The names of a package's files: `files` of Poetry, `wheels` and `sdist` of uv."""
    for key in ("files", "wheels", "sdist"):
        found = package.get(key)
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict):
                name = one.get("file") or one.get("filename") or one.get("url") or one.get("path")
                if isinstance(name, str):
                    yield name.partition("#")[0]


def _fits_python(wheel: re.Match[str], python: tuple[int, ...]) -> bool:
    """Whether an interpreter of this version takes the wheel; abi3 ones serve later ones, too."""
    if len(python) < len(("major", "minor")):
        return True
    major, minor = python[:2]
    for tag in wheel["python"].split("."):
        numbers = re.fullmatch(r"(cp|py|pp)(\d)(\d*)", tag)
        if numbers is None or int(numbers[2]) != major or numbers[1] == "pp":
            continue
        lowest = int(numbers[3]) if numbers[3] else 0
        exact = numbers[1] == "cp" and "abi3" not in wheel["abi"] and numbers[3] != ""
        if lowest == minor or (lowest < minor and not exact):
            return True
    return False


def _machines(tags: str, libc: Libc) -> Iterator[str]:
    wrong = {Libc.GLIBC: "musllinux", Libc.MUSL: "manylinux"}.get(libc, "")
    for tag in tags.split("."):
        if tag == "any":
            yield tag
        found = _LINUX.fullmatch(tag)
        if found and found["libc"] != wrong:
            yield found["machine"]
