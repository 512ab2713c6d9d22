"""Which images and platforms a command means: names, groups and globs, the same in every verb."""

import fnmatch
from collections.abc import Mapping, Sequence

from polyarch.errors import InvalidPlatformError, NothingSelectedError
from polyarch.oci.platform import Platform

GROUP_MARK = "@"


def select_images(
    selectors: Sequence[str], images: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """The images meant by `NAME`, `@GROUP` and globs, in the project's order; none means all.

    Raises:
        NothingSelectedError: a selector that matches nothing, or a project without images.
    """
    if not images:
        raise NothingSelectedError("*", images)
    if not selectors:
        return tuple(images)
    chosen: set[str] = set()
    for selector in selectors:
        chosen.update(_matching(selector, images, groups))
    return tuple(name for name in images if name in chosen)


def _matching(
    selector: str, images: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    if selector.startswith(GROUP_MARK):
        group = groups.get(selector.removeprefix(GROUP_MARK))
        if not group:
            known = [GROUP_MARK + name for name in groups]
            raise NothingSelectedError(selector, known, kind="group")
        return group
    found = [name for name in images if name == selector or fnmatch.fnmatchcase(name, selector)]
    if not found:
        raise NothingSelectedError(selector, images)
    return found


def parse_platforms(texts: Sequence[str]) -> tuple[Platform, ...]:
    """The platforms that a person wrote.

    Raises:
        InvalidPlatformError: one of them is none.
    """
    try:
        return tuple(Platform.parse(text) for text in texts)
    except InvalidPlatformError as error:
        raise error.at("the command line") from None


def select_platforms(
    wanted: Sequence[Platform], images: Mapping[str, Sequence[Platform]]
) -> dict[str, tuple[Platform, ...]]:
    """For each image those of its platforms that are wanted, in its order; none wanted means all.

    Images that have none of them are left out.

    Raises:
        NothingSelectedError: a platform that none of the images has.
    """
    if not wanted:
        return {name: tuple(platforms) for name, platforms in images.items()}
    known = dict.fromkeys(platform for platforms in images.values() for platform in platforms)
    for platform in wanted:
        if platform not in known:
            raise NothingSelectedError(str(platform), [str(p) for p in known], kind="platform")
    chosen = {
        name: tuple(platform for platform in platforms if platform in wanted)
        for name, platforms in images.items()
    }
    return {name: platforms for name, platforms in chosen.items() if platforms}
