"""What images are built from, as values: Dockerfiles, and other images by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.dockerfile.graph import StageGraph
from polyarch.dockerfile.used import UsedFiles
from polyarch.engines.catalog import Material
from polyarch.oci.platform import Platform

SCRATCH = "scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Another image of the project, the name that this one takes it by, and for which platforms."""

    name: str
    image: str
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An image of nobody in the project: `name` as it stands in the Dockerfile or as a context.

    `reference` is what it means, `platform` the one that is taken of it.
    """

    name: str
    reference: str
    platform: Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one platform of one image is built from.

    `dockerfile` is the digest of its text. `graph` is None for the direct engine. `externals` are
    references outside the Dockerfile, as expanded; `outside` those of them that are not of the
    project, each for the platforms that are taken of it. `used` is what is read of the context,
    None where that may be all. `syntax` is the frontend that the Dockerfile names, if it does.
    """

    material: Material
    dockerfile: str
    graph: StageGraph | None
    edges: tuple[Edge, ...]
    externals: tuple[str, ...]
    outside: tuple[Outside, ...] = ()
    used: UsedFiles | None = None
    syntax: str = ""

    @property
    def has_run(self) -> bool:
        """Whether it is built by programs of a Dockerfile's RUN."""
        return bool(self.graph and self.graph.has_run)

    @property
    def ages(self) -> bool:
        """Whether the same inputs may give another image every day: by programs, and what they add.

        What ADD brings from elsewhere is no input that a key sees.
        """
        return self.has_run or bool(self.graph and self.graph.fetches)


Sources = Mapping[tuple[str, Platform], Source]
"""By image and platform."""


def edges_of(sources: Sources) -> dict[str, tuple[str, ...]]:
    """For each image the project's images that it stands on, on any platform."""
    found: dict[str, dict[str, None]] = {}
    for (name, _), source in sources.items():
        found.setdefault(name, {}).update((edge.image, None) for edge in source.edges)
    return {name: tuple(images) for name, images in found.items()}
