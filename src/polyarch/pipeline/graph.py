"""The images of one project that stand on each other: edges, order, circles. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from polyarch.dockerfile.graph import StageGraph
from polyarch.errors import ImageCycleError, InvalidReferenceError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository, parse_reference

IMAGE_PREFIX = "image:"
"""`contexts = { base = "image:server" }` names another image of the project."""

IMAGE_SCHEME = "docker-image://"
"""In front of a reference in the same place."""


def image_of(reference: str, repositories: Mapping[Repository, str]) -> str | None:
    """The project's image that a reference in a Dockerfile names by one of its repositories."""
    try:
        return repositories.get(parse_reference(reference).repository)
    except InvalidReferenceError:
        return None


def ordered(images: Sequence[str], bases: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """All images, each after those it stands on; otherwise in the order given.

    Raises:
        ImageCycleError: they stand on each other in a circle.
    """
    sorter = TopologicalSorter({name: tuple(bases.get(name, ())) for name in images})
    try:
        sorter.prepare()
    except CycleError as error:
        # graphlib names the circle in the direction of its edges: what stands on what, reversed.
        raise ImageCycleError(tuple(reversed(error.args[1]))) from error
    done: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready.extend(sorter.get_ready())
        first = min(ready, key=images.index)
        ready.remove(first)
        done.append(first)
        sorter.done(first)
    return tuple(done)


def with_bases(selected: Iterable[str], bases: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The selected images and, transitively, all that they stand on."""
    found: set[str] = set()
    open_names = list(selected)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names.extend(bases.get(name, ()))
    return frozenset(found)


def standing_on(changed: Iterable[str], bases: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The changed images and, transitively, all that stand on them."""
    found = set(changed)
    while more := {n for n, below in bases.items() if n not in found and found & set(below)}:
        found |= more
    return frozenset(found)


def last_base(graph: StageGraph) -> tuple[str, Platform]:
    """What the first FROM below the last stage names, and the platform that is taken of it."""
    stage = graph.final
    while stage.base.stage is not None:
        stage = graph.stage(stage.base.stage)
    return stage.base.text, stage.platform
