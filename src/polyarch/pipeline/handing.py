"""What images of the project hand on to those that stand on them: reason to build these again.

Another digest alone is none: every commit gives a base other labels and leaves its layers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.config.project import ImageSettings, Project
from polyarch.oci.config import ImageConfig
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_digests import Names
from polyarch.pipeline.base_names import names_of
from polyarch.pipeline.claims import essence_of
from polyarch.pipeline.graph import IMAGE_PREFIX
from polyarch.pipeline.keys import EXPRESSION, taken_platforms
from polyarch.pipeline.material import Edge, Sources
from polyarch.pipeline.wording import Wording

Configs = Mapping[tuple[Names, Platform], ImageConfig]
"""Of the project's images: by `own_name` those of the plan, others as they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """What images of the project hand on to others that stand on them."""

    project: Project
    wording: Wording
    sources: Sources
    scope: Mapping[str, Sequence[Platform]]

    def essences(self, image: str, platform: Platform, below: Configs) -> dict[str, str] | None:
        """Of all that an image stands on; None where one is built now, or not known."""
        settings, found = self.project.images[image], dict[str, str]()
        for edge in self.sources[image, platform].edges:
            scope = self.scope.get(edge.image, ())
            names = own_name(edge.image)
            if not scope:
                build = settings.for_platform(platform)
                names = names_of(edge, build, self.project, self.wording)
            for taken in taken_platforms(edge, scope) if scope else edge.platforms:
                config = below.get((names, taken))
                if config is None:
                    return None
                hidden = self._hidden(settings, platform, edge)
                found[essence_name(edge.image, taken)] = essence_of(config, hidden=hidden)
        return found

    def _hidden(self, settings: ImageSettings, platform: Platform, edge: Edge) -> frozenset[str]:
        """Labels that do not count: the image's own, and those of the base that tell of a commit.

        A base that is taken again gets these anew, which is no reason to build what stands on it.
        """
        base = self.project.images[edge.image]
        own = self.wording.names(settings).per_platform[platform]
        return frozenset(own) | {
            name
            for build in (base, *base.per_platform.values())
            for name, text in build.labels.items()
            if EXPRESSION in text
        }


def own_name(image: str) -> Names:
    """What an image of the plan is called among those that others stand on."""
    return (f"{IMAGE_PREFIX}{image}",)


def essence_name(image: str, platform: Platform) -> str:
    """Under which name a base of the project stands among those of an image; no reference is so."""
    return f"{IMAGE_PREFIX}{image}/{platform}"


def is_of_project(name: str) -> bool:
    """Whether `essence_name` gave a name: behind a tag's colon no reference has a slash."""
    return name.startswith(IMAGE_PREFIX) and "/" in name
