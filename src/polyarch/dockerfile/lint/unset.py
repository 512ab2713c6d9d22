"""Stages of a file whose FROM stands on build arguments that nobody gave.

`FROM --platform=linux/${ARCH}` with a bare `ARG ARCH` cannot be built without `--build-arg`, and a
project's own script gives it one. Rules have something to say of such a file too, so what is not
set gets a stand-in: the asked platform's own words in `--platform`, a name that nobody has in the
rest.
"""

import re
from collections.abc import Iterator

from polyarch.dockerfile.graph import StageGraph
from polyarch.dockerfile.lint.given import NOTHING_GIVEN, Given
from polyarch.dockerfile.lint.names import AUTOMATIC, variables
from polyarch.dockerfile.outline import Outline, outline
from polyarch.dockerfile.stages import resolve
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import DockerfileSyntaxError
from polyarch.oci.platform import Platform

STAND_IN = "unset"
"""What an argument that nobody set is worth in the name of a base."""

_NAMES_OS = re.compile(r"os$|system$", re.IGNORECASE)


def graph_of(
    file: Dockerfile,
    *,
    target: str | None,
    platform: Platform,
    build_platform: Platform,
    given: Given = NOTHING_GIVEN,
) -> StageGraph:
    """The stages for one platform, with stand-ins where the file cannot be resolved without.

    Raises:
        DockerfileSyntaxError: what BuildKit refuses whatever arguments it is given.
        StageNotFoundError: no stage is called `target`.
    """
    try:
        return resolve(
            file,
            target=target,
            platform=platform,
            build_platform=build_platform,
            build_args=given.build_args,
            contexts=given.contexts,
        )
    except DockerfileSyntaxError:
        stand_ins = dict(_stand_ins(file, platform)) | dict(given.build_args)
        if stand_ins == dict(given.build_args):
            raise
        return resolve(
            file,
            target=target,
            platform=platform,
            build_platform=build_platform,
            build_args=stand_ins,
            contexts=given.contexts,
        )


def unset_arguments(plan: Outline) -> frozenset[str]:
    """The global arguments that are nothing without the caller of the build."""
    defaults = {one.name: one.value for _, one in plan.arguments}
    return frozenset(
        name
        for name, value in defaults.items()
        if not (value or "").strip("\"'") and not (value is None and name in AUTOMATIC)
    )


def _stand_ins(file: Dockerfile, platform: Platform) -> Iterator[tuple[str, str]]:
    plan = outline(file)
    waiting = unset_arguments(plan)
    for stage in plan.stages:
        yield from ((name, STAND_IN) for name in variables(stage.base) if name in waiting)
    for stage in plan.stages:
        text = stage.platform or ""
        for name in variables(text):
            if name in waiting:
                yield name, _part(text, name, platform)


def _part(text: str, name: str, platform: Platform) -> str:
    """The part of a platform's name that a variable stands for in `--platform=`."""
    if "/" not in text:
        return str(platform)
    if _NAMES_OS.search(name) or re.match(rf"\$\{{?{name}\b[^/]*/", text):
        return platform.os
    if text.count("/") > 1:
        is_last = re.search(rf"\$\{{?{name}\b[^/]*$", text)
        return (platform.variant or "v8") if is_last else platform.architecture
    return str(platform).partition("/")[2]
